import { expect, test } from "bun:test";
import { bodyMatcher, type TextQuery } from "../../../src/core/client/grep.ts";

function matcher(query: TextQuery) {
  const found = bodyMatcher(query);
  if (found === undefined) throw new Error("the query matches all");
  return found;
}

test("finds texts, topics and file names, exactly or in any case", () => {
  const exact = matcher({ grep: "Straße" });
  const anyCase = matcher({ grep: "STRASSE", ignoreCase: true });
  for (const field of ["text", "topic", "name"]) {
    expect(exact({ [field]: "a Straße b" })).toBe(true);
    expect(exact({ [field]: "a straße b" })).toBe(false);
    expect(anyCase({ [field]: "a straße b" })).toBe(anyCase({ [field]: "a strasse b" }));
    expect(anyCase({ [field]: "a Strasse b" })).toBe(true);
  }
});

test("does not find other fields, other types or no body", () => {
  const matches = matcher({ grep: "den", ignoreCase: true });
  expect(matches({ reason: "den" })).toBe(false);
  expect(matches({ text: ["den"], topic: 7 })).toBe(false);
  expect(matches(undefined)).toBe(false);
  expect(bodyMatcher({ grep: "" })).toBeUndefined();
});

test("finds all words of a record, wherever they are", () => {
  const matches = matcher({ words: ["budget", "café 3"] });
  const files = [{ name: "Budget-2026.ods" }];
  expect(matches({ text: "for the Cafe, 3rd floor", files })).toBe(true);
  expect(matches({ text: "for the cafe", files })).toBe(false);
  expect(matches({ text: "3 for the cafe", files })).toBe(false);
  expect(matcher({ words: ["a b"] })({ text: "a", topic: "b" })).toBe(false);
  expect(bodyMatcher({ words: [] })).toBeUndefined();
});
