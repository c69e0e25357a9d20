import { describe, expect, test } from "bun:test";
import { emojiFound, emojiGroups, emojiNamed } from "../../../src/web/input/emoji.ts";

const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);

test("those that begin so come first, common ones before others", () => {
  expect(names(emojiNamed("smi", 3))).toEqual(["smile", "smirk", "smiley"]);
  expect(names(emojiNamed("TADA", 8))[0]).toBe("tada");
  expect(emojiNamed("no such", 8)).toEqual([]);
  expect(emojiNamed("a", 5)).toHaveLength(5);
});

describe("what is looked for", () => {
  test("is found by its name, its description and what else it means, each once", () => {
    const signs = (words: string) => emojiFound(words).map(({ emoji }) => emoji);
    expect(signs("thumbsup")[0]).toBe("👍");
    expect(signs(":tada:")[0]).toBe("🎉");
    expect(signs("tears of joy")).toEqual(["😂", "😹"]);
    expect(signs("hooray")).toContain("🎉");
    expect(signs("  ")).toHaveLength(new Set(signs("")).size);
    expect(signs("\\(.*")).toEqual([]);
  });
});

test("all of them stand in groups, none twice", () => {
  const groups = emojiGroups();
  expect(groups).toHaveLength(9);
  const all = groups.flatMap(({ emoji }) => emoji.map((one) => one.emoji));
  expect(new Set(all).size).toBe(all.length);
  // As a reaction each fits into what a server takes.
  for (const sign of all) expect(Buffer.byteLength(sign)).toBeLessThanOrEqual(64);
});
