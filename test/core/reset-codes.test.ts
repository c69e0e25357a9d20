import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  findResetCode,
  isWrittenAsCode,
  newResetCode,
  parseResetCode,
} from "../../src/core/reset-codes.ts";
import { faultCode } from "../fault-code.ts";
import { sampleSize } from "../samples.ts";

const CODE = /^(?:[0-9CDFGHJKMNPQRTV-Y]{4}-){2}[0-9CDFGHJKMNPQRTV-Y]{4}$/;
const codes = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => newResetCode(() => bytes));

test("makes codes of three groups without letters that look alike", () => {
  fc.assert(
    fc.property(codes, (code) => {
      expect(code).toMatch(CODE);
      expect([findResetCode(code), isWrittenAsCode(code)]).toEqual([code, true]);
    }),
    { numRuns: sampleSize(500, 5_000) },
  );
});

test("reads a code as people type it", () => {
  const typing = fc.record({
    code: codes,
    separator: fc.constantFrom(
      "",
      " ",
      "-",
      " - ",
      "\u2010",
      "\u2011",
      "–",
      "—",
      "−",
      "\u00ad",
      ".",
      "\t",
    ),
    alike: fc.constantFrom("0O1I2Z3E4A5S8BVU", "0o1l2z3e4a5s8bvu", "0О1І5Ѕ8В4АCС", ""),
    before: fc.constantFrom("", " ", "\u200b", "'"),
  });
  fc.assert(
    fc.property(typing, ({ code, separator, alike, before }) => {
      const pairs = new Map<string, string>();
      for (let i = 0; i < alike.length; i += 2) pairs.set(alike[i] ?? "", alike[i + 1] ?? "");
      const typed = [...code.replaceAll("-", separator)].map((sign) => pairs.get(sign) ?? sign);
      expect(findResetCode(`${before}${typed.join("")}\n`)).toBe(code);
      expect(findResetCode(typed.join("").toLowerCase())).toBe(code);
    }),
    { numRuns: sampleSize(500, 5_000) },
  );
});

test("finds each wrong symbol and each exchange of two", () => {
  const symbols = "0123456789CDFGHJKMNPQRTVWXY";
  const code = newResetCode(() => Uint8Array.from({ length: 16 }, (_, i) => 37 * i + 5)).replaceAll(
    "-",
    "",
  );
  for (let i = 0; i < code.length; i++) {
    for (const symbol of symbols) {
      const typed = `${code.slice(0, i)}${symbol}${code.slice(i + 1)}`;
      expect(findResetCode(typed) === undefined).toBe(symbol !== code[i]);
    }
    for (let j = i + 1; j < code.length; j++) {
      const signs = [...code];
      [signs[i], signs[j]] = [signs[j] ?? "", signs[i] ?? ""];
      expect(findResetCode(signs.join("")) === undefined).toBe(code[i] !== code[j]);
    }
  }
});

test("tells a typing error from a text that is no code", () => {
  const code = newResetCode(() => new Uint8Array(16).fill(7));
  const wrong = code.replace(/.$/, (last) => (last === "7" ? "K" : "7"));
  const messageOf = (typed: string) => {
    try {
      return parseResetCode(typed);
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(messageOf(wrong)).toBe("a letter or digit of this code is wrong");
  for (const typed of [
    "",
    "7-tiger-canoe",
    code.slice(1),
    `${code}A`,
    "correct horse battery",
    "pässword1234",
  ])
    expect(messageOf(typed)).toBe("this is not the code of a card");
  expect(faultCode(() => parseResetCode(""))).toBe("usage");
  expect(isWrittenAsCode("correcthorse")).toBe(false);
});
