import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { Identity, verifySignature } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { formatFingerprint, parseFingerprint } from "../../src/wire/fingerprint.ts";

const identity = Identity.generate();

describe("identity", () => {
  test("comes back whole from its PEM", () => {
    const again = Identity.fromPem(identity.toPem());
    expect(again.publicKey).toEqual(identity.publicKey);
    expect(again.fingerprint).toBe(identity.fingerprint);
    const bytes = utf8Encode("hello");
    expect(verifySignature(identity.publicKey, bytes, again.sign(bytes))).toBe(true);
  });

  test("a flipped bit anywhere breaks the signature", () => {
    const bytes = utf8Encode("what was signed");
    const signature = identity.sign(bytes);
    for (const whole of [bytes, signature]) {
      for (let i = 0; i < whole.length * 8; i++) {
        const flipped = whole.slice();
        flipped[i >> 3] = (flipped[i >> 3] ?? 0) ^ (1 << (i & 7));
        const isSignature = whole === signature;
        const holds = verifySignature(
          identity.publicKey,
          isSignature ? bytes : flipped,
          isSignature ? flipped : signature,
        );
        expect(holds).toBe(false);
      }
    }
  });

  test("no key, text or signature makes verifying throw", () => {
    const some = fc.uint8Array({ maxLength: 80 });
    const key = fc.oneof(some, fc.uint8Array({ minLength: 32, maxLength: 32 }));
    const signature = fc.oneof(some, fc.uint8Array({ minLength: 64, maxLength: 64 }));
    fc.assert(
      fc.property(key, some, signature, (k, text, sig) => {
        expect(typeof verifySignature(k, text, sig)).toBe("boolean");
      }),
    );
  });

  test("another kind of key is refused with the file's name", () => {
    expect(() => Identity.fromPem("nonsense", "/data/identity.key")).toThrow(
      "/data/identity.key is not an Ed25519 private key",
    );
  });
});

describe("fingerprint", () => {
  test("is read with and without its prefix", () => {
    const shown = formatFingerprint(identity.fingerprint);
    expect(shown).toStartWith("SHA256:");
    expect(parseFingerprint(shown)).toBe(identity.fingerprint);
    expect(parseFingerprint(identity.fingerprint)).toBe(identity.fingerprint);
  });

  test.each(["", "SHA256:", "SHA256:abc", "md5:aa:bb", `${"A".repeat(42)}B`, "A".repeat(44)])(
    "refuses %p as the person's mistake",
    (text) => {
      expect(() => parseFingerprint(text)).toThrow(Fault);
    },
  );
});

test("sha256 of the empty text is the well-known one", () => {
  expect(sha256(new Uint8Array(0)).toHex()).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});
