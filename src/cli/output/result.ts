/** Output of command results: JSON for programs, text for people. */

import { formatSize } from "../../base/sizes.ts";
import { type Context, printNotice } from "../context.ts";
import {
  formatTimestamp,
  type JsonObject,
  renderJson,
  renderTable,
  type Style,
  styleOf,
} from "./render.ts";

type Out = Pick<Context, "json" | "stdout" | "stderr">;

/** Prints an object for programs, or a sentence for people. @returns exit code 0 */
export function printResult(context: Out, line: JsonObject, sentence: string): number {
  if (context.json) context.stdout.write(renderJson(line));
  else printNotice(context, sentence);
  return 0;
}

/** Prints an object in JSON mode only. */
export function printJson({ json, stdout }: Pick<Out, "json" | "stdout">, line: JsonObject): void {
  if (json) stdout.write(renderJson(line));
}

export interface Listing<One> {
  /** Entry for programs. `undefined` fields are omitted. */
  readonly json: (one: One) => JsonObject;
  /** Cells by the heading of their column. */
  readonly columns: Readonly<
    Record<string, (one: One, style: Style) => string | number | undefined>
  >;
}

/** Prints entries as NDJSON, as columns, or as a table on a terminal. @returns exit code 0 */
export function printList<One>(
  context: Context,
  all: readonly One[],
  { json, columns }: Listing<One>,
): number {
  const style = styleOf(context);
  const cells = Object.values(columns);
  const rows = () => all.map((one) => cells.map((cell) => String(cell(one, style) ?? "")));
  context.stdout.write(
    style.format === "json"
      ? all.map((one) => renderJson(json(one))).join("")
      : renderTable(Object.keys(columns), rows(), style),
  );
  return 0;
}

/** Formatted for people, or plain for programs. */
export function sizeCell(
  bytes: number | undefined,
  { format }: Style,
): string | number | undefined {
  return bytes !== undefined && format === "text" ? formatSize(bytes) : bytes;
}

/** Local time for people, UTC for programs. */
export function timeCell(unixMs: number | undefined, style: Style): string | undefined {
  return unixMs === undefined ? undefined : formatTimestamp(unixMs, style);
}
