import { expect, test } from "bun:test";
import { CODE_NUMBER_MAX } from "../../src/base/limits.ts";
import { CODE_PREFIX_LENGTH, CODE_WORDS } from "../../src/wire/code-words.ts";
import { isShortCode } from "../../src/wire/invite.ts";
import {
  CODE_WORDS_COUNT,
  freeCodeNumber,
  makeShortCode,
  parseShortCode,
  shortCodeCompletions,
} from "../../src/wire/short-code.ts";
import { faultOf } from "../fault-code.ts";

function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (const [j, otherLetter] of [...other].entries()) {
      const replaced = (row[j] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

test("has 256 words that differ in their first three letters and in three letters at least", () => {
  expect(CODE_WORDS).toHaveLength(256);
  const prefixes = CODE_WORDS.map((word) => word.slice(0, CODE_PREFIX_LENGTH));
  expect(new Set(prefixes).size).toBe(CODE_WORDS.length);
  const near = CODE_WORDS.flatMap((one, i) =>
    CODE_WORDS.slice(i + 1).filter((other) => distance(one, other) < 3),
  );
  expect(near).toEqual([]);
  for (const word of CODE_WORDS) {
    expect(word).toMatch(/^[a-z]{4,7}$/);
    expect([word, (word.match(/[aeiou]+|y(?![aeiou])/g) ?? []).length >= 2]).toEqual([word, true]);
  }
});

test("a guess succeeds once in more than 65,000 tries", () => {
  expect(CODE_WORDS.length ** CODE_WORDS_COUNT).toBeGreaterThan(65_000);
});

test("every random byte is another word, and the code is parsed back", () => {
  const codes = Array.from({ length: 256 }, (_, i) => makeShortCode(7, Uint8Array.of(i, 255 - i)));
  expect(new Set(codes.map(({ text }) => text.split("-")[1])).size).toBe(256);
  for (const code of codes) expect(parseShortCode(code.text)).toEqual(code);
  expect(parseShortCode(`${CODE_NUMBER_MAX}-tiger-canoe`).number).toBe(CODE_NUMBER_MAX);
});

test.each(["7-tiger-canoe", "7 Tiger Canoe", "'7-TIG-CAN'", "7-tig-can", " 7-tige canoe\n"])(
  "%p is 7-tiger-canoe",
  (typed) => {
    expect(isShortCode(typed)).toBe(true);
    expect(parseShortCode(typed)).toEqual({ number: 7, text: "7-tiger-canoe" });
  },
);

test.each([
  ["7-tiger", "not a code"],
  ["7-tiger-canoe-banana", "not a code"],
  ["0-tiger-canoe", "not a code"],
  ["07-tiger-canoe", "not a code"],
  ["100000-tiger-canoe", "not a code"],
  ["7--canoe", "not a code"],
  ["tiger-canoe", "not a code"],
  ["", "not a code"],
  ["7-ti-canoe", "'ti'"],
  ["7-tiger-boat", "'boat'"],
  ["7-tigers-canoe", "'tigers'"],
  ["7-tiger-__proto__", "'__proto__'"],
])("refuses %p", (typed, words) => {
  const fault = faultOf(() => parseShortCode(typed));
  expect(fault?.code).toBe("usage");
  expect(fault?.message).toContain(words);
});

test("proposes the word that begins alike", () => {
  expect(faultOf(() => parseShortCode("7-tigger-canoe"))?.remedy).toBe("did you mean tiger?");
});

test.each(["chat://192.0.2.7:40123/?fp=x#y", "192.0.2.7", "7.example.org", "tiger", "100000-a-b"])(
  "%p is no code",
  (typed) => expect(isShortCode(typed)).toBe(false),
);

test("completes the words of a code", () => {
  expect(shortCodeCompletions("7-tig")).toEqual(["7-tiger-"]);
  expect(shortCodeCompletions("7-tiger-can")).toEqual(["7-tiger-canoe"]);
  expect(shortCodeCompletions("7-")).toHaveLength(256);
  for (const typed of ["", "7", "tig", "7-tiger-canoe-", "0-t", "7-T"]) {
    expect(shortCodeCompletions(typed)).toEqual([]);
  }
});

test("chooses two digits at random, then more, among the numbers not in use", () => {
  const chosen = (isUsed: (number: number) => boolean) =>
    new Set(
      Array.from({ length: 65_536 }, (_, i) =>
        freeCodeNumber(isUsed, Uint8Array.of(i >> 8, i & 255)),
      ),
    );
  const all = chosen(() => false);
  expect([all.size, Math.max(...([...all] as number[]))]).toEqual([99, 99]);
  expect(chosen((number) => number < 100 && number !== 42)).toEqual(new Set([42]));
  expect(chosen((number) => number < 999)).toEqual(new Set([999]));
  expect(Math.min(...([...chosen((number) => number <= 999)] as number[]))).toBe(1_000);
  const isUsed = (number: number) => number < CODE_NUMBER_MAX;
  expect(freeCodeNumber(isUsed, Uint8Array.of(1, 2))).toBe(CODE_NUMBER_MAX);
  expect(freeCodeNumber(() => false, Uint8Array.of(1, 2), 999)).toBeGreaterThan(999);
  expect(freeCodeNumber(() => true, Uint8Array.of(1, 2))).toBeUndefined();
});
