/**
 * Ed25519 and X25519 in script, for browsers whose WebCrypto lacks them. Loaded only there. Scripts
 * can read these keys, and their use may take a time that depends on them.
 */

import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { concatBytes, fromBase64Url, KEY_BYTES, toBase64Url } from "../../base/bytes.ts";
import { PKCS8_PREFIXES } from "../../crypto/pkcs8.ts";
import type { Curve } from "./curve-support.ts";

type BufferSource = ArrayBuffer | ArrayBufferView;

/** Stands for a `CryptoKey`, of which callers use these properties. */
class CurveKey {
  readonly extractable = true;
  readonly algorithm: { readonly name: Curve };

  constructor(
    readonly curve: Curve,
    readonly type: "private" | "public",
    readonly bytes: Uint8Array<ArrayBuffer>,
    readonly usages: readonly string[],
  ) {
    this.algorithm = { name: curve };
  }
}

function publicBytes({ curve, type, bytes }: CurveKey): Uint8Array<ArrayBuffer> {
  if (type === "public") return bytes;
  return new Uint8Array((curve === "Ed25519" ? ed25519 : x25519).getPublicKey(bytes));
}

function bytesOf(source: BufferSource): Uint8Array<ArrayBuffer> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source.slice(0));
  const { buffer, byteOffset, byteLength } = source;
  return new Uint8Array(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
}

function sizedKey(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.length !== KEY_BYTES) throw new DOMException("wrong length of a key", "DataError");
  return bytes;
}

function importedKey(
  curve: Curve,
  format: string,
  source: unknown,
  usages: readonly string[],
): CurveKey {
  if (format === "jwk") {
    const { d, x = "" } = source as { readonly d?: string; readonly x?: string };
    const bytes = sizedKey(new Uint8Array(fromBase64Url(d ?? x)));
    return new CurveKey(curve, d === undefined ? "public" : "private", bytes, usages);
  }
  const bytes = bytesOf(source as BufferSource);
  if (format === "raw") return new CurveKey(curve, "public", sizedKey(bytes), usages);
  if (format !== "pkcs8") throw new DOMException(format, "NotSupportedError");
  return new CurveKey(curve, "private", sizedKey(bytes.slice(-KEY_BYTES)), usages);
}

function exportedKey(key: CurveKey, format: string): unknown {
  switch (format) {
    case "raw":
      return publicBytes(key).slice().buffer;
    case "pkcs8":
      return concatBytes(PKCS8_PREFIXES[key.curve], key.bytes).buffer;
    case "jwk": {
      const { curve: crv, type, bytes, usages } = key;
      const x = toBase64Url(publicBytes(key));
      const d = type === "private" ? { d: toBase64Url(bytes) } : {};
      return { kty: "OKP", crv, x, ...d, key_ops: usages, ext: true };
    }
    default:
      throw new DOMException(format, "NotSupportedError");
  }
}

function generatedPair(curve: Curve): { privateKey: CurveKey; publicKey: CurveKey } {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  const [own, other] = curve === "Ed25519" ? [["sign"], ["verify"]] : [["deriveBits"], []];
  const privateKey = new CurveKey(curve, "private", bytes, own);
  return { privateKey, publicKey: new CurveKey(curve, "public", publicBytes(privateKey), other) };
}

function nameOf(algorithm: unknown): string {
  return typeof algorithm === "string"
    ? algorithm
    : String((algorithm as { readonly name?: unknown }).name);
}

type Method = (...args: readonly never[]) => Promise<unknown>;

/** Adds the curves to an object that lacks them; it does everything else as before. */
export function addCurves(subtle: SubtleCrypto, curves: readonly Curve[]): void {
  const curveOf = (algorithm: unknown) => curves.find((curve) => curve === nameOf(algorithm));
  const extend = (name: string, act: (...args: never[]) => unknown) => {
    const native = (subtle as unknown as Record<string, Method>)[name];
    const value = async (...args: never[]) => act(...args) ?? (await native?.apply(subtle, args));
    Object.defineProperty(subtle, name, { value, configurable: true });
  };
  extend("generateKey", (algorithm: unknown) => {
    const curve = curveOf(algorithm);
    return curve && generatedPair(curve);
  });
  extend(
    "importKey",
    (
      ...[format, source, algorithm, , usages]: readonly [
        string,
        unknown,
        unknown,
        boolean,
        string[],
      ]
    ) => {
      const curve = curveOf(algorithm);
      return curve && importedKey(curve, format, source, usages);
    },
  );
  extend("exportKey", (format: string, key: unknown) =>
    key instanceof CurveKey ? exportedKey(key, format) : undefined,
  );
  extend("sign", (_: unknown, key: unknown, message: BufferSource) =>
    key instanceof CurveKey
      ? new Uint8Array(ed25519.sign(bytesOf(message), key.bytes)).buffer
      : undefined,
  );
  extend("verify", (_: unknown, key: unknown, signature: BufferSource, message: BufferSource) =>
    key instanceof CurveKey
      ? ed25519.verify(bytesOf(signature), bytesOf(message), publicBytes(key), { zip215: false })
      : undefined,
  );
  extend("deriveBits", (algorithm: unknown, key: unknown) => {
    if (!(key instanceof CurveKey)) return undefined;
    const { public: other } = algorithm as { readonly public: CurveKey };
    return new Uint8Array(x25519.getSharedSecret(key.bytes, publicBytes(other))).buffer;
  });
}
