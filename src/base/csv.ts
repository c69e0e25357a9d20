/** Tables as CSV (RFC 4180), also as spreadsheets of other languages write them. */

import { Fault } from "./fault.ts";
import { withoutMark } from "./text.ts";

/** Spreadsheets interpret text with one of these prefixes as a formula. */
const FORMULA = /^[=+\-@\t\r]/;
const CELLS_MAX = 1_000_000;

/** Without this mark at the start of a file, Excel takes UTF-8 for another encoding. */
export const CSV_MARK = "\uFEFF";

/** Escapes the cells, so that user texts cannot end a cell or start a formula. */
export function formatCsv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) =>
    `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

export interface CsvRow {
  /** Line of the file in which the row begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** First line of a file of Excel that names its separator. */
const SEPARATOR_LINE = /^"?sep=([;,|\t])"?[ \t]*(?:\r?\n|\r|$)/i;

/**
 * Parses cells separated by the first of `;`, tab and `,` in the first line, or by the separator of
 * a line such as `sep=;`. Empty lines are rows without cells.
 * @throws {Fault} text-invalid with the number of the line
 */
export function parseCsv(text: string): CsvRow[] {
  const source = withoutMark(text);
  const [named = "", separator = separatorIn(source)] = SEPARATOR_LINE.exec(source) ?? [];
  const pattern = new RegExp(
    `"((?:[^"]|"")*)"|([^"${separator}\\r\\n][^${separator}\\r\\n]*)`,
    "y",
  );
  let line = named === "" ? 1 : 2;
  let cells: string[] = [];
  const rows = [{ line, cells }];
  for (let [at, count] = [named.length, 0]; at < source.length; count++) {
    pattern.lastIndex = at;
    const [match = "", quoted, bare = ""] = pattern.exec(source) ?? [];
    const end = at + match.length;
    const mark = /\r?\n|\r|$/y;
    mark.lastIndex = end;
    const isSeparator = source[end] === separator;
    const [lineEnd] = isSeparator ? [""] : (mark.exec(source) ?? []);
    if (lineEnd === undefined || count >= CELLS_MAX) {
      throw new Fault("text-invalid", `line ${line} of the table is malformed`, {
        remedy: "save the table as CSV again",
      });
    }
    if (match !== "" || isSeparator || cells.length > 0)
      cells.push((quoted?.replaceAll('""', '"') ?? bare).trim().replace(/^'(?=[=+\-@])/, ""));
    at = end + (isSeparator ? 1 : lineEnd.length);
    if (quoted !== undefined) line += quoted.match(/\r?\n|\r/g)?.length ?? 0;
    if (isSeparator || lineEnd === "") continue;
    line++;
    cells = [];
    rows.push({ line, cells });
  }
  return rows;
}

function separatorIn(source: string): string {
  const [firstLine = ""] = source.split(/[\r\n]/, 1);
  return [";", "\t"].find((mark) => firstLine.includes(mark)) ?? ",";
}
