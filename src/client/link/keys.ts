import { concatBytes } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { Name } from "../../base/names.ts";
import { deviceCertPayload } from "../../crypto/cert-payload.ts";
import { deviceCertBytes } from "../../crypto/signed-bytes.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";

/**
 * The key of an account, and its word for this device.
 * @throws Fault not-allowed where the key cannot sign
 */
export async function certifiedDevice(
  keys: Keys,
  { fingerprint, user, unixMs }: CertifiedPlace,
): Promise<{ readonly accountKey: Uint8Array; readonly deviceCert: Uint8Array }> {
  const account = await keys.account(fingerprint, user);
  const request = {
    server: formatFingerprint(fingerprint),
    user,
    deviceKey: keys.device.publicKey,
    kind: keys.kind,
    signedAtUnixMs: unixMs,
  };
  const payload = deviceCertPayload(request, account.publicKey);
  const signature = await account.sign(deviceCertBytes(payload));
  return { accountKey: account.publicKey, deviceCert: concatBytes(signature, payload) };
}

interface CertifiedPlace {
  readonly fingerprint: Fingerprint;
  readonly user: Name;
  readonly unixMs: number;
}

/** How a client checks what a server has signed. A browser answers later, other systems at once. */
export interface Verifier {
  readonly sha256: Sha256;
  /** False: a browser checks the certificate by its own rules, and does not tell which it was. */
  readonly seesCertificate: boolean;
  /** Ed25519. A browser that lacks it trusts TLS alone: then this is always true. */
  verify(
    publicKey: Uint8Array,
    bytes: Uint8Array,
    signature: Uint8Array,
  ): boolean | Promise<boolean>;
}

export interface SigningKey {
  readonly publicKey: Uint8Array;
  /** Ed25519. @throws Fault not-allowed where the key cannot sign */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** The keys of one device. The private halves may be out of reach of this program. */
export interface Keys extends Verifier {
  readonly device: SigningKey;
  /** False: the key only names the device, and its user gives a password at each log-in. */
  readonly canSign: boolean;
  /** What the certificate of the device says that it is. */
  readonly kind: "cli" | "web";
  /** The key of an account of this device; made and kept at the first call. */
  account(server: Fingerprint, user: Name): SigningKey | Promise<SigningKey>;
}
