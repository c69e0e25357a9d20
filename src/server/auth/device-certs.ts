/** Verification of device certificates, which account keys sign. */

import { toBase64Url } from "../../base/bytes.ts";
import { verifyDeviceCert } from "../../crypto/device-cert.ts";
import type { Identity } from "../../crypto/identity.ts";
import { formatFingerprint } from "../../wire/fingerprint.ts";

interface SignedDevice {
  readonly user: string;
  readonly accountKey: Uint8Array;
  readonly deviceKey: Uint8Array;
}

export function isCertifiedBy(
  deviceCert: Uint8Array,
  { fingerprint }: Pick<Identity, "fingerprint">,
  { user, accountKey, deviceKey }: SignedDevice,
): boolean {
  const cert = verifyDeviceCert(deviceCert);
  return (
    cert !== undefined &&
    cert.user === user &&
    cert.server === formatFingerprint(fingerprint) &&
    cert.dev === toBase64Url(deviceKey) &&
    cert.uik === toBase64Url(accountKey)
  );
}
