import { expect, test } from "bun:test";
import fc from "fast-check";
import { matchSegments } from "../../../src/core/markup/match.ts";
import { ANY_CHARACTER } from "../../any-character.ts";

function markMatches(text: string, query: string, length = 300): string {
  return matchSegments(text, query, length)
    .map((part) => (part.isMatch ? `[${part.text}]` : part.text))
    .join("");
}

test.each([
  ["An apple, an Apple", "apple", "An [apple], an [Apple]"],
  ["Große Straße", "STRASSE", "Große [Straße]"],
  ["aaaa", "aa", "[aa][aa]"],
  ["cafe\u0301s", "café", "[cafe\u0301]s"],
  ["cafe\u0301s", "cafe", "[cafe\u0301]s"],
  ["the Wi-Fi.", "wifi", "the [Wi-Fi]."],
  ["certificate of the registrar", "registrar certificate", "[certificate] of the [registrar]"],
  ["certificate registrar", '"registrar certificate"', "certificate registrar"],
  ["to  whom,\nit may", '"whom it"', "to  [whom,\nit] may"],
  ["abcd", "abc bcd", "[abcd]"],
  ["really?!", "?!", "really[?!]"],
  ["ﬁnd", "f", "[ﬁ]nd"],
  ["nothing", "apple", "nothing"],
  ["nothing", "", "nothing"],
  ["", "apple", ""],
])("marks matches in %p of %p", (text, query, expected) => {
  expect(markMatches(text, query)).toBe(expected);
});

test("starts shortly before a late match", () => {
  const found = markMatches(`${"x".repeat(1000)} needle ${"y".repeat(1000)}`, "needle", 100);
  expect(found).toStartWith("…xxx");
  expect(found).toContain(" [needle] yyy");
  expect(found.length).toBeLessThanOrEqual("…[]".length + 100);
});

test("cuts the beginning if the match is in the second half", () => {
  const found = (before: number) => markMatches(`${"x".repeat(before)}needle`, "needle", 100);
  expect([found(50).startsWith("…"), found(51).startsWith("…")]).toEqual([false, true]);
});

test("cuts only between characters", () => {
  for (let length = 2; length < 20; length++) {
    expect(markMatches("😀".repeat(50), "x", length)).not.toMatch(/[\ud800-\udbff]$/);
    expect(markMatches(`${"😀".repeat(50)}needle`, "needle", 40 + length)).not.toMatch(
      /^…[\udc00-\udfff]/,
    );
  }
});

test("splits any text into parts that match or do not", () =>
  fc.assert(
    fc.property(
      fc.string({ unit: ANY_CHARACTER }),
      fc.string({ unit: ANY_CHARACTER }),
      (text, query) => {
        const parts = matchSegments(text, query, text.length + 1);
        expect(parts.map((part) => part.text).join("")).toBe(text);
        expect(parts.every((part) => part.text !== "")).toBe(true);
        for (const part of parts.filter(({ isMatch }) => isMatch)) {
          expect(part.text.length).toBeGreaterThan(0);
        }
      },
    ),
  ));

test("omits the ellipsis before a complete text", () => {
  const parts = matchSegments("a\u0301needle", "needle", 3);
  expect(parts.map(({ text }) => text).join("")).toBe("a\u0301n");
});

test("limits the parts of a long text of one letter", () => {
  expect(matchSegments("a".repeat(65_536), "a", 300).length).toBeLessThanOrEqual(301);
});
