/** The id of a device, derived from its public key. */

import { toBase64Url } from "../base/bytes.ts";
import { sha256 } from "./sha256.ts";

/** 72 bits: unique among the 32 devices of a user, and short enough to read aloud. */
const ID_CHARACTERS = 12;

/** The id of a device in the UI: the first letters of its key's SHA-256 in base64url. */
export function deviceIdOf(deviceKey: Uint8Array): string {
  return toBase64Url(sha256(deviceKey)).slice(0, ID_CHARACTERS);
}
