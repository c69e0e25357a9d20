/** Exports log lines as JSON Lines or CSV. */

import { formatCsv } from "../../../base/csv.ts";
import { formatUtc } from "../../../base/time.ts";

interface ExportedLine {
  readonly unixMs: number;
  readonly label: string;
  readonly text: string;
}

export function exportLines(format: "jsonl" | "csv", lines: readonly ExportedLine[]): string {
  const rows = lines.map(({ unixMs, label, text }) => ({
    time: formatUtc(unixMs),
    what: label,
    text,
  }));
  if (format === "jsonl") return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const cells = rows.map(({ time, what, text }) => [time, what, text]);
  return `time,what,text\r\n${formatCsv(cells)}`;
}
