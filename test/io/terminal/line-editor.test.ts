import { expect, test } from "bun:test";
import { createInterface } from "node:readline";
import { PassThrough, Writable } from "node:stream";
import fc from "fast-check";
import { rowsOf } from "../../../src/io/terminal/line-editor.ts";

test("counts rows like readline", () => {
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
