/** Output of command results, as JSON for scripts and as text for users. */

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

type OutputContext = Pick<Context, "json" | "stdout" | "stderr">;

/** Prints an object for scripts, or a text for users. @returns exit code 0 */
export function printResult(context: OutputContext, line: JsonObject, text: string): number {
  if (context.json) context.stdout.write(renderJson(line));
  else printNotice(context, text);
  return 0;
}

/** Prints an object if JSON output is enabled. */
export function printJson(
  { json, stdout }: Pick<OutputContext, "json" | "stdout">,
  line: JsonObject,
): void {
  if (json) stdout.write(renderJson(line));
}

export interface Listing<Entry> {
  /** Returns the JSON object of an entry. Fields that are `undefined` are omitted. */
  readonly json: (one: Entry) => JsonObject;
  /** Functions that return a cell of an entry, keyed by column heading. */
  readonly columns: Readonly<
    Record<string, (one: Entry, style: Style) => string | number | undefined>
  >;
}

/** Prints entries as a table on a terminal, and otherwise as NDJSON or TSV. @returns exit code 0 */
export function printList<One>(
  context: Context,
  entries: readonly One[],
  { json, columns }: Listing<One>,
): number {
  const style = styleOf(context);
  const cells = Object.values(columns);
  const rows = () => entries.map((entry) => cells.map((cell) => String(cell(entry, style) ?? "")));
  context.stdout.write(
    style.format === "json"
      ? entries.map((entry) => renderJson(json(entry))).join("")
      : renderTable(Object.keys(columns), rows(), style),
  );
  return 0;
}

/** Returns a size with a unit for users, or the number of bytes for scripts. */
export function sizeCell(
  bytes: number | undefined,
  { format }: Style,
): string | number | undefined {
  return bytes !== undefined && format === "text" ? formatSize(bytes) : bytes;
}

/** Returns local time for users, or UTC for scripts. */
export function timeCell(unixMs: number | undefined, style: Style): string | undefined {
  return unixMs === undefined ? undefined : formatTimestamp(unixMs, style);
}
