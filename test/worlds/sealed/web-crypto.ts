/**
 * Subset of WebCrypto that sealed rooms use, computed synchronously with seeded random numbers. The
 * real WebCrypto answers from threads, in any order. Unknown operations throw.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
  verify as verifyNative,
} from "node:crypto";

export type RandomBytes = (count: number) => Uint8Array;

interface Key {
  readonly algorithm: { readonly name: string };
  readonly type: "secret" | "private" | "public";
  readonly extractable: boolean;
  readonly usages: readonly string[];
  readonly raw: Uint8Array;
  handle?: KeyObject;
}

type Bytes = ArrayBuffer | ArrayBufferView;
interface Jwk {
  readonly [field: string]: unknown;
  readonly x?: string;
  readonly d?: string;
}
type Algorithm = string | { readonly name: string; readonly [field: string]: unknown };

const PREFIX: Readonly<Record<string, { readonly spki: string; readonly pkcs8: string }>> = {
  X25519: { spki: "302a300506032b656e032100", pkcs8: "302e020100300506032b656e04220420" },
  Ed25519: { spki: "302a300506032b6570032100", pkcs8: "302e020100300506032b657004220420" },
};
const TAG_BYTES = 16;
const KEY_BYTES = 32;

export function seededCrypto(random: RandomBytes): Crypto {
  const subtle = { importKey, exportKey, digest, sign, verify, encrypt, decrypt, deriveBits };
  return {
    getRandomValues: <Value extends Uint8Array>(into: Value): Value => {
      into.set(random(into.length));
      return into;
    },
    subtle: {
      ...subtle,
      generateKey: async (algorithm: Algorithm) => {
        const name = nameOf(algorithm);
        const privateKey = privateOf(name, random(KEY_BYTES));
        const raw = publicRaw(createPublicKey(handleOf(privateKey)));
        return { privateKey, publicKey: publicOf(name, raw) };
      },
    },
  } as unknown as Crypto;
}

async function importKey(format: string, data: Bytes | Jwk, algorithm: Algorithm): Promise<Key> {
  const name = nameOf(algorithm);
  if (format === "jwk") {
    const { x = "", d } = data as Jwk;
    const of = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));
    return d === undefined ? publicOf(name, of(x)) : privateOf(name, of(d));
  }
  const raw = bytesOf(data as Bytes);
  if (format === "pkcs8" && PREFIX[name] !== undefined) {
    return privateOf(name, raw.subarray(raw.length - KEY_BYTES));
  }
  if (format !== "raw") throw new Error(`no import of ${format}`);
  if (PREFIX[name] !== undefined) return publicOf(name, raw);
  if (!["AES-GCM", "HMAC", "HKDF"].includes(name)) throw new Error(`no key for ${name}`);
  return { algorithm: { name }, type: "secret", extractable: true, usages: [], raw };
}

async function exportKey(format: string, key: Key): Promise<ArrayBuffer | Jwk> {
  if (format === "raw") return ownedBuffer(key.raw);
  if (format !== "jwk") throw new Error(`no export as ${format}`);
  const { crv, kty, x, d } = handleOf(key).export({ format: "jwk" });
  return { crv, kty, x, ...(d === undefined ? {} : { d }), ext: true } as Jwk;
}

async function digest(algorithm: Algorithm, data: Bytes): Promise<ArrayBuffer> {
  const name = nameOf(algorithm).toLowerCase().replace("-", "");
  return ownedBuffer(createHash(name).update(bytesOf(data)).digest());
}

async function sign(algorithm: Algorithm, key: Key, data: Bytes): Promise<ArrayBuffer> {
  if (nameOf(algorithm) !== "HMAC") throw new Error("only the device's own key signs");
  return ownedBuffer(mac(key, data));
}

async function verify(
  algorithm: Algorithm,
  key: Key,
  signature: Bytes,
  data: Bytes,
): Promise<boolean> {
  const given = bytesOf(signature);
  if (nameOf(algorithm) === "Ed25519") {
    return verifyNative(null, bytesOf(data), handleOf(key), given);
  }
  const right = mac(key, data);
  return right.length === given.length && timingSafeEqual(right, given);
}

interface GcmOptions {
  readonly name: string;
  readonly iv: Bytes;
  readonly additionalData?: Bytes;
}

async function encrypt(options: GcmOptions, key: Key, data: Bytes): Promise<ArrayBuffer> {
  const cipher = createCipheriv(aesOf(key), key.raw, bytesOf(options.iv));
  if (options.additionalData !== undefined) cipher.setAAD(bytesOf(options.additionalData));
  const parts = [cipher.update(bytesOf(data)), cipher.final()];
  return ownedBuffer(Buffer.concat([...parts, cipher.getAuthTag()]));
}

async function decrypt(options: GcmOptions, key: Key, data: Bytes): Promise<ArrayBuffer> {
  const sealed = bytesOf(data);
  const decipher = createDecipheriv(aesOf(key), key.raw, bytesOf(options.iv));
  if (options.additionalData !== undefined) decipher.setAAD(bytesOf(options.additionalData));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  return ownedBuffer(Buffer.concat([plain, decipher.final()]));
}

interface Derivation {
  readonly name: string;
  readonly public: Key;
  readonly salt: Bytes;
  readonly info: Bytes;
}

async function deriveBits(algorithm: Derivation, key: Key, bits: number): Promise<ArrayBuffer> {
  if (algorithm.name === "HKDF") {
    const { salt, info } = algorithm;
    return hkdfSync("sha256", key.raw, bytesOf(salt), bytesOf(info), bits / 8);
  }
  const secret = diffieHellman({
    privateKey: handleOf(key),
    publicKey: handleOf(algorithm.public),
  });
  if (secret.every((byte) => byte === 0)) throw new Error("a point of small order");
  return ownedBuffer(secret);
}

function aesOf({ raw }: Key): "aes-128-gcm" | "aes-256-gcm" {
  return raw.length === KEY_BYTES ? "aes-256-gcm" : "aes-128-gcm";
}

function mac({ raw }: Key, data: Bytes): Buffer {
  return createHmac("sha256", raw).update(bytesOf(data)).digest();
}

function publicOf(name: string, raw: Uint8Array): Key {
  return { algorithm: { name }, type: "public", extractable: true, usages: [], raw };
}

function privateOf(name: string, seed: Uint8Array): Key {
  const usages = ["deriveBits"];
  return { algorithm: { name }, type: "private", extractable: true, usages, raw: seed };
}

function publicRaw(handle: KeyObject): Uint8Array {
  return new Uint8Array(handle.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES));
}

/** Made when first used, because most keys of a simulation are never used. */
function handleOf(key: Key): KeyObject {
  key.handle ??= newHandle(key);
  return key.handle;
}

function newHandle({ algorithm, type, raw }: Key): KeyObject {
  const prefix = PREFIX[algorithm.name];
  if (prefix === undefined) throw new Error("a key of another kind");
  const der = (hex: string) => Buffer.concat([Buffer.from(hex, "hex"), raw]);
  return type === "private"
    ? createPrivateKey({ key: der(prefix.pkcs8), format: "der", type: "pkcs8" })
    : createPublicKey({ key: der(prefix.spki), format: "der", type: "spki" });
}

function nameOf(algorithm: Algorithm): string {
  return typeof algorithm === "string" ? algorithm : algorithm.name;
}

function bytesOf(data: Bytes): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function ownedBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
