import { assert } from "../base/assert.ts";
import { concatBytes, fromBase64Url, utf8Decode } from "../base/bytes.ts";
import { DEVICE_CERT_BYTES_MAX } from "../base/limits.ts";
import { isName } from "../base/names.ts";
import { formatFingerprint, parseFingerprint } from "../wire/fingerprint.ts";
import {
  canonicalCertJson,
  type DeviceCert,
  type DeviceCertRequest,
  deviceCertPayload,
} from "./cert-payload.ts";
import { type Identity, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, verifySignature } from "./identity.ts";
import { deviceCertBytes } from "./signed-bytes.ts";

export function makeDeviceCert(account: Identity, request: DeviceCertRequest): Uint8Array {
  const payload = deviceCertPayload(request, account.publicKey);
  const bytes = concatBytes(account.sign(deviceCertBytes(payload)), payload);
  assert(verifyDeviceCert(bytes) !== undefined, "a device certificate of ours verifies");
  return bytes;
}

/**
 * Checks form and signature. That `uik`, `dev`, `user` and `server` are the expected ones is for
 * the caller to compare: only it knows them.
 */
export function verifyDeviceCert(bytes: Uint8Array): DeviceCert | undefined {
  if (bytes.length > DEVICE_CERT_BYTES_MAX) return undefined;
  const signature = bytes.subarray(0, SIGNATURE_BYTES);
  const payload = bytes.subarray(SIGNATURE_BYTES);
  const cert = parsePayload(payload);
  if (cert === undefined) return undefined;
  const isSigned = verifySignature(fromBase64Url(cert.uik), deviceCertBytes(payload), signature);
  return isSigned ? cert : undefined;
}

function parsePayload(payload: Uint8Array): DeviceCert | undefined {
  try {
    const text = utf8Decode(payload);
    const value: unknown = JSON.parse(text);
    return isDeviceCert(value) && canonicalCertJson(value) === text ? value : undefined;
  } catch {
    return undefined; // Not UTF-8 or not JSON: no certificate.
  }
}

function isDeviceCert(value: unknown): value is DeviceCert {
  if (typeof value !== "object" || value === null) return false;
  const cert = value as Readonly<Record<keyof DeviceCert, unknown>>;
  return (
    cert.v === 1 &&
    isFingerprint(cert.server) &&
    typeof cert.user === "string" &&
    isName(cert.user) &&
    isPublicKey(cert.dev) &&
    (cert.kind === "cli" || cert.kind === "web") &&
    isPublicKey(cert.uik) &&
    Number.isSafeInteger(cert.iat) &&
    Number(cert.iat) >= 0
  );
}

function isFingerprint(value: unknown): boolean {
  return typeof value === "string" && formatFingerprint(parseFingerprint(value)) === value;
}

function isPublicKey(value: unknown): boolean {
  return typeof value === "string" && fromBase64Url(value).length === PUBLIC_KEY_BYTES;
}
