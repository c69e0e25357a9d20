/** Safety numbers, which two users compare to verify each other's account keys. */

import { assert } from "../../base/assert.ts";
import { concatBytes, fromBase64Url, KEY_BYTES, utf8Encode } from "../../base/bytes.ts";
import { Fault, fixedText, msg } from "../../base/fault.ts";
import { foldName, type Name } from "../../base/names.ts";
import { pastedText } from "../../base/text.ts";
import { toUnshared } from "./unshared.ts";

const CONTEXT = utf8Encode("chat-safety-v1");
const GROUPS = 12;
const GROUP_BYTES = 5;
const COMPARE_REMEDY = fixedText(
  "compare them again; if they still differ, someone may be intercepting your messages",
);
const GROUP_DIGITS = 5;
/**
 * Up to two differing groups count as typing errors, because with different keys, 10 of 12 groups
 * agree with a probability of only 1e-48.
 */
const MISTYPED_GROUPS_MAX = 2;

export interface SafetyParty {
  readonly user: Name;
  readonly account: string;
}

/**
 * Returns 60 digits in 12 groups of five. Both users see the same number unless either has a wrong
 * account key.
 */
export async function safetyNumber(one: SafetyParty, other: SafetyParty): Promise<string> {
  const parties = [one, other].map(partyBytes).sort((a, b) => (a.toHex() < b.toHex() ? -1 : 1));
  const digest = await crypto.subtle.digest(
    "SHA-512",
    toUnshared(concatBytes(CONTEXT, ...parties)),
  );
  const bytes = new Uint8Array(digest);
  const groups = Array.from({ length: GROUPS }, (_, i) => {
    const five = bytes.subarray(i * GROUP_BYTES, (i + 1) * GROUP_BYTES);
    const number = five.reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, "0");
  });
  return groups.join(" ");
}

/** @throws {Fault} usage if the number is incomplete, mistyped or different */
export function matchSafetyNumber<Number extends string>(
  typed: string,
  numbers: readonly Number[],
): Number {
  const digits = pastedText(typed).replaceAll(/[\s.,"'-]/g, "");
  if (!/^\d*$/.test(digits) || digits.length !== GROUPS * GROUP_DIGITS) throw incomplete(typed);
  for (const number of numbers) {
    const differing = differingGroups(digits, number);
    if (differing.length === 0) return number;
    if (differing.length <= MISTYPED_GROUPS_MAX) throw mistyped(differing);
  }
  throw new Fault("usage", msg`the digits differ from those of this device`, {
    remedy: COMPARE_REMEDY,
  });
}

function incomplete(typed: string): Fault {
  const groups = typed.split(/\D+/).filter((group) => group !== "");
  const index = groups.findIndex((group) => group.length !== GROUP_DIGITS);
  const count = groups.join("").length;
  if (count === GROUPS * GROUP_DIGITS) {
    return new Fault("usage", msg`the safety number contains only digits`, {
      remedy: msg`check what you typed`,
    });
  }
  const isGrouped = groups.length > 1 && index >= 0;
  const size = groups[index]?.length;
  const message = isGrouped
    ? msg`the number has 60 digits in groups of 5, not ${count}; group ${index + 1} has ${size}`
    : msg`the number has 60 digits in groups of 5, not ${count}`;
  return new Fault("usage", message, { remedy: msg`check what you typed` });
}

function mistyped(groups: readonly number[]): Fault {
  const positions = groups.map((at) => at + 1).join(" and ");
  const message =
    groups.length === 1
      ? msg`only group ${positions} differs: probably a typing error`
      : msg`only groups ${positions} differ: probably a typing error`;
  return new Fault("usage", message, { remedy: msg`compare those digits again` });
}

function differingGroups(digits: string, number: string): number[] {
  return number.split(" ").flatMap((group, i) => {
    return digits.slice(i * GROUP_DIGITS, (i + 1) * GROUP_DIGITS) === group ? [] : [i];
  });
}

function partyBytes({ user, account }: SafetyParty): Uint8Array {
  const name = utf8Encode(foldName(user));
  const key = fromBase64Url(account);
  assert(key.length === KEY_BYTES, "an account key has 32 bytes");
  return concatBytes(new Uint8Array([name.length]), name, key);
}
