/** Device keys, and verification of server signatures. */

import { concatBytes } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { Name } from "../../base/names.ts";
import { type DeviceCertRequest, deviceCertPayload } from "../../crypto/cert-payload.ts";
import { deviceCertBytes } from "../../crypto/signed-bytes.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";

/**
 * Returns the account's public key and its certificate for this device.
 * @throws {Fault} not-allowed if the key cannot sign
 */
export async function certifiedDevice(
  keys: Keys,
  { fingerprint, user, unixMs }: CertificateSubject,
): Promise<{ readonly accountKey: Uint8Array; readonly deviceCert: Uint8Array }> {
  const account = await keys.account(fingerprint, user);
  const request = {
    server: formatFingerprint(fingerprint),
    user,
    deviceKey: keys.device.publicKey,
    kind: keys.kind,
    signedAtUnixMs: unixMs,
  };
  return { accountKey: account.publicKey, deviceCert: await signDeviceCert(account, request) };
}

/** Certifies any device of the account. */
export async function signDeviceCert(
  account: SigningKey,
  request: DeviceCertRequest,
): Promise<Uint8Array> {
  const payload = deviceCertPayload(request, account.publicKey);
  return concatBytes(await account.sign(deviceCertBytes(payload)), payload);
}

interface CertificateSubject {
  readonly fingerprint: Fingerprint;
  readonly user: Name;
  readonly unixMs: number;
}

export interface Verifier {
  readonly sha256: Sha256;
  /** `false` in a browser, which verifies the TLS certificate without revealing it to the page. */
  readonly seesCertificate: boolean;
  /** Always true in a browser without Ed25519, which relies on TLS. */
  verify(
    publicKey: Uint8Array,
    bytes: Uint8Array,
    signature: Uint8Array,
  ): boolean | Promise<boolean>;
}

export interface SigningKey {
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface Keys extends Verifier {
  readonly device: SigningKey;
  /** `false` if the key only identifies the device and users enter a password at each log-in. */
  readonly canSign: boolean;
  readonly kind: "cli" | "web";
  account(server: Fingerprint, user: Name): SigningKey | Promise<SigningKey>;
}
