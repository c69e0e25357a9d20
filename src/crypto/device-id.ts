/** The id of a device, derived from its public key. */

import { toBase64Url } from "../base/bytes.ts";
import { sha256 } from "./sha256.ts";

/** 72 bits: no two of one person's 32 devices share them, and a person can read them out. */
const LETTERS = 12;

/** What people call a device: the first letters of its key's SHA-256 in base64url. */
export function deviceIdOf(deviceKey: Uint8Array): string {
  return toBase64Url(sha256(deviceKey)).slice(0, LETTERS);
}
