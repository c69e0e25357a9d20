/** Pseudonyms of voters in anonymous polls. */

import { KEY_BYTES, toBase64Url, utf8Encode } from "../base/bytes.ts";
import { hmacSha256 } from "./hmac.ts";
import type { Identity } from "./identity.ts";

const PURPOSE = "chat/1 voter";
/** 96 bits are unique among all voters, and short in the record. */
const VOTER_BYTES = 12;

/**
 * Returns the same pseudonym for each vote of the user in this poll. Only the owner of the identity
 * can tell whose it is.
 */
export function voterOf(identity: Identity, user: string, poll: number): string {
  const key = identity.derive(PURPOSE, KEY_BYTES);
  return toBase64Url(hmacSha256(key, utf8Encode(`${user} ${poll}`)).subarray(0, VOTER_BYTES));
}
