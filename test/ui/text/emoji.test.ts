import { describe, expect, test } from "bun:test";
import { gemoji } from "gemoji";
import {
  EMOJI_ID,
  emojiGroups,
  searchEmoji,
  searchEmojiNames,
} from "../../../src/ui/text/emoji.ts";

describe("what is looked for", () => {
  test("is found by its name, its description and what else it means, each once", () => {
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
  test("words find what they mean, beside the English names", () => {
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

  test("each line of the list is of an emoji, once, and can be spelled", () => {
    const known = new Set(gemoji.map(({ names: [name] }) => name));
    for (const [name, words] of EMOJI_ID) {
      expect([name, known.has(name)]).toEqual([name, true]);
      expect(new Set(words).size).toBe(words.length);
      // As completions read it: blanks are typed as _.
      for (const word of words) expect(word.replaceAll(" ", "_")).toMatch(/^[a-z0-9_-]{2,32}$/);
    }
    expect(EMOJI_ID.size).toBeGreaterThan(700);
  });
});
