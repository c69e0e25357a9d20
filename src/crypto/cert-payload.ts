import { toBase64Url, utf8Encode } from "../base/bytes.ts";
import type { Name } from "../base/names.ts";

export type DeviceKind = "cli" | "web";

/** An account key's word that a device is its own. Travels as its signature, then this as JSON. */
export interface DeviceCert {
  readonly v: 1;
  /** `SHA256:` and the fingerprint of the server: the same account elsewhere is another one. */
  readonly server: string;
  readonly user: Name;
  /** The device's raw Ed25519 public key in base64url. */
  readonly dev: string;
  readonly kind: DeviceKind;
  /** The account's raw Ed25519 public key in base64url; it made the signature. */
  readonly uik: string;
  /** Unix milliseconds of signing. */
  readonly iat: number;
}

export interface DeviceCertRequest {
  readonly server: string;
  readonly user: Name;
  readonly deviceKey: Uint8Array;
  readonly kind: DeviceKind;
  readonly signedAtUnixMs: number;
}

/** The UTF-8 JSON under the signature. @param accountKey public half of the key that will sign */
export function deviceCertPayload(request: DeviceCertRequest, accountKey: Uint8Array): Uint8Array {
  const { server, user, kind } = request;
  const [dev, uik] = [toBase64Url(request.deviceKey), toBase64Url(accountKey)];
  const iat = Math.trunc(request.signedAtUnixMs);
  return utf8Encode(canonicalCertJson({ v: 1, server, user, dev, kind, uik, iat }));
}

/** One spelling only: sealed rooms compare certificates as bytes. */
export function canonicalCertJson({ v, server, user, dev, kind, uik, iat }: DeviceCert): string {
  return JSON.stringify({ v, server, user, dev, kind, uik, iat });
}
