import { expect, test } from "bun:test";
import { isMark } from "../../src/base/room-marks.ts";
import { suggestedMarks } from "../../src/ui/text/room-mark-suggestions.ts";

test.each([
  ["Volcano project", ["🌋", "🛠️"]],
  ["Gunung Merapi 8B", ["🌋"]],
  ["matematika", ["📐"]],
  ["Kimia XI IPA", ["🧪", "🔬"]],
  ["TUGAS Akhir", ["✍️"]],
  ["PR", ["✍️"]],
  ["Sepak bola", ["⚽"]],
] as const)("suggests for '%s' what its words mean", (name, emoji) => {
  const suggested = suggestedMarks(name);
  expect(suggested.slice(0, emoji.length)).toEqual([...emoji]);
});

test("always suggests eight different emoji, which a room may have", () => {
  for (const name of ["", "  ", "zzz", "8B", "🌋", "math ".repeat(50), "\u202e"]) {
    const suggested = suggestedMarks(name);
    expect([name, suggested.length, new Set(suggested).size]).toEqual([name, 8, 8]);
    expect(suggested.filter((mark) => !isMark(mark))).toEqual([]);
  }
  // Short words begin too many others.
  expect(suggestedMarks("ma")).toEqual(suggestedMarks(""));
});
