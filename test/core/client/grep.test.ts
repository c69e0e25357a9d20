import { expect, test } from "bun:test";
import { bodyMatcher } from "../../../src/core/client/grep.ts";

test("finds texts, topics and file names, exactly or in any case", () => {
  const exact = bodyMatcher("Straße", false);
  const anyCase = bodyMatcher("STRASSE", true);
  for (const field of ["text", "topic", "name"]) {
    expect(exact({ [field]: "a Straße b" })).toBe(true);
    expect(exact({ [field]: "a straße b" })).toBe(false);
    expect(anyCase({ [field]: "a straße b" })).toBe(anyCase({ [field]: "a strasse b" }));
    expect(anyCase({ [field]: "a Strasse b" })).toBe(true);
  }
});

test("does not find other fields, other types or no body", () => {
  const matches = bodyMatcher("den", true);
  expect(matches({ reason: "den" })).toBe(false);
  expect(matches({ text: ["den"], topic: 7 })).toBe(false);
  expect(matches(undefined)).toBe(false);
  expect(bodyMatcher("", false)({ text: "" })).toBe(true);
});
