import { describe, expect, test } from "bun:test";
import { PASTE_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { PasteSplitter, type Typed } from "../../../src/io/terminal/paste.ts";

const BEGIN = "\x1b[200~";
const END = "\x1b[201~";

function cleanPaste(text: string): string {
  const [pasted] = new PasteSplitter().push(Buffer.from(`${BEGIN}${text}${END}`));
  return pasted?.kind === "paste" ? pasted.text : expect.unreachable();
}

function split(...reads: readonly string[]): unknown[] {
  const splitter = new PasteSplitter();
  return reads.flatMap((read) => splitter.push(Buffer.from(read)).map(displayed));
}

function displayed(typed: Typed): unknown {
  if (typed.kind === "keys") return Buffer.from(typed.bytes).toString();
  return typed.kind === "paste" ? { paste: typed.text } : typed.kind;
}

describe("separates keys and pastes", () => {
  test.each([
    ["keys alone", ["abc\r"], ["abc\r"]],
    ["a paste", [`${BEGIN}a\rb${END}`], [{ paste: "a\nb" }]],
    ["keys around it", [`x${BEGIN}a${END}y`], ["x", { paste: "a" }, "y"]],
    ["a paste in many reads", [BEGIN, "a", "\r", "b", END], [{ paste: "a\nb" }]],
    ["marks cut by reads", ["x\x1b[20", "0~a\x1b[2", "01~", "y"], ["x", { paste: "a" }, "y"]],
    ["a mark cut behind its Esc", ["x\x1b", "[200~a", END], ["x", { paste: "a" }]],
    ["the Esc key", ["\x1b", "a"], ["\x1ba"]],
    ["a mark in single bytes", [..."\x1b[200~a"], []],
    ["the Insert key", ["\x1b[2~"], ["\x1b[2~"]],
    ["Ctrl-C out of one without end", [`${BEGIN}ab`, "\x03"], [{ paste: "ab" }, "\x03"]],
    ["an end without begin", [`a${END}b`], [`a${END}b`]],
  ])("%s", (_what, reads, expected) => {
    expect(split(...reads)).toEqual(expected);
  });

  test("a patient splitter holds bytes after an end mark until released", () => {
    const splitter = new PasteSplitter(true);
    const text = (typed: readonly Typed[]) =>
      typed.map((one) => (one.kind === "keys" ? Buffer.from(one.bytes).toString() : one));
    const paste = (text: string) => ({ kind: "paste" as const, text });
    expect(text(splitter.push(Buffer.from(`${BEGIN}a${END}\r/quit\r`)))).toEqual([paste("a")]);
    expect(splitter.isAmbiguous).toBe(true);
    expect(splitter.push(Buffer.from("b\r"))).toEqual([]);
    expect(text(splitter.push(Buffer.from(`c${END}x`)))).toEqual([paste("/quit\nb\nc")]);
    expect(text(splitter.release())).toEqual(["x"]);
    expect(splitter.isAmbiguous).toBe(false);
    expect(text(splitter.push(Buffer.from(`${BEGIN}d${END}`)))).toEqual([paste("d")]);
    expect(text(splitter.push(Buffer.from("\r")))).toEqual(["\r"]);
  });

  test("an end mark inside a paste does not end it", () => {
    expect(split(`${BEGIN}a${END}\r/quit\r${END}`)).toEqual([{ paste: "a\n/quit" }]);
    expect(split(`${BEGIN}a${END}${BEGIN}\r/quit\r${END}`)).toEqual([{ paste: "a\n/quit" }]);
  });

  test("an oversize paste is one event, and keys follow", () => {
    const fits = "x".repeat(PASTE_BYTES_MAX);
    expect(split(`${BEGIN}${fits}`, END, "y")).toEqual([{ paste: fits }, "y"]);
    expect(split(`${BEGIN}${fits}`, "x", `more${END}`, "y")).toEqual(["oversize", "y"]);
    expect(split(`${BEGIN}${fits}`, "x\x1b[20", "1~", "y")).toEqual(["oversize", "y"]);
    expect(split(`${BEGIN}a${END}`)).toEqual([{ paste: "a" }]);
  });
});

describe("cleans a paste", () => {
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
});
