import { expect, test } from "bun:test";
import { initialsOf } from "../../../src/ui/text/initials.ts";

test("takes the initials of the first and the last word", () => {
  const names = ["ana", "Bu_Sari", "BuSari", "pupil12", "andi_pratama_7", "x-", "_", "12", ""];
  expect(names.map(initialsOf)).toEqual(["A", "BS", "BS", "P1", "A7", "X", "_", "1", ""]);
});

test("takes one whole character in scripts without capitals", () => {
  const names = ["王小明", "محمد علي", "दीपक_शर्मा", "👩‍👩‍👧 family", "e\u0301va_q", "김-철수"];
  expect(names.map(initialsOf)).toEqual(["王", "م", "दी", "F", "E\u0301Q", "김"]);
});
