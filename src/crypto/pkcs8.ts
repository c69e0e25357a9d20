/** Private keys in the form PKCS #8. */

import { fromHex } from "../base/bytes.ts";

/** Precede the 32 bytes of a private key (RFC 8410, section 7). */
export const PKCS8_PREFIXES = {
  Ed25519: fromHex("302e020100300506032b657004220420"),
  X25519: fromHex("302e020100300506032b656e04220420"),
} as const;
