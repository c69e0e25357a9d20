import { expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { toUnshared } from "../../../src/crypto/seal/unshared.ts";
import { rejection } from "../../rejection.ts";
import { SeededRandom } from "../seeded-random.ts";
import { seededCrypto } from "./web-crypto.ts";

const bytesOf = (text: string) => toUnshared(utf8Encode(text));

async function outcomes({ subtle }: Crypto): Promise<readonly string[]> {
  const hex = (bytes: ArrayBuffer) => new Uint8Array(bytes).toHex();
  const key = new Uint8Array(32).map((_, at) => at + 1);
  const [text, iv, additionalData] = [bytesOf("text"), new Uint8Array(12), bytesOf("aad")];
  const aes = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  const sealed = await subtle.encrypt({ name: "AES-GCM", iv, additionalData }, aes, text);
  const opened = await subtle.decrypt({ name: "AES-GCM", iv, additionalData }, aes, sealed);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const mac = await subtle.sign(
    "HMAC",
    await subtle.importKey("raw", key, hmac, false, ["sign"]),
    text,
  );
  const base = await subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: iv, info: text };
  const prefix = Uint8Array.fromHex("302e020100300506032b656e04220420");
  const pkcs8 = new Uint8Array([...prefix, ...key]);
  const own = await subtle.importKey("pkcs8", pkcs8, "X25519", true, ["deriveBits"]);
  const { x = "" } = (await subtle.exportKey("jwk", own)) as { readonly x?: string };
  const raw = Uint8Array.fromBase64(x, { alphabet: "base64url" });
  const other = await subtle.importKey("raw", raw, "X25519", true, []);
  const shared = await subtle.deriveBits({ name: "X25519", public: other } as never, own, 256);
  return [
    hex(sealed),
    hex(opened),
    hex(mac),
    x,
    hex(shared),
    hex(await subtle.deriveBits(hkdf as never, base, 256)),
    hex(await subtle.digest("SHA-256", text)),
    hex((await subtle.exportKey("raw", other)) as ArrayBuffer),
  ];
}

test("the simulated WebCrypto computes the same values as the real one", async () => {
  const seeded = seededCrypto(new SeededRandom(1).bytes);
  expect(await outcomes(seeded)).toEqual(await outcomes(crypto));
});

test("the simulated WebCrypto checks signatures and integrity like the real one", async () => {
  const { subtle } = seededCrypto(new SeededRandom(1).bytes);
  const identity = Identity.generate();
  const text = bytesOf("text");
  const signature = toUnshared(identity.sign(text));
  const key = await subtle.importKey("raw", toUnshared(identity.publicKey), "Ed25519", false, [
    "verify",
  ]);
  expect(await subtle.verify("Ed25519", key, signature, text)).toBe(true);
  expect(await subtle.verify("Ed25519", key, signature, bytesOf("next"))).toBe(false);
  const aes = await subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["decrypt"]);
  const options = { name: "AES-GCM", iv: new Uint8Array(12) };
  expect(await rejection(subtle.decrypt(options, aes, new Uint8Array(40)))).toBeInstanceOf(Error);
});
