import { expect, test } from "bun:test";
import { flagByPurpose, wordByPurpose } from "../../src/cli/suggest.ts";

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

test.each([
  ["channel", "to"],
  ["limit", "last"],
  ["OUTPUT", "out"],
  ["password", "password-file"],
  ["host", "server"],
  ["before", "until"],
  ["sideways", undefined],
] as const)("the option for '%s' is %p", (typed, flag) => {
  const names = ["json", "last", "out", "password-file", "server", "to", "until"];
  expect(flagByPurpose(typed, names)).toBe(flag as string);
});
