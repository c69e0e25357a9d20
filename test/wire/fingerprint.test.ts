import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import {
  fingerprintWith,
  formatFingerprint,
  parseFingerprint,
} from "../../src/wire/fingerprint.ts";
import { faultOf } from "../fault-code.ts";

const fingerprint = fingerprintWith(new Uint8Array(32), () => new Uint8Array(32).fill(255));

test("parses both forms", () => {
  expect(fingerprint).toHaveLength(43);
  expect(parseFingerprint(fingerprint)).toBe(fingerprint);
  expect(parseFingerprint(formatFingerprint(fingerprint))).toBe(fingerprint);
});

const wrapped = `${fingerprint.slice(0, 20)}\r\n  ${fingerprint.slice(20)}`;

test.each([
  ...[`${fingerprint}=`, `sha256:${fingerprint}`, `“SHA256:${fingerprint}”.`, wrapped],
  ...[`\u200b${fingerprint}\ufeff`, `SHA256:\u00a0${fingerprint}`, `(${fingerprint})`],
])("reads '%s' as a mail or terminal shows it", (text) => {
  expect(parseFingerprint(text)).toBe(fingerprint);
});

test.each(["", "SHA256:", "abc", `SHA512:${fingerprint}`, `${fingerprint}A`])(
  "refuses '%s'",
  (text) => expect(() => parseFingerprint(text)).toThrow(Fault),
);

test("tells a mistyped character from a wrong length", () => {
  const remedyOf = (text: string) => faultOf(() => parseFingerprint(text))?.remedy;
  expect(remedyOf(fingerprint.replace(/.$/, "!"))).toBe("a character is mistyped; copy it again");
  expect(remedyOf(fingerprint.slice(1))).toContain("43 letters");
});
