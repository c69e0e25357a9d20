import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import { LineBuffer } from "../../../src/io/terminal/line-buffer.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function keys(text: string): string[] {
  const buffer = new LineBuffer(100);
  buffer.push(bytes(text));
  const all: string[] = [];
  for (let key = buffer.takeKey(); key !== undefined; key = buffer.takeKey()) all.push(key);
  return all;
}

test("splits lines independently of the pieces", () =>
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("a", "ä", "\u{1f469}") }), { maxLength: 9 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (lines, sizes) => {
        const buffer = new LineBuffer(1000);
        const all = bytes(lines.map((line) => `${line}\n`).join(""));
        const taken: string[] = [];
        for (let at = 0, i = 0; at < all.length; i++) {
          const end = at + (sizes[i % sizes.length] ?? 1);
          buffer.push(all.subarray(at, end));
          at = end;
          for (
            let line = buffer.takeLine(false);
            line !== undefined;
            line = buffer.takeLine(false)
          ) {
            taken.push(line);
          }
        }
        expect(taken).toEqual(lines);
      },
    ),
  ));

test("accepts a last line without line feed, and CR LF", () => {
  const buffer = new LineBuffer(100);
  buffer.push(bytes("a\r\n\nlast"));
  expect([buffer.takeLine(false), buffer.takeLine(false), buffer.takeLine(false)]).toEqual([
    "a",
    "",
    undefined,
  ]);
  expect([buffer.takeLine(true), buffer.takeLine(true)]).toEqual(["last", undefined]);
});

test("skips only the bad line", () => {
  const buffer = new LineBuffer(100);
  buffer.push(Uint8Array.of(0xff, 0x0a, 0x62, 0x0a));
  expect(() => buffer.takeLine(false)).toThrow(Fault);
  expect(buffer.takeLine(false)).toBe("b");
});

test("rejects an endless line once", () => {
  const buffer = new LineBuffer(10);
  buffer.push(bytes("0123456789"));
  expect(buffer.takeLine(false)).toBeUndefined();
  buffer.push(bytes("x"));
  expect(() => buffer.takeLine(false)).toThrow("longer than 10 bytes");
  buffer.push(bytes("and more of the same line"));
  expect(buffer.takeLine(false)).toBeUndefined();
  buffer.push(bytes(" end\nnext\n"));
  expect(buffer.takeLine(false)).toBe("next");
});

test("splits keys of a terminal in raw mode", () => {
  expect(keys("aä\u{1f469}\x7f\r")).toEqual(["a", "ä", "\u{1f469}", "\x7f", "\r"]);
  expect(keys("\x1b[1;5Dx\x1bOPy\x1b")).toEqual(["\x1b[1;5D", "x", "\x1bOP", "y", "\x1b"]);
});

test("refuses lines in UTF-16, which contain NUL", () => {
  const buffer = new LineBuffer(100);
  buffer.push(Buffer.from("hi\n", "utf16le"));
  buffer.push(bytes("\nfine\n"));
  expect(() => buffer.takeLine(false)).toThrow("contains NUL");
  expect(() => buffer.takeLine(false)).toThrow("contains NUL");
  expect(buffer.takeLine(false)).toBe("fine");
});
