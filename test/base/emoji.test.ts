import { expect, test } from "bun:test";
import { isEmoji } from "../../src/base/emoji.ts";
import { emojiGroups } from "../../src/ui/text/emoji.ts";

test("accepts every emoji that the picker offers, with and without its selector", () => {
  const offered = emojiGroups().flatMap((group) => group.emoji.map(({ emoji }) => emoji));
  expect(offered.length).toBeGreaterThan(1_000);
  expect(offered.filter((emoji) => !isEmoji(emoji))).toEqual([]);
  const others = ["❤", "❤️", "☝🏽", "🏴‍☠️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "🇮🇩", "👩🏽‍❤️‍💋‍👨🏻", "\u{1faef}"];
  expect(others.every(isEmoji)).toBe(true);
});

test("rejects texts, two emoji, parts of emoji and invisible characters", () => {
  const texts = [
    "",
    "a",
    "ok",
    "+1",
    ":tada:",
    "1",
    "#",
    "👍👍",
    "👍 ",
    "👍a",
    "🇮",
    "🏽",
    "\ufe0f",
  ];
  const hostile = ["👍\u200d", "👍\u200b", "👍\ufe0f\ufe0f", "👍\u202e", "\u200d", "🏴󠁡", "👍\n"];
  expect([...texts, ...hostile].filter(isEmoji)).toEqual([]);
});
