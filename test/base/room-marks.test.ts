import { expect, test } from "bun:test";
import { ROOM_MARK_BYTES_MAX } from "../../src/base/limits.ts";
import { checkMark, isMark } from "../../src/base/room-marks.ts";
import { faultCode } from "../fault-code.ts";

test.each([
  "🌋",
  "❤️",
  "🏳️‍🌈",
  "👩🏽‍🔬",
  "👨‍👩‍👧‍👦",
  "🇮🇩",
  "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
  "1️⃣",
  "8B",
  "é",
  "क्ष",
  "七",
  "٣ب",
])("takes '%s'", (mark) => {
  expect([isMark(mark), checkMark(` ${mark} `)]).toEqual([true, mark.normalize("NFC")]);
});

test.each([
  ["nothing", ""],
  ["two emoji", "🌋🔬"],
  ["an emoji and a letter", "🌋A"],
  ["three letters", "IPA"],
  ["a sign", "#"],
  ["a space between", "8 B"],
  ["an override of the direction", "\u202eA"],
  ["a joiner alone", "\u200d"],
  ["an invisible letter", "\u3164"],
  ["invisible letters", "\u115f\u1160"],
  ["a letter with many marks", `A${"\u0301".repeat(4)}`],
  ["half an emoji", "\ud83c"],
  ["many joined emoji", Array.from({ length: 12 }, () => "🌋").join("\u200d")],
  ["a line break", "A\nB"],
])("refuses %s", (_, mark) => {
  expect([isMark(mark), faultCode(() => checkMark(mark))]).toEqual([false, "text-invalid"]);
});

test("limits the bytes of a mark, which a client also checks", () => {
  const family = Array.from({ length: 7 }, () => "👩🏿").join("\u200d");
  expect(new TextEncoder().encode(family).length).toBeGreaterThan(ROOM_MARK_BYTES_MAX);
  expect(isMark(family)).toBe(false);
  expect(isMark("A".repeat(1_000_000))).toBe(false);
});
