/** Short device ids for display, derived from public keys. */

import { toBase64Url } from "../base/bytes.ts";
import type { Sha256 } from "../base/ids.ts";

/** 72 bits, unique among a user's 32 devices and short enough to read aloud. */
const ID_CHARACTERS = 12;

export function deviceIdOf(deviceKey: Uint8Array, sha256: Sha256): string {
  return toBase64Url(sha256(deviceKey)).slice(0, ID_CHARACTERS);
}
