import { concatBytes } from "../../src/base/bytes.ts";
import { Identity } from "../../src/crypto/identity.ts";

/**
 * DER prefix of a PrivateKeyInfo before the 32-byte seed.
 * @see RFC 8410, section 7
 */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");

export function identityOfSeed(seed: Uint8Array): Identity {
  const base64 = concatBytes(PKCS8_PREFIX, seed).toBase64();
  return Identity.fromPem(`-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`);
}
