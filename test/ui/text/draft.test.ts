import { expect, test } from "bun:test";
import {
  combinedDraft,
  EMPTY_DRAFT,
  endEdit,
  isEditOutdated,
  isEmptyDraft,
  isSameDraft,
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

test("an edit is outdated if the message got another text since it began", () => {
  const item = { text: "9:00", editedUnixMs: 5 };
  const draft = startEdit(EMPTY_DRAFT, 3, "8:00", 4);
  expect(isEditOutdated({ ...draft, text: "8:30" }, item)).toBe(true);
  expect(isEditOutdated({ ...draft, text: "9:00" }, item)).toBe(false);
  expect(isEditOutdated(startEdit(EMPTY_DRAFT, 3, "9:00", 5), item)).toBe(false);
  expect(isEditOutdated(startEdit(EMPTY_DRAFT, 3, "x"), { text: "y", editedUnixMs: 0 })).toBe(true);
  expect(isEditOutdated({ text: "plain", re: 3 }, item)).toBe(false);
});

test("combines two drafts without a loss of text", () => {
  const [a, b] = [{ text: "one" }, { text: "two", re: 4 }];
  expect(combinedDraft(a, b)).toEqual({ text: "one\n\ntwo", re: 4 });
  expect(combinedDraft(a, { text: "one two" })).toEqual({ text: "one two" });
  expect(combinedDraft({ text: "one two" }, a)).toEqual({ text: "one two" });
  const edit = { text: "edited", edits: 3 };
  expect(combinedDraft(a, edit)).toEqual({ ...edit, before: a });
  expect(combinedDraft({ ...edit, before: b }, a)).toEqual({
    ...edit,
    before: { text: "two\n\none", re: 4 },
  });
  expect(combinedDraft(edit, { ...edit })).toBe(edit);
  expect(combinedDraft(edit, { text: "other", edits: 4 })).toBeUndefined();
  expect(isSameDraft({ ...edit, before: a }, { ...edit, before: { text: "one" } })).toBe(true);
  expect(isSameDraft({ ...edit, before: a }, edit)).toBe(false);
});
