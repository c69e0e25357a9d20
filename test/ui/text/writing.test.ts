import { expect, test } from "bun:test";
import {
  afterEdit,
  answering,
  dropped,
  editing,
  isNothing,
  NOTHING,
} from "../../../src/ui/text/writing.ts";

const HALF = { text: "half a thought", re: 7 };

test("what was being written waits for the end of an edit, also of a second one", () => {
  const once = editing(HALF, 3, "said before");
  expect(once).toEqual({ text: "said before", edits: 3, before: HALF });
  const twice = editing({ ...once, text: "said bet" }, 4, "another");
  expect(twice).toEqual({ text: "another", edits: 4, before: HALF });
  expect(afterEdit(twice)).toBe(HALF);
  expect(dropped(twice)).toBe(HALF);
  expect(dropped(editing(NOTHING, 3, "said before"))).toBe(NOTHING);
});

test("an answer that is dropped keeps its words; one begun in an edit has the earlier ones", () => {
  expect(dropped(HALF)).toEqual({ text: "half a thought" });
  expect(answering(editing(HALF, 3, "said before"), 9)).toEqual({ text: "half a thought", re: 9 });
  expect(answering({ text: "words" }, 9)).toEqual({ text: "words", re: 9 });
});

test("an edit that is emptied is still one", () => {
  expect(isNothing(NOTHING)).toBe(true);
  expect(isNothing({ text: "", edits: 3, before: HALF })).toBe(false);
  expect(isNothing({ text: "", re: 3 })).toBe(false);
});
