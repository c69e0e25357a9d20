import { expect, test } from "bun:test";
import {
  EMPTY_DRAFT,
  endEdit,
  isEmptyDraft,
  startEdit,
  startReply,
  withoutReference,
} from "../../../src/ui/text/draft.ts";

const HALF = { text: "half a thought", re: 7 };

test("restores the draft after an edit, also after a second edit", () => {
  const once = startEdit(HALF, 3, "said before");
  expect(once).toEqual({ text: "said before", edits: 3, before: HALF });
  const twice = startEdit({ ...once, text: "said bet" }, 4, "another");
  expect(twice).toEqual({ text: "another", edits: 4, before: HALF });
  expect(endEdit(twice)).toBe(HALF);
  expect(withoutReference(twice)).toBe(HALF);
  expect(withoutReference(startEdit(EMPTY_DRAFT, 3, "said before"))).toBe(EMPTY_DRAFT);
});

test("keeps the text when a reply is cancelled; a reply during an edit restores the draft", () => {
  expect(withoutReference(HALF)).toEqual({ text: "half a thought" });
  expect(startReply(startEdit(HALF, 3, "said before"), 9)).toEqual({
    text: "half a thought",
    re: 9,
  });
  expect(startReply({ text: "words" }, 9)).toEqual({ text: "words", re: 9 });
});

test("keeps an edit whose text is empty", () => {
  expect(isEmptyDraft(EMPTY_DRAFT)).toBe(true);
  expect(isEmptyDraft({ text: "", edits: 3, before: HALF })).toBe(false);
  expect(isEmptyDraft({ text: "", re: 3 })).toBe(false);
});
