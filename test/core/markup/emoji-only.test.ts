import { expect, test } from "bun:test";
import { isEmojiOnly } from "../../../src/core/markup/emoji-only.ts";

test.each([
  ["🎉", true],
  ["👩‍💻 👍🏽\n❤️", true],
  ["🇩🇪🇮🇩", true],
  [":joy: 🎉", true],
  ["🎉🎉🎉🎉🎉", true],
  ["🎉🎉🎉🎉🎉🎉", false],
  ["", false],
  ["5", false],
  ["#1", false],
  ["ok 🎉", false],
  [`🎉${" ".repeat(300)}`, false],
])("%j consists of a few emoji: %p", (text, isOnly) => {
  expect(isEmojiOnly(text)).toBe(isOnly);
});
