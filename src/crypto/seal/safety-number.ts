import { assert } from "../../base/assert.ts";
import { concatBytes, fromBase64Url, utf8Encode } from "../../base/bytes.ts";
import { foldName, type Name } from "../../base/names.ts";
import { owned } from "./owned.ts";

const CONTEXT = utf8Encode("chat-safety-v1");
const GROUPS = 12;
const GROUP_BYTES = 5;
const GROUP_DIGITS = 5;
const ACCOUNT_KEY_BYTES = 32;

export interface SafetyParty {
  readonly user: Name;
  /** The account's public key in base64url. */
  readonly account: string;
}

/**
 * What two users compare by voice: the same for both, and another one if either sees another
 * account key.
 * @returns 60 digits in 12 groups of five
 */
export async function safetyNumber(one: SafetyParty, other: SafetyParty): Promise<string> {
  const parties = [one, other].map(partyBytes).sort(compareBytes);
  const digest = await crypto.subtle.digest("SHA-512", owned(concatBytes(CONTEXT, ...parties)));
  const bytes = new Uint8Array(digest);
  const groups = Array.from({ length: GROUPS }, (_, i) => {
    const five = bytes.subarray(i * GROUP_BYTES, (i + 1) * GROUP_BYTES);
    const number = five.reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, "0");
  });
  return groups.join(" ");
}

/** The length comes first, so that a name cannot run into the key. */
function partyBytes({ user, account }: SafetyParty): Uint8Array {
  const name = utf8Encode(foldName(user));
  const key = fromBase64Url(account);
  assert(key.length === ACCOUNT_KEY_BYTES, "an account key has 32 bytes");
  return concatBytes(new Uint8Array([name.length]), name, key);
}

function compareBytes(one: Uint8Array, other: Uint8Array): number {
  for (const [i, byte] of one.entries()) {
    const difference = byte - (other[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
