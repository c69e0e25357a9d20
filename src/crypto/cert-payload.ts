/** Signed payload of a device certificate, with which an account key vouches for a device. */

import {
  fromBase64Url,
  KEY_BYTES,
  SIGNATURE_BYTES,
  toBase64Url,
  utf8Decode,
  utf8Encode,
} from "../base/bytes.ts";
import { decodeJson } from "../base/decode.ts";
import { DEVICE_CERT_BYTES_MAX } from "../base/limits.ts";
import { isName, type Name } from "../base/names.ts";
import { formatFingerprint, parseFingerprint } from "../wire/fingerprint.ts";

export type DeviceKind = "cli" | "web";

export interface DeviceCert {
  readonly v: 1;
  readonly server: string;
  readonly user: Name;
  readonly dev: string;
  readonly kind: DeviceKind;
  readonly uik: string;
  readonly iat: number;
}

export interface DeviceCertRequest {
  readonly server: string;
  readonly user: Name;
  readonly deviceKey: Uint8Array;
  readonly kind: DeviceKind;
  readonly signedAtUnixMs: number;
}

export interface UnverifiedCert {
  readonly cert: DeviceCert;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export function deviceCertPayload(request: DeviceCertRequest, accountKey: Uint8Array): Uint8Array {
  const { server, user, kind } = request;
  const [dev, uik] = [toBase64Url(request.deviceKey), toBase64Url(accountKey)];
  const iat = Math.trunc(request.signedAtUnixMs);
  return utf8Encode(canonicalCertJson({ v: 1, server, user, dev, kind, uik, iat }));
}

/** Fixed field order, because sealed rooms compare certificates byte by byte. */
function canonicalCertJson({ v, server, user, dev, kind, uik, iat }: DeviceCert): string {
  return JSON.stringify({ v, server, user, dev, kind, uik, iat });
}

/** @returns `undefined` if the bytes are not a certificate in canonical form */
export function parseDeviceCert(bytes: Uint8Array): UnverifiedCert | undefined {
  if (bytes.length > DEVICE_CERT_BYTES_MAX) return undefined;
  const signature = bytes.subarray(0, SIGNATURE_BYTES);
  const payload = bytes.subarray(SIGNATURE_BYTES);
  try {
    const text = utf8Decode(payload);
    const value: unknown = decodeJson(text);
    const isCanonical = isDeviceCert(value) && canonicalCertJson(value) === text;
    return isCanonical ? { cert: value, payload, signature } : undefined;
  } catch {
    return undefined;
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
  return typeof value === "string" && fromBase64Url(value).length === KEY_BYTES;
}
