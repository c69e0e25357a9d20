import { describe, expect, test } from "bun:test";
import { gemoji } from "gemoji";
import {
  EMOJI_ID,
  emojiGroups,
  emojiKey,
  searchEmoji,
  searchEmojiNames,
  withSkinTone,
} from "../../../src/ui/text/emoji.ts";

describe("search", () => {
  test("finds each emoji once by name, description and tags", () => {
    const signs = (words: string) => searchEmoji(words).map(({ emoji }) => emoji);
    expect(signs("thumbsup")[0]).toBe("👍");
    expect(signs(":tada:")[0]).toBe("🎉");
    expect(signs("tears of joy")).toEqual(["😂", "😹"]);
    expect(signs("hooray")).toContain("🎉");
    expect(signs("  ")).toHaveLength(new Set(signs("")).size);
    expect(signs("\\(.*")).toEqual([]);
  });
});

describe("in Indonesian", () => {
  test("finds emoji by Indonesian words and English names", () => {
    const signs = (begun: string) => searchEmojiNames(begun, 8, "id").map(({ emoji }) => emoji);
    expect(signs("hati")).toContain("\u2764\ufe0f");
    expect(signs("terima_kasih")[0]).toBe("🙏");
    expect(signs("wkwk")).toContain("😂");
    expect(signs("joy")[0]).toBe("😂");
    expect(searchEmojiNames("terima", 8)).toEqual([]);
    const found = searchEmoji("ulang tahun", "id");
    expect(found.map(({ emoji }) => emoji)).toEqual(expect.arrayContaining(["🎂", "🥳"]));
    expect(found[0]?.description).toMatch(/^[a-z ]+$/);
    expect(emojiGroups("id")[0]?.emoji[0]?.description).toBe("wajah gembira");
  });

  test("lists each emoji once, with a valid name", () => {
    const known = new Set(gemoji.map(({ names: [name] }) => name));
    for (const [name, words] of EMOJI_ID) {
      expect([name, known.has(name)]).toEqual([name, true]);
      expect(new Set(words).size).toBe(words.length);
      for (const word of words) expect(word.replaceAll(" ", "_")).toMatch(/^[a-z0-9_-]{2,32}$/);
    }
    expect(EMOJI_ID.size).toBeGreaterThan(700);
  });
});

test.each([
  ["👍", "👍🏽"],
  ["☝️", "☝🏽"],
  ["👩‍💻", "👩🏽‍💻"],
  ["😀", "😀"],
  ["👨‍👩‍👧", "👨‍👩‍👧"],
])("applies a skin tone to %s if it is one person or hand", (emoji, toned) => {
  expect(withSkinTone(emoji, "🏽")).toBe(toned);
  expect(withSkinTone(emoji, "")).toBe(emoji);
  expect(emojiKey(toned)).toBe(emojiKey(emoji));
});
