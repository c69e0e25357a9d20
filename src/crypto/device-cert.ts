/** Signatures of device certificates. */

import { assert } from "../base/assert.ts";
import { concatBytes, fromBase64Url } from "../base/bytes.ts";
import {
  type DeviceCert,
  type DeviceCertRequest,
  deviceCertPayload,
  parseDeviceCert,
} from "./cert-payload.ts";
import { type Identity, verifySignature } from "./identity.ts";
import { deviceCertBytes } from "./signed-bytes.ts";

export function makeDeviceCert(account: Identity, request: DeviceCertRequest): Uint8Array {
  const payload = deviceCertPayload(request, account.publicKey);
  const bytes = concatBytes(account.sign(deviceCertBytes(payload)), payload);
  assert(verifyDeviceCert(bytes) !== undefined, "the new certificate is valid");
  return bytes;
}

/**
 * Checks only format and signature. The caller must compare `uik`, `dev`, `user` and `server` with
 * the expected values.
 */
export function verifyDeviceCert(bytes: Uint8Array): DeviceCert | undefined {
  const parsed = parseDeviceCert(bytes);
  if (parsed === undefined) return undefined;
  const { cert, payload, signature } = parsed;
  const isSigned = verifySignature(fromBase64Url(cert.uik), deviceCertBytes(payload), signature);
  return isSigned ? cert : undefined;
}
