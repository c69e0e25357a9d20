import { expect, test } from "bun:test";
import { createInterface } from "node:readline";
import { PassThrough, Writable } from "node:stream";
import fc from "fast-check";
import { rowsOf } from "../../../src/io/terminal/line-editor.ts";

test.each([
  ["", 10, 1],
  ["123456789", 10, 1],
  // readline goes to the next row at once when one is full.
  ["1234567890", 10, 2],
  ["12345678901", 10, 2],
  ["\u6f22".repeat(5), 10, 2],
  [`a${"\u6f22".repeat(4)}`, 10, 1],
  // The fifth does not fit into the last column.
  [`a${"\u6f22".repeat(5)}`, 10, 2],
  [`a${"\u6f22".repeat(9)}`, 10, 3],
  ["e\u0301".repeat(9), 10, 1],
])("%j takes up %d columns of rows: %d", (line, columns, rows) => {
  expect(rowsOf(line, columns)).toBe(rows);
});

test("rows are counted as readline counts them", () => {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const columns = { now: 80 };
  Object.defineProperty(output, "columns", { get: () => columns.now });
  const editor = createInterface({ input: new PassThrough(), output, terminal: true });
  const character = fc.constantFrom("a", "b", " ", "\u6f22", "\u00e9", "\u0301", "\u{1f600}");
  fc.assert(
    fc.property(
      fc.array(character, { maxLength: 60 }),
      fc.integer({ min: 2, max: 50 }),
      (line, n) => {
        columns.now = n;
        const text = line.join("");
        editor.setPrompt(text);
        expect(rowsOf(text, n)).toBe(editor.getCursorPos().rows + 1);
      },
    ),
  );
  editor.close();
});
