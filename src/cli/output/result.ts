/** Command results, as JSON for scripts and as text for users. */

import { formatSize } from "../../base/sizes.ts";
import { type Context, printNotice } from "../context.ts";
import { cleanLines } from "../guarded-output.ts";
import {
  formatTimestamp,
  type JsonOutput,
  renderJson,
  renderTable,
  type Style,
  styleOf,
} from "./render.ts";

type OutputContext = Pick<Context, "json" | "stdout" | "stderr">;

export function printResult(context: OutputContext, line: JsonOutput, text: string): number {
  if (context.json) context.stdout.write(renderJson(line));
  else printNotice(context, text);
  return 0;
}

/** Prints data: an object for scripts, otherwise a text, which may be piped. */
export function printData(
  { json, stdout }: Pick<OutputContext, "json" | "stdout">,
  line: JsonOutput,
  text: string,
): number {
  stdout.write(json ? renderJson(line) : stdout.isTerminal ? cleanLines(text) : text);
  return 0;
}

export function printJson(
  { json, stdout }: Pick<OutputContext, "json" | "stdout">,
  line: JsonOutput,
): void {
  if (json) stdout.write(renderJson(line));
}

export interface Listing<Entry> {
  readonly json: (one: Entry) => JsonOutput;
  readonly columns: Readonly<
    Record<string, (one: Entry, style: Style) => string | number | undefined>
  >;
}

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

export function sizeCell(
  bytes: number | undefined,
  { format }: Style,
): string | number | undefined {
  return bytes !== undefined && format === "text" ? formatSize(bytes) : bytes;
}

export function timeCell(unixMs: number | undefined, style: Style): string | undefined {
  return unixMs === undefined ? undefined : formatTimestamp(unixMs, style);
}
