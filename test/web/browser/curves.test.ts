import { expect, test } from "bun:test";
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { addMissingCurves } from "../../../src/web/browser/curve-support.ts";
import { PageDevice } from "../../../src/web/browser/device-key.ts";
import { MemoryStore } from "../../../src/web/browser/indexed-db.ts";

const CURVES = ["Ed25519", "X25519"];
const native = crypto.subtle;
const natives = native as never as Record<string, (...given: unknown[]) => unknown>;

/** WebCrypto of a browser that lacks the curves. */
function olderSubtle(): SubtleCrypto {
  const names = ["digest", "generateKey", "importKey", "exportKey", "sign", "verify"] as const;
  const refused = (arg: unknown) => CURVES.includes(String(Object(arg).name ?? arg));
  return Object.fromEntries(
    [...names, "deriveBits", "encrypt", "decrypt"].map((name) => [
      name,
      async (...args: unknown[]) => {
        if (args.slice(0, 3).some(refused)) throw new DOMException("no curve", "NotSupportedError");
        return natives[name]?.apply(native, args);
      },
    ]),
  ) as never;
}

async function patched(): Promise<SubtleCrypto> {
  const subtle = olderSubtle();
  await addMissingCurves(subtle);
  return subtle;
}

const message = new TextEncoder().encode("message");

test("signs and verifies as WebCrypto does, in both directions", async () => {
  const subtle = await patched();
  const pair = (await subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
  const raw = await subtle.exportKey("raw", pair.publicKey);
  const pkcs8 = await subtle.exportKey("pkcs8", pair.privateKey);
  const ownKey = await native.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const [signature, own] = await Promise.all([
    subtle.sign("Ed25519", pair.privateKey, message),
    native.sign("Ed25519", ownKey, message),
  ]);
  expect(Buffer.from(signature)).toEqual(Buffer.from(own));
  const [soft, hard] = await Promise.all([
    subtle.importKey("raw", raw, "Ed25519", true, ["verify"]),
    native.importKey("raw", raw, "Ed25519", true, ["verify"]),
  ]);
  expect(await subtle.verify("Ed25519", soft, own, message)).toBe(true);
  expect(await native.verify("Ed25519", hard, signature, message)).toBe(true);
  expect(await subtle.verify("Ed25519", soft, own, message.slice(1))).toBe(false);
  const jwk = await subtle.exportKey("jwk", pair.privateKey);
  expect(jwk.x).toBe((await native.exportKey("jwk", ownKey)).x);
});

test("does everything else as before", async () => {
  const subtle = await patched();
  const key = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]);
  expect(key).toBeInstanceOf(CryptoKey);
  const current = { importKey: native.importKey.bind(native) } as SubtleCrypto;
  const { importKey } = current;
  await addMissingCurves(current);
  expect(current.importKey).toBe(importKey);
});

test("keeps a device's key over reloads, and protects it once the browser can", async () => {
  const store = new MemoryStore();
  const entropy = (n: number) => new Uint8Array(n);
  const options = { store, subtle: await patched(), entropy };
  const first = await PageDevice.open(options);
  expect([first.canSign, first.isStored]).toEqual([true, true]);
  const signature = await first.device.sign(message);
  const second = await PageDevice.open({ ...options, subtle: await patched() });
  expect(second.device.publicKey).toEqual(first.device.publicKey);
  expect(await second.device.sign(message)).toEqual(signature);
  const { pkcs8 } = (await store.get("keys", "device")) as { readonly pkcs8: Uint8Array };
  expect(pkcs8).toHaveLength(48);
  const updated = await PageDevice.open({ ...options, subtle: native as never });
  expect(await updated.device.sign(message)).toEqual(signature);
  const row = (await store.get("keys", "device")) as { readonly privateKey: CryptoKey };
  expect([row.privateKey.extractable, "pkcs8" in row]).toEqual([false, false]);
});

test("encrypts to X25519 keys as HPKE does", async () => {
  const suite = () =>
    new CipherSuite({
      kem: new DhkemX25519HkdfSha256(),
      kdf: new HkdfSha256(),
      aead: new Aes128Gcm(),
    });
  const recipient = await suite().kem.generateKeyPair();
  const key = Buffer.from(await suite().kem.serializePrivateKey(recipient.privateKey));
  const soft = await patched();
  const jwk = await native.exportKey("jwk", recipient.privateKey);
  const pkcs8 = await native.exportKey("pkcs8", recipient.privateKey);
  const own = await soft.importKey("pkcs8", pkcs8, "X25519", true, ["deriveBits"]);
  expect((await soft.exportKey("jwk", own)).x).toBe(jwk.x);
  const other = (await soft.generateKey("X25519", true, ["deriveBits"])) as CryptoKeyPair;
  const raw = await soft.exportKey("raw", other.publicKey);
  const hardOther = await native.importKey("raw", raw, "X25519", true, []);
  const hard = await native.deriveBits(
    { name: "X25519", public: hardOther },
    recipient.privateKey,
    256,
  );
  const bits = await soft.deriveBits({ name: "X25519", public: other.publicKey }, own, 256);
  expect(Buffer.from(bits)).toEqual(Buffer.from(hard));
  expect(key).toHaveLength(32);
});

test("takes no curve whose keys the browser cannot store", async () => {
  const subtle = {
    importKey: async () => ({ refuses: () => "a copy" }),
    generateKey: () => Promise.reject(new Error("not asked")),
  };
  await addMissingCurves(subtle as never);
  const pair = await (subtle as never as SubtleCrypto).generateKey("Ed25519", false, ["sign"]);
  expect(pair).toMatchObject({ privateKey: { type: "private" } });
});
