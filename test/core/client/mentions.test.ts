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
  ["_@ben_ and *@ana*, **@eve**, ~~@joe~~", ["ben", "ana", "eve", "joe"]],
  ["_see @ben_ @ana_", ["ben", "ana_"]],
  ["_@ben_, _see @ana__ @x_", ["ben", "ana_", "x_"]],
  ["snake_@ben", undefined],
  ["＠ben, see ＃lobby", ["ben"]],
  ["ana＠example.org ＠＠ana @＠ana", undefined],
  ["> @ben wrote\n\nI agree, @ana", ["ana"]],
])("finds in %p the mentions %p", (text, mentions) => {
  expect(withMentions({ text }).mentions).toEqual(mentions);
});

test("finds at most MENTIONS_MAX users", () => {
  const text = Array.from({ length: MENTIONS_MAX + 1 }, (_, i) => `@p${i}`).join(" ");
  expect(withMentions({ text }).mentions).toHaveLength(MENTIONS_MAX);
});

test("adds no mentions to a notice", () => {
  const notice = { text: "@ana", notice: true };
  expect(withMentions(notice)).toEqual(notice);
  expect(withMentions({ text: "@ana", notice: false }).mentions).toEqual(["ana"]);
});

test("changes no other part of the body", () => {
  expect(withMentions({ text: "@ana", re: 7, action: true })).toEqual({
    text: "@ana",
    re: 7,
    action: true,
    mentions: ["ana"],
  });
});

test("marks a message that mentions everyone, outside code", () => {
  const marks = ["@everyone, @here", "hi @Here", "`@everyone`", "mail@everyone", "@ana"].map(
    (text) => withMentions({ text }).everyone,
  );
  expect(marks).toEqual(["all", "here", undefined, undefined, undefined]);
});
