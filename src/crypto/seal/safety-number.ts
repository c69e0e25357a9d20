/** Safety numbers: digits that two users compare to verify each other's account keys. */

import { assert } from "../../base/assert.ts";
import { concatBytes, fromBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault, fixedText, msg } from "../../base/fault.ts";
import { foldName, type Name } from "../../base/names.ts";
import { owned } from "./owned.ts";

const CONTEXT = utf8Encode("chat-safety-v1");
const GROUPS = 12;
const GROUP_BYTES = 5;
const COMPARE_AGAIN = fixedText(
  "compare them again; if they still differ, someone may be intercepting your messages",
);
const GROUP_DIGITS = 5;
const ACCOUNT_KEY_BYTES = 32;
/**
 * Groups that a typing error may change; the chance that ten of 12 groups of different keys agree
 * is 1e-48.
 */
const MISTYPED_GROUPS_MAX = 2;

export interface SafetyParty {
  readonly user: Name;
  /** The account's public key in base64url. */
  readonly account: string;
}

/**
 * The number that two users compare by voice: equal for both, unless either sees a wrong account
 * key.
 * @returns 60 digits in 12 groups of five
 */
export async function safetyNumber(one: SafetyParty, other: SafetyParty): Promise<string> {
  const parties = [one, other].map(partyBytes).sort((a, b) => (a.toHex() < b.toHex() ? -1 : 1));
  const digest = await crypto.subtle.digest("SHA-512", owned(concatBytes(CONTEXT, ...parties)));
  const bytes = new Uint8Array(digest);
  const groups = Array.from({ length: GROUPS }, (_, i) => {
    const five = bytes.subarray(i * GROUP_BYTES, (i + 1) * GROUP_BYTES);
    const number = five.reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, "0");
  });
  return groups.join(" ");
}

/**
 * Checks a typed number and distinguishes typing errors from other keys.
 * @param numbers as `safetyNumber` returns them
 * @returns the number that was typed
 * @throws {Fault} usage if it is incomplete, nearly one of the numbers, or another number
 */
export function matchSafetyNumber<Number extends string>(
  typed: string,
  numbers: readonly Number[],
): Number {
  const digits = typed.replaceAll(/[\s.,"'-]/g, "");
  if (!/^\d*$/.test(digits) || digits.length !== GROUPS * GROUP_DIGITS) throw incomplete(typed);
  for (const number of numbers) {
    const differing = differingGroups(digits, number);
    if (differing.length === 0) return number;
    if (differing.length <= MISTYPED_GROUPS_MAX) throw mistyped(differing);
  }
  throw new Fault("usage", msg`the digits differ from those of this device`, {
    remedy: COMPARE_AGAIN,
  });
}

function incomplete(typed: string): Fault {
  const groups = typed.split(/\D+/).filter((group) => group !== "");
  const odd = groups.findIndex((group) => group.length !== GROUP_DIGITS);
  const count = groups.join("").length;
  if (count === GROUPS * GROUP_DIGITS) {
    return new Fault("usage", msg`the number has digits only`, {
      remedy: msg`check what you typed`,
    });
  }
  const isGrouped = groups.length > 1 && odd >= 0;
  const size = groups[odd]?.length;
  const sentence = isGrouped
    ? msg`the number has 60 digits in groups of five, not ${count}; group ${odd + 1} has ${size}`
    : msg`the number has 60 digits in groups of five, not ${count}`;
  return new Fault("usage", sentence, { remedy: msg`check what you typed` });
}

function mistyped(groups: readonly number[]): Fault {
  const which = groups.map((at) => at + 1).join(" and ");
  const sentence =
    groups.length === 1
      ? msg`only group ${which} differs: probably a typing error`
      : msg`only groups ${which} differ: probably a typing error`;
  return new Fault("usage", sentence, { remedy: msg`compare that part again` });
}

function differingGroups(digits: string, number: string): number[] {
  return number.split(" ").flatMap((group, i) => {
    return digits.slice(i * GROUP_DIGITS, (i + 1) * GROUP_DIGITS) === group ? [] : [i];
  });
}

/** Prefixed with its length, so that the name cannot run into the key. */
function partyBytes({ user, account }: SafetyParty): Uint8Array {
  const name = utf8Encode(foldName(user));
  const key = fromBase64Url(account);
  assert(key.length === ACCOUNT_KEY_BYTES, "an account key has 32 bytes");
  return concatBytes(new Uint8Array([name.length]), name, key);
}
