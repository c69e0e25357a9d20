import { expect, test } from "bun:test";
import { doorLines } from "../../../src/ui/wall/door-lines.ts";

test("each sentence of a topic begins a line", () => {
  expect(doorLines("We build a volcano. Photos, plans and who brings what · Room 12")).toEqual([
    "We build a volcano.",
    "Photos, plans and who brings what",
    "Room 12",
  ]);
  expect(doorLines("")).toEqual([]);
  expect(doorLines(" **bold** and `code` ")).toEqual(["bold and code"]);
});

test("a line has at most 60 letters, and the third says that more follows", () => {
  const word = "kelompok";
  const lines = doorLines(Array.from({ length: 40 }, () => word).join(" "));
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(62);
  expect(lines.map((line) => line.endsWith("…"))).toEqual([false, false, true]);
  // A long word stays whole, as does a letter of several code points.
  expect(doorLines("x".repeat(70))).toEqual(["x".repeat(70)]);
  expect(doorLines(`${"é".repeat(30)} ${"é".repeat(30)}`)).toHaveLength(2);
});

test("hostile topics become harmless text", () => {
  expect(doorLines("a\u202eb\u0007")).toEqual(["a<U+202E>b␇"]);
});
