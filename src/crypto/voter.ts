/** Secrets of polls: pseudonyms of anonymous voters, and keys of hidden votes. */

import { KEY_BYTES, toBase64Url, utf8Encode } from "../base/bytes.ts";
import { hmacSha256 } from "./hmac.ts";
import type { Identity } from "./identity.ts";

const PURPOSE = "chat/1 voter";
const BALLOT_PURPOSE = "chat/1 ballot";
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

/** Returns the key, in base64url, of the votes in a poll that hides them until its end. */
export function ballotKeyOf(identity: Identity, poll: number): string {
  const key = identity.derive(BALLOT_PURPOSE, KEY_BYTES);
  return toBase64Url(hmacSha256(key, utf8Encode(`${poll}`)));
}
