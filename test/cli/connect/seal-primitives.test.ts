import { expect, test } from "bun:test";
import fc from "fast-check";
import { nativeSealPrimitives } from "../../../src/cli/connect/keys.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { makeSuite } from "../../../src/crypto/seal/suite.ts";
import { rejection } from "../../rejection.ts";
import { sampleSize } from "../../samples.ts";

const device = Identity.generate();
const signer = { publicKey: device.publicKey, sign: (bytes: Uint8Array) => device.sign(bytes) };
const native = await makeSuite(signer, nativeSealPrimitives);
const web = await makeSuite(signer);
const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });

test("the runtime computes the same results as WebCrypto", async () => {
  await fc.assert(
    fc.asyncProperty(
      ...[bytes(32, 32), bytes(300, 1), fc.oneof(bytes(0), bytes(32, 32))],
      fc.integer({ min: 1, max: 255 * 32 }),
      async (key, text, salt, size) => {
        expect(await native.hash.digest(text)).toEqual(await web.hash.digest(text));
        const mac = await web.hash.mac(key, text);
        expect(await native.hash.mac(key, text)).toEqual(mac);
        expect(await native.hash.verifyMac(key, mac, text)).toBe(true);
        expect(await native.hash.verifyMac(key, mac.subarray(1), text)).toBe(false);
        const other = mac.with(31, (mac[31] ?? 0) ^ 1);
        expect(await native.hash.verifyMac(key, other, text)).toBe(false);
        const expanded = await web.kdf.expand(key, text, size);
        expect(await native.kdf.expand(key, text, size)).toEqual(expanded);
        expect(await native.kdf.extract(salt, text)).toEqual(await web.kdf.extract(salt, text));
      },
    ),
    { seed: 1, numRuns: sampleSize(40, 200) },
  );
  expect(native.kdf.size).toBe(web.kdf.size);
  await rejection(native.kdf.expand(new Uint8Array(32), new Uint8Array(1), 255 * 32 + 1));
});

test("each implementation decrypts only what the other encrypted", async () => {
  await fc.assert(
    fc.asyncProperty(
      ...[bytes(16, 16), bytes(12, 12), bytes(40), bytes(300)],
      async (key, nonce, aad, text) => {
        const sealed = await native.hpke.encryptAead(key, nonce, aad, text);
        expect(sealed).toEqual(await web.hpke.encryptAead(key, nonce, aad, text));
        expect(await native.hpke.decryptAead(key, nonce, aad, sealed)).toEqual(text);
        expect(await web.hpke.decryptAead(key, nonce, aad, sealed)).toEqual(text);
        for (const at of [0, sealed.length - 1]) {
          const other = sealed.with(at, (sealed[at] ?? 0) ^ 1);
          await rejection(native.hpke.decryptAead(key, nonce, aad, other));
        }
        await rejection(native.hpke.decryptAead(key, nonce, aad, sealed.subarray(0, 15)));
      },
    ),
    { seed: 1, numRuns: sampleSize(40, 200) },
  );
});
