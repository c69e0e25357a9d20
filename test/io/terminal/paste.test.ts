import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PASTE_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { PasteSplitter, type Typed } from "../../../src/io/terminal/paste.ts";

const BEGIN = "\x1b[200~";
const END = "\x1b[201~";

/** One paste, as it comes out. */
function cleanPaste(text: string): string {
  const [pasted] = new PasteSplitter().push(Buffer.from(`${BEGIN}${text}${END}`));
  return pasted?.kind === "paste" ? pasted.text : expect.unreachable();
}

/** As a list: keys as text, pastes as `{ paste }`. */
function split(...reads: readonly string[]): unknown[] {
  const splitter = new PasteSplitter();
  return reads.flatMap((read) => splitter.push(Buffer.from(read)).map(shown));
}

function shown(typed: Typed): unknown {
  if (typed.kind === "keys") return Buffer.from(typed.bytes).toString();
  return typed.kind === "paste" ? { paste: typed.text } : typed.kind;
}

describe("keys and pastes are told apart", () => {
  test.each([
    ["keys alone", ["abc\r"], ["abc\r"]],
    ["a paste", [`${BEGIN}a\rb${END}`], [{ paste: "a\nb" }]],
    ["keys around it", [`x${BEGIN}a${END}y`], ["x", { paste: "a" }, "y"]],
    ["a paste in many reads", [BEGIN, "a", "\r", "b", END], [{ paste: "a\nb" }]],
    ["marks cut by reads", ["x\x1b[20", "0~a\x1b[2", "01~", "y"], ["x", { paste: "a" }, "y"]],
    ["a mark cut behind its Esc", ["x\x1b", "[200~a", END], ["x", { paste: "a" }]],
    ["the Esc key", ["\x1b", "a"], ["\x1b", "a"]],
    ["the Insert key", ["\x1b[2~"], ["\x1b[2~"]],
    ["Ctrl-C out of one without end", [`${BEGIN}ab`, "\x03"], [{ paste: "ab" }, "\x03"]],
    ["an end without begin", [`a${END}b`], [`a${END}b`]],
  ])("%s", (_what, reads, expected) => {
    expect(split(...reads)).toEqual(expected);
  });

  test("a patient splitter holds what follows an end mark until it is released", () => {
    const splitter = new PasteSplitter(true);
    const text = (typed: readonly Typed[]) =>
      typed.map((one) => (one.kind === "keys" ? Buffer.from(one.bytes).toString() : one));
    const paste = (text: string) => ({ kind: "paste" as const, text });
    expect(text(splitter.push(Buffer.from(`${BEGIN}a${END}\r/quit\r`)))).toEqual([paste("a")]);
    expect(splitter.isHolding).toBe(true);
    expect(splitter.push(Buffer.from("b\r"))).toEqual([]);
    expect(text(splitter.push(Buffer.from(`c${END}x`)))).toEqual([paste("/quit\nb\nc")]);
    expect(text(splitter.release())).toEqual(["x"]);
    expect(splitter.isHolding).toBe(false);
    expect(text(splitter.push(Buffer.from(`${BEGIN}d${END}`)))).toEqual([paste("d")]);
    expect(text(splitter.push(Buffer.from("\r")))).toEqual(["\r"]);
  });

  test("an end mark inside a paste does not make keys of what follows", () => {
    expect(split(`${BEGIN}a${END}\r/quit\r${END}`)).toEqual([{ paste: "a\n/quit" }]);
    expect(split(`${BEGIN}a${END}${BEGIN}\r/quit\r${END}`)).toEqual([{ paste: "a\n/quit" }]);
  });

  test("however it is cut into reads, the same comes out", () => {
    const pieces = fc.array(fc.constantFrom("a", "\r", "\u00e9", "\u6f22", "\x1b[A"), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(pieces, pieces, fc.array(fc.nat(40)), (before, inside, cuts) => {
        const bytes = Buffer.from(`x${before.join("")}${BEGIN}${inside.join("")}${END}`);
        const splitter = new PasteSplitter();
        const ends = [...new Set(cuts)].sort((one, other) => one - other);
        let keys = "";
        const pastes: string[] = [];
        for (const [i, end] of [...ends, bytes.length].entries()) {
          // Esc alone in a read is the key: terminals write a mark at once.
          const read = bytes.subarray(ends[i - 1] ?? 0, end);
          for (const typed of splitter.push(read)) {
            if (typed.kind === "keys") keys += Buffer.from(typed.bytes).toString("latin1");
            else if (typed.kind === "paste") pastes.push(typed.text);
          }
        }
        const isWhole = pastes.length === 1;
        fc.pre(isWhole || ends.some((end) => bytes[end - 1] === 0x1b || bytes[end] === 0x5b));
        if (!isWhole) return;
        expect(pastes).toEqual([cleanPaste(inside.join(""))]);
        expect(keys).toBe(Buffer.from(`x${before.join("")}`).toString("latin1"));
      }),
    );
  });

  test("a paste that is too long is one, and what follows is keys again", () => {
    const fits = "x".repeat(PASTE_BYTES_MAX);
    expect(split(`${BEGIN}${fits}`, END, "y")).toEqual([{ paste: fits }, "y"]);
    expect(split(`${BEGIN}${fits}`, "x", `more${END}`, "y")).toEqual(["oversize", "y"]);
    expect(split(`${BEGIN}${fits}`, "x\x1b[20", "1~", "y")).toEqual(["oversize", "y"]);
    expect(split(`${BEGIN}a${END}`)).toEqual([{ paste: "a" }]);
  });
});

