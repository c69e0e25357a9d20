import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, toBase64Url, utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import { DEVICE_CERT_BYTES_MAX } from "../../src/base/limits.ts";
import { checkName } from "../../src/base/names.ts";
import { makeDeviceCert, verifyDeviceCert } from "../../src/crypto/device-cert.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { deviceCertBytes } from "../../src/crypto/signed-bytes.ts";
import { formatFingerprint } from "../../src/wire/fingerprint.ts";
import vector from "../vectors/device-cert.json";
import { identityOfSeed } from "./seed-identity.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const account = identityOfSeed(hex(vector.accountSeed));
const golden = hex(vector.bytes);
const payload = JSON.parse(vector.payload);

function signed(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  return concatBytes(account.sign(deviceCertBytes(bytes)), bytes);
}

describe("device certificate", () => {
  test("matches the golden vector", () => {
    expect(verifyDeviceCert(golden)).toEqual(payload);
    expect(utf8Decode(golden.subarray(64))).toBe(vector.payload);
    const made = makeDeviceCert(account, {
      server: payload.server,
      user: payload.user,
      deviceKey: hex(vector.deviceKey),
      kind: payload.kind,
      signedAtUnixMs: payload.iat,
    });
    expect(made.toHex()).toBe(vector.bytes);
  });

  test("fits the longest valid certificate in the size limit", () => {
    const made = makeDeviceCert(account, {
      server: formatFingerprint(account.fingerprint),
      user: checkName("x".repeat(32)),
      deviceKey: Identity.generate().publicKey,
      kind: "web",
      signedAtUnixMs: Number.MAX_SAFE_INTEGER,
    });
    expect(made.length).toBeLessThan(DEVICE_CERT_BYTES_MAX);
  });

  test("rejects any flipped bit and any truncation", () => {
    for (let i = 0; i < golden.length; i++) {
      const flipped = golden.slice();
      flipped[i] = (flipped[i] ?? 0) ^ 1;
      expect(verifyDeviceCert(flipped)).toBeUndefined();
      expect(verifyDeviceCert(golden.subarray(0, i))).toBeUndefined();
    }
  });

  test("rejects arbitrary bytes without throwing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(verifyDeviceCert(bytes)).toBeUndefined();
      }),
    );
  });

  const variants: Record<string, string> = {
    "another version": JSON.stringify({ ...payload, v: 2 }),
    "another kind": JSON.stringify({ ...payload, kind: "tv" }),
    "no name": JSON.stringify({ ...payload, user: "a b" }),
    "a bare fingerprint": JSON.stringify({ ...payload, server: payload.server.slice(7) }),
    "a short key": JSON.stringify({ ...payload, dev: toBase64Url(new Uint8Array(31)) }),
    "another account's key": JSON.stringify({ ...payload, uik: payload.dev }),
    "a time with a fraction": JSON.stringify({ ...payload, iat: 1.5 }),
    "a field too many": JSON.stringify({ ...payload, more: 1 }),
    "another order": JSON.stringify({ user: payload.user, ...payload }),
    "a space": vector.payload.replace(",", ", "),
    "no object": "null",
    "beyond the bound": `${vector.payload}${" ".repeat(DEVICE_CERT_BYTES_MAX)}`,
  };
  test.each(Object.entries(variants))(
    "rejects a correctly signed certificate with %s",
    (_, text) => {
      expect(verifyDeviceCert(signed(text))).toBeUndefined();
    },
  );
});
