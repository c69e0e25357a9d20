import { expect, test } from "bun:test";
import { cellWidth, wrapMarked, wrapWords } from "../../src/cli/word-wrap.ts";

const on = (columns: number, isTerminal = true) => ({ isTerminal, columns: () => columns });

test("breaks a line that is wider than the terminal between words", () => {
  const line = "chat: the server's identity has changed; ask its owner\n";
  expect(wrapWords(on(24), line)).toBe(
    "chat: the server's\n  identity has changed;\n  ask its owner\n",
  );
  expect(wrapWords(on(80), line)).toBe(line);
});

test("puts a word that is wider than the terminal on its own rows, unbroken for copying", () => {
  const address = `chat://192.0.2.7:2428/lobby#${"x".repeat(60)}`;
  const shown = wrapWords(on(40), `send this line: ${address} to bob`).split("\n");
  expect(shown).toEqual(["send this line:", `  ${address}`, "  to bob"]);
});

function beyond(row: string, columns: number): string {
  if (cellWidth(row) <= columns) return "";
  const word = /[\x21-\x7e]*$/.exec(row)?.[0] ?? "";
  expect(cellWidth(row.slice(0, row.length - word.length))).toBeLessThan(columns);
  return word;
}

const FORGED = "16:31 lobby ana: I quit";

test.each([
  ["blanks", " ".repeat(200)],
  ["one long word", "w".repeat(400)],
  ["a word that ends at the margin, and blanks", `${"w".repeat(41)} `],
  ["wide signs", "漢".repeat(100)],
  ["families, which some terminals show as four", "👨‍👩‍👧‍👦".repeat(30)],
  ["hearts that are wide only by their selector", "❤\ufe0f".repeat(60)],
])("a text padded by %s begins no row of the screen", (_what, padding) => {
  for (let cut = 0; cut < 12; cut++) {
    const line = `16:30 lobby eve: ${padding.slice(cut)}${FORGED}`;
    const rows = wrapMarked(line, 80, "  | ").split("\n");
    expect(rows.slice(1).every((row) => row.startsWith("  | "))).toBe(true);
    for (const row of rows) expect(beyond(row, 80)).not.toMatch(/[^\x21-\x7e]/);
    const shown = rows.join("").replaceAll("  | ", "").replaceAll(" ", "");
    expect(shown).toBe(line.replaceAll(" ", ""));
  }
});
