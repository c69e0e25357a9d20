import { expect, test } from "bun:test";
import { utf8Encode } from "../../src/base/bytes.ts";
import { parseReleaseKey, verifyRelease } from "../../src/crypto/minisign.ts";
import { faultCode } from "../fault-code.ts";

// Created by minisign 0.11: `minisign -G -W`, then `minisign -S -m SHA256SUMS -t "chat 0.2.0"`.
const KEY = "RWSXIhTuyhhYxh2SvG4T1Asns+kpxz+AMvMvmcCGoh1pubLAezp0BSAn";
const OTHER_KEY = "RWSuwcyQu/ZjZTdaLVGonXIGTOmyHpGwOc9Si9BKogW4zjwuweJfMaX2";
const SIGNATURE = `untrusted comment: signature from minisign secret key
RUSXIhTuyhhYxs4QiKRgLStVUjzx7RjSpzy6C2j//s88fbQBC2+elQ0j2gxN1RQU9eLVbnP9kApNeHC0/aF6J/+linS8CTCeiQ0=
trusted comment: chat 0.2.0
7HzD33tgwvAhY1mVNQaWCdGXPrZTE98m2Zp4ASzc0hUaCFbGg05oQdd606Drj4dNQeVjvCjsh/ZFvoXUk9f2AQ==
`;
const CONTENT = utf8Encode("abc\n");
const verify = (signature: string, content = CONTENT, key = KEY) =>
  faultCode(() => verifyRelease(parseReleaseKey(key), content, signature));

test("verifies a minisign signature and returns its trusted comment", () => {
  const key = parseReleaseKey(`untrusted comment: minisign public key\n${KEY}\n`);
  expect(verifyRelease(key, CONTENT, SIGNATURE)).toBe("chat 0.2.0");
  expect(verifyRelease(key, CONTENT, SIGNATURE.replaceAll("\n", "\r\n"))).toBe("chat 0.2.0");
});

test("refuses another file, key, comment or signature", () => {
  expect(verify(SIGNATURE, utf8Encode("abd\n"))).toBe("release-untrusted");
  expect(verify(SIGNATURE, CONTENT, OTHER_KEY)).toBe("release-untrusted");
  expect(verify(SIGNATURE.replace("0.2.0", "0.3.0"))).toBe("release-untrusted");
  for (let i = 0; i < SIGNATURE.length; i++) {
    const changed = `${SIGNATURE.slice(0, i)}~${SIGNATURE.slice(i + 1)}`;
    const isUntrustedComment = i >= 19 && i < SIGNATURE.indexOf("\n");
    expect([i, verify(changed)]).toEqual([i, isUntrustedComment ? "none" : "release-untrusted"]);
    // Skips cuts inside the Base64 padding, which decoders may ignore.
    if (i < SIGNATURE.length - 3) expect(verify(SIGNATURE.slice(0, i))).toBe("release-untrusted");
  }
});

test.each(["", "RWSX", KEY.slice(1), `${KEY}AAAA`, KEY.replace("RW", "RU"), "untrusted comment: "])(
  "refuses the public key %p",
  (text) => expect(faultCode(() => parseReleaseKey(text))).toBe("usage"),
);
