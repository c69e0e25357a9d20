import { expect, test } from "bun:test";
import { wordByPurpose } from "../../src/cli/suggest.ts";

test.each([
  ["unread", "inbox"],
  ["hist", "history"],
  ["find", "search"],
  ["UPLOAD", "send-file"],
  ["frobnicate", undefined],
  ["r", undefined],
])("%j suggests %j", (typed, expected) => {
  const words = ["inbox", "history", "search", "send-file", "rooms", "receive"];
  expect(wordByPurpose(typed, words)).toBe(expected as string);
});