describe("a paste is cleaned", () => {
  test.each([
    ["line ends", "\r\na\r\nb\rc\n\n", "a\nb\nc"],
    ["line separators", "a\u2028b\u2029c", "a\nb\nc"],
    ["tabs stay", "a\tb", "a\tb"],
    ["colours", "\x1b[1;31mred\x1b[0m", "red"],
    ["titles", "a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c", "abc"],
    ["a title without end costs no words", "\x1b]0;title", "0;title"],
    ["a sequence made by cutting one out", "\x1b\x1b[0m[201~", "[201~"],
    ["control characters", "a\x00\x03\x08\x7f\u009b31mb", "a31mb"],
    ["reversed order", "a\u202ecba\u2066", "acba"],
    ["families, Persian and accents stay", "👨‍👩‍👧 می‌خواهم e\u0301", "👨‍👩‍👧 می‌خواهم e\u0301"],
    ["half a pair", "a\ud800b", "a\ufffdb"],
  ])("%s", (_what, text, expected) => {
    expect(cleanPaste(text)).toBe(expected);
  });

  test("twice is as once, and nothing of ESC is left", () => {
    const parts = fc.constantFrom(
      "\x1b",
      "[",
      "]",
      "201~",
      "m",
      "\x07",
      "\\",
      "a",
      "\n",
      "\r",
      "1",
    );
    fc.assert(
      fc.property(
        fc.array(parts).map((all) => all.join("")),
        (text) => {
          const cleaned = cleanPaste(text);
          expect(cleaned).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
          expect(cleanPaste(cleaned)).toBe(cleaned);
        },
      ),
    );
  });
});

test("a patient one holds an Esc that came alone, until a mark or a release", () => {
  const splitter = new PasteSplitter(true);
  expect(splitter.push(Buffer.from("\x1b"))).toEqual([]);
  expect(splitter.isHolding).toBe(true);
  expect(splitter.push(Buffer.from("[200~a")).map(shown)).toEqual([]);
  expect(splitter.isHolding).toBe(false);
  expect(splitter.release()).toEqual([]);
  expect(splitter.push(Buffer.from(END)).map(shown)).toEqual([{ paste: "a" }]);
  splitter.push(Buffer.from("\x1b"));
  expect(splitter.release().map(shown)).toEqual(["\x1b"]);
  expect(splitter.isHolding).toBe(false);
});
