import { expect, test } from "bun:test";
import { PASTE_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { UNMARKED_PASTE_MS, UnmarkedPastes } from "../../../src/io/terminal/unmarked-paste.ts";

const GAP = UNMARKED_PASTE_MS + 1;

/** Handles characters; numbers are pauses in milliseconds. `^` is a key without text. */
function typed(...reads: readonly (string | number)[]): unknown[] {
  const pastes = new UnmarkedPastes<string>((key) => (key === "^" ? undefined : key));
  let now = 0;
  const handled = reads.flatMap((read) => {
    if (typeof read === "string") return pastes.push([...read], now);
    now += read;
    return read > UNMARKED_PASTE_MS && pastes.isHolding ? pastes.expire() : [];
  });
  return [...handled, ...pastes.expire()].map((part) => {
    if (typeof part === "string") return part;
    return part.kind === "oversize" ? part.kind : { paste: part.text, typed: part.typed };
  });
}

test.each<[string, (string | number)[], unknown[]]>([
  ["a typed line", ["a", 80, "b", 80, "\r", 80, "c"], ["a", "b", "\r", "c"]],
  ["a line in one read", ["ab\r", GAP, "c"], ["a", "b", "\r", "c"]],
  ["lines in one read", ["a\rb\r"], [{ paste: "a\nb", typed: "" }]],
  ["an empty line before text", ["\rb"], [{ paste: "b", typed: "" }]],
  ["an Enter behind each other", ["\r\r", "\r"], ["\r", "\r", "\r"]],
  ["lines in several reads", ["a\r", 5, "b\r", 5, "c"], ["a", { paste: "a\nb\nc", typed: "a" }]],
  ["the limit of the pause", ["a\r", GAP - 1, "b"], ["a", { paste: "a\nb", typed: "a" }]],
  ["carriage return and line feed", ["a\r\nb"], [{ paste: "a\nb", typed: "" }]],
  ["a blank line", ["a\r\r\rb"], [{ paste: "a\n\n\nb", typed: "" }]],
  ["a tab between lines", ["a\tb\rc"], [{ paste: "a\tb\nc", typed: "" }]],
  ["a key behind an Enter", ["a\r^b"], ["a", "\r", "^", "b"]],
  ["an Enter after a pause", ["a", GAP, "\r", 5, "b"], ["a", "\r", "b"]],
  ["too many bytes", ["a\r", "x".repeat(PASTE_BYTES_MAX + 1)], ["a", "oversize"]],
])("handles %s", (_what, reads, expected) => {
  expect(typed(...reads)).toEqual(expected);
});
