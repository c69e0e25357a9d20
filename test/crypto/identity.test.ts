import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../src/base/bytes.ts";
import { Identity, verifySignature } from "../../src/crypto/identity.ts";

const identity = Identity.generate();

describe("identity", () => {
  test("round-trips through PEM", () => {
    const again = Identity.fromPem(identity.toPem());
    expect(again.publicKey).toEqual(identity.publicKey);
    expect(again.fingerprint).toBe(identity.fingerprint);
    const bytes = utf8Encode("hello");
    expect(verifySignature(identity.publicKey, bytes, again.sign(bytes))).toBe(true);
  });

  test("rejects a signature after any flipped bit", () => {
    const bytes = utf8Encode("what was signed");
    const signature = identity.sign(bytes);
    for (const complete of [bytes, signature]) {
      for (let i = 0; i < complete.length * 8; i++) {
        const flipped = complete.slice();
        flipped[i >> 3] = (flipped[i >> 3] ?? 0) ^ (1 << (i & 7));
        const isSignature = complete === signature;
        const holds = verifySignature(
          identity.publicKey,
          isSignature ? bytes : flipped,
          isSignature ? flipped : signature,
        );
        expect(holds).toBe(false);
      }
    }
  });

  test("verifies malformed keys, texts and signatures without throwing", () => {
    const some = fc.uint8Array({ maxLength: 80 });
    const key = fc.oneof(some, fc.uint8Array({ minLength: 32, maxLength: 32 }));
    const signature = fc.oneof(some, fc.uint8Array({ minLength: 64, maxLength: 64 }));
    fc.assert(
      fc.property(key, some, signature, (k, text, sig) => {
        expect(typeof verifySignature(k, text, sig)).toBe("boolean");
      }),
    );
  });

  test("names the file when rejecting another kind of key", () => {
    expect(() => Identity.fromPem("nonsense", "/data/identity.key")).toThrow(
      "/data/identity.key is not an Ed25519 private key",
    );
  });
});
