/** Exports log lines as JSON Lines or CSV. */

import { formatUtc } from "../../../base/time.ts";

interface ExportedLine {
  readonly unixMs: number;
  readonly label: string;
  readonly text: string;
}

/** Spreadsheets interpret text with one of these prefixes as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Escapes a cell, so that user texts cannot end the cell or start a formula. */
function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

export function exportLines(format: "jsonl" | "csv", lines: readonly ExportedLine[]): string {
  const rows = lines.map(({ unixMs, label, text }) => ({
    time: formatUtc(unixMs),
    what: label,
    text,
  }));
  if (format === "jsonl") return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const table = rows.map(({ time, what, text }) => [time, what, text].map(cell).join(","));
  return ["time,what,text", ...table, ""].join("\r\n");
}
