import { formatUtc } from "../../../base/time.ts";

/** A line as it is shown. */
interface Told {
  readonly unixMs: number;
  readonly what: string;
  readonly text: string;
}

/** What a table program would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Words of others are in it: no cell begins a formula, and none ends early. */
function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** Lines of the log as a file: one JSON object a line, or a table with a head. */
export function exported(format: "jsonl" | "csv", lines: readonly Told[]): string {
  const rows = lines.map(({ unixMs, what, text }) => ({ time: formatUtc(unixMs), what, text }));
  if (format === "jsonl") return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const table = rows.map(({ time, what, text }) => [time, what, text].map(cell).join(","));
  return ["time,what,text", ...table, ""].join("\r\n");
}
