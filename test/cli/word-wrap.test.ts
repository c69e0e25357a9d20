import { expect, test } from "bun:test";
import fc from "fast-check";
import { cells, wrapMarked, wrapWords } from "../../src/cli/word-wrap.ts";

const on = (columns: number, isTerminal = true) => ({ isTerminal, columns: () => columns });

test("a line that is wider than the terminal is broken between words", () => {
  const line = "chat: the server's identity has changed; ask its owner\n";
  expect(wrapWords(on(24), line)).toBe(
    "chat: the server's\n  identity has changed;\n  ask its owner\n",
  );
  expect(wrapWords(on(80), line)).toBe(line);
});

test("in a pipe, and on a terminal too narrow for words, it stays as it is", () => {
  const line = `${"word ".repeat(40)}\n`;
  expect(wrapWords(on(24, false), line)).toBe(line);
  expect(wrapWords(on(8), line)).toBe(line);
});

test("what continues a row of a table stands below its last column", () => {
  expect(wrapWords(on(30), "  serve   Run a server for people\n  join    Come in\n")).toBe(
    "  serve   Run a server for\n          people\n  join    Come in\n",
  );
  expect(wrapWords(on(30), "    indented words that go on and on")).toBe(
    "    indented words that go on\n    and on",
  );
});

test("a word that is wider than the terminal stays whole, to be copied, on rows of its own", () => {
  const address = `chat://192.0.2.7:2428/lobby#${"x".repeat(60)}`;
  const shown = wrapWords(on(40), `send this line: ${address} to bob`).split("\n");
  expect(shown).toEqual(["send this line:", `  ${address}`, "  to bob"]);
});

test("wide signs and colours are counted as they are seen", () => {
  expect(wrapWords(on(20), "\u001b[2m漢字漢字漢字 漢字漢字漢字\u001b[0m").split("\n")).toHaveLength(
    2,
  );
  expect(wrapWords(on(20), "\u001b[2mtwenty cells, no more\u001b[0m".slice(0, -5))).toContain("no");
});

/** What the terminal itself has to break: an address at most, which has no blanks to lie with. */
function beyond(row: string, columns: number): string {
  if (cells(row) <= columns) return "";
  const word = /[\x21-\x7e]*$/.exec(row)?.[0] ?? "";
  expect(cells(row.slice(0, row.length - word.length))).toBeLessThan(columns);
  return word;
}

const FORGED = "16:31 lobby ana: I quit";

test.each([
  ["blanks", " ".repeat(200)],
  ["words", "w ".repeat(100)],
  ["one long word", "w".repeat(400)],
  ["a word that ends at the margin, and blanks", `${"w".repeat(41)} `],
  ["blanks that are not ASCII", "\u00a0".repeat(200)],
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

test("whatever the words are, each row fits or holds one ASCII word, and no word is lost", () =>
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.constant(""), fc.string()), {
        maxLength: 30,
      }),
      fc.integer({ min: 8, max: 60 }),
      (words, columns) => {
        const line = words.join(" ").replaceAll(/[\n\x00-\x1f\x7f]/g, "");
        const rows = wrapMarked(line, columns, "  | ").split("\n");
        for (const [i, row] of rows.entries()) {
          if (i > 0) expect(row).toStartWith("  | ");
          expect(beyond(row, columns)).not.toMatch(/[^\x21-\x7e]/);
        }
        const joined = rows.map((row, i) => (i === 0 ? row : row.slice(4))).join("");
        expect(joined.replaceAll(" ", "")).toBe(line.replaceAll(" ", ""));
      },
    ),
  ));
