import { expect, test } from "bun:test";
import { KEYWORD_BYTES_MAX, KEYWORDS_MAX } from "../../../src/base/limits.ts";
import { foldKeywords, keywordSearch, keywordsOf } from "../../../src/core/rooms/keywords.ts";

test.each([
  ["the BUS is late", "bus", true],
  ["ｂｕｓ stop", "bus", true],
  ["(bus)", "bus", true],
  ["busy", "bus", false],
  ["omnibus", "bus", false],
  ["bus_stop", "bus", false],
  ["_bus_", "bus", true],
  ["take the _late bus_ today", "bus", true],
  ["__bus__!", "bus", true],
  ["_bus_stop_", "bus", false],
  ["_bus_stop_", "bus_stop", true],
  ["call __init__()", "__init__", true],
  ["call my__init__()", "__init__", false],
  ["STRASSE", "straße", true],
  ["Straße", "STRASSE", true],
  ["İSTANBUL", "istanbul", true],
  ["ISPARTA", "ısparta", true],
  ["ΟΔΟΣ", "οδος", true],
  ["the bus   stop", "bus stop", true],
  ["the bus", "bus stop", false],
  ["write c++!", "c++", true],
  ["write c", "c++", false],
  ["ÉCOLE", "école", true],
  ["e\u0301cole", "école", true],
  ["明日の試験です", "試験", true],
  ["明日の試合です", "試験", false],
  ["พรุ่งนี้สอบ", "สอบ", true],
  ["🎉 done", "🎉", true],
  ["this isn't it", "t", false],
  ["I don\u2019t know", "don", false],
  ["I don\u2019t know", "don't", true],
  ["we'll see", "we", false],
  ["ana's book", "ana", true],
  ["ana\u2019s book", "s", false],
  ["l'école", "école", true],
  ["'bus'", "bus", true],
  ["", "bus", false],
])("finds in %j the keyword %j: %p", (text, keyword, isFound) => {
  expect(keywordSearch(text)(keywordsOf([keyword]))).toBe(isFound);
});

test("finds any of several keywords, and nothing without keywords", () => {
  const search = keywordSearch("a bus");
  expect([search(["car", "bus"]), search(["car"]), search([]), search(undefined)]).toEqual([
    ...[true, false, false, false],
  ]);
});

test("stores folded keywords that fit, once each", () => {
  expect(keywordsOf([" Bus ", "ＢＵＳ", "bus  Stop", "", " ", 7, null, "a\u202eb"])).toEqual([
    ...["bus", "bus stop", "a<u+202e>b"],
  ]);
  const longest = "x".repeat(KEYWORD_BYTES_MAX);
  expect(keywordsOf([longest, `${longest}x`])).toEqual([longest]);
  // NFKC expands this letter to 18.
  expect(keywordsOf(["\ufdfa".repeat(20)])).toBeUndefined();
  const many = Array.from({ length: KEYWORDS_MAX + 1 }, (_, at) => `k${at}`);
  expect([keywordsOf(many)?.length, foldKeywords(many).length]).toEqual([
    ...[KEYWORDS_MAX, KEYWORDS_MAX + 1],
  ]);
  expect([keywordsOf([]), keywordsOf(undefined)]).toEqual([undefined, undefined]);
});

test("searches a long text without delay", () => {
  const text = "a".repeat(32_768) + "-".repeat(32_768);
  const keywords = Array.from({ length: KEYWORDS_MAX }, (_, at) => "a".repeat(at + 1));
  expect(keywordSearch(text)(keywords)).toBe(false);
});
