import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  canParse,
  fromBase64,
  toBase64,
  toHexMethod,
  withResolvers,
} from "../../../src/web/browser/newer-methods.ts";

const bytes = fc.uint8Array({ maxLength: 40 });

test("hex and base64 equal the browser's own", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const url = { alphabet: "base64url", omitPadding: true } as const;
      expect(toHexMethod.call(value)).toBe(value.toHex());
      expect(toBase64.call(value)).toBe(value.toBase64());
      expect(toBase64.call(value, url)).toBe(value.toBase64(url));
      expect([...fromBase64(value.toBase64(url))]).toEqual([...value]);
    }),
  );
});

test.each(["a", "****", "YQ=", "é"])("base64 refuses %j", (text) => {
  expect(() => fromBase64(text)).toThrow();
});

test("a promise is settled from outside", async () => {
  const { promise, resolve } = withResolvers<number>();
  resolve(7);
  expect(await promise).toBe(7);
});

test("tells addresses from other texts", () => {
  expect(["https://example.org/", "https://", "x"].map(canParse)).toEqual([true, false, false]);
});
