/** Tables as CSV (RFC 4180), also as spreadsheets of other languages write them. */

import { Fault } from "./fault.ts";

/** Spreadsheets interpret text with one of these prefixes as a formula. */
const FORMULA = /^[=+\-@\t\r]/;
const CELLS_MAX = 1_000_000;

/** Escapes the cells, so that user texts cannot end a cell or start a formula. */
export function formatCsv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) =>
    `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/**
 * Parses cells separated by the first of `;`, tab and `,` in the first line. Empty lines are rows
 * without cells.
 * @throws {Fault} text-invalid with the number of the line
 */
export function parseCsv(text: string): string[][] {
  const [firstLine = ""] = text.split(/[\r\n]/, 1);
  const separator = [";", "\t"].find((mark) => firstLine.includes(mark)) ?? ",";
  const pattern = new RegExp(
    `"((?:[^"]|"")*)"|([^"${separator}\\r\\n][^${separator}\\r\\n]*)`,
    "y",
  );
  const source = text.replace(/^\uFEFF/, "");
  const rows: string[][] = [[]];
  for (let [at, count] = [0, 0]; at < source.length; count++) {
    pattern.lastIndex = at;
    const [match = "", quoted, bare = ""] = pattern.exec(source) ?? [];
    const end = at + match.length;
    const mark = /\r?\n|\r|$/y;
    mark.lastIndex = end;
    const isSeparator = source[end] === separator;
    const [lineEnd] = isSeparator ? [""] : (mark.exec(source) ?? []);
    if (lineEnd === undefined || count >= CELLS_MAX) {
      throw new Fault("text-invalid", `line ${rows.length} of the table is malformed`, {
        remedy: "save the table as CSV again",
      });
    }
    const row = rows.at(-1) ?? [];
    if (match !== "" || isSeparator || row.length > 0)
      row.push((quoted?.replaceAll('""', '"') ?? bare).trim().replace(/^'(?=[=+\-@])/, ""));
    at = end + (isSeparator ? 1 : lineEnd.length);
    if (!isSeparator && lineEnd !== "") rows.push([]);
  }
  return rows;
}
