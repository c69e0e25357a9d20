/** Key and authentication code of the addresses at which an account downloads a file. */

import { KEY_BYTES, toBase64Url, utf8Encode } from "../base/bytes.ts";
import { hmacSha256 } from "./hmac.ts";
import type { Identity } from "./identity.ts";

const PURPOSE = "chat/1 file link";
/** 128 bits cannot be guessed, and keep the address short enough for a line of IRC. */
const MAC_BYTES = 16;

/**
 * All servers of a cluster derive the same key from their common identity, at each start, without
 * storing it.
 */
export function fileLinkKeyOf(identity: Identity): Uint8Array {
  return identity.derive(PURPOSE, KEY_BYTES);
}

interface LinkedFields {
  readonly user: string;
  readonly file: string;
  readonly day: number;
  readonly revokedSeq: number;
}

export function fileLinkMac(
  key: Uint8Array,
  { user, file, day, revokedSeq }: LinkedFields,
): string {
  const mac = hmacSha256(key, utf8Encode(`${user} ${file} ${day} ${revokedSeq}`));
  return toBase64Url(mac.subarray(0, MAC_BYTES));
}
