import { expect, test } from "bun:test";
import { MENTIONS_MAX } from "../../../src/base/limits.ts";
import { withMentions } from "../../../src/core/client/mentions.ts";

test.each([
  ["@ben hi", ["ben"]],
  ["hi @Ben, @ben and @BEN", ["Ben"]],
  ["(@ana)@ben", ["ana", "ben"]],
  ["ana@example.org @@ana @ana@ben", undefined],
  ["@123 @a.b @", ["a"]],
  [`@${"x".repeat(33)}`, undefined],
  ["@_x-1: so", ["_x-1"]],
])("%p calls %p", (text, mentions) => {
  expect(withMentions({ text }).mentions).toEqual(mentions);
});

test("at most MENTIONS_MAX people are called", () => {
  const text = Array.from({ length: MENTIONS_MAX + 1 }, (_, i) => `@p${i}`).join(" ");
  expect(withMentions({ text }).mentions).toHaveLength(MENTIONS_MAX);
});

test("nothing else of the body changes", () => {
  expect(withMentions({ text: "@ana", re: 7, action: true })).toEqual({
    text: "@ana",
    re: 7,
    action: true,
    mentions: ["ana"],
  });
});
