/** Text format of link codes, and the bytes to hash and authenticate. */

import { assert } from "../base/assert.ts";
import { concatBytes, fromBase64Url, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { DeviceKind } from "./cert-payload.ts";

export const LINK_CODE_BYTES = 16;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_CHARACTERS = 26; // 130 bits for 16 bytes, so the first character holds only three.
const FIRST_DIGIT_MAX = 7;
/** A prime just below 32 detects every wrong character and every swapped pair. */
const CHECK_MODULUS = 31;

const ID_CONTEXT = utf8Encode("chat/1 link id\0");
export const LINK_MAC = "chat/1 link mac";
export const LINK_KEY = "chat/1 link key";
export const LINK_NONCE_BYTES = 12;

export function formatLinkCode(code: Uint8Array): string {
  assert(code.length === LINK_CODE_BYTES, "a link code has 16 bytes");
  let number = code.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const digits: number[] = [];
  for (let i = 0; i < CODE_CHARACTERS; i++, number >>= 5n) digits.unshift(Number(number & 31n));
  const text = [...digits, checkDigit(digits)].map((digit) => ALPHABET[digit]).join("");
  return (text.match(/.{1,4}/g) ?? []).join("-");
}

/**
 * Accepts upper and lower case, hyphens, spaces, O for 0, and I or L for 1.
 * @throws {Fault} usage if the code is invalid
 */
export function parseLinkCode(text: string): Uint8Array {
  const compact = text.toUpperCase().replaceAll(/[\s-]/g, "");
  const characters = compact.replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const digits = [...characters].map((letter) => ALPHABET.indexOf(letter));
  const check = digits.pop();
  const isValid =
    digits.length === CODE_CHARACTERS &&
    digits.every((digit) => digit >= 0) &&
    (digits[0] ?? 0) <= FIRST_DIGIT_MAX &&
    check === checkDigit(digits);
  if (!isValid) {
    throw new Fault("usage", "invalid link code", {
      remedy: "type it as displayed on the other device",
    });
  }
  let number = digits.reduce((sum, digit) => (sum << 5n) | BigInt(digit), 0n);
  const code = new Uint8Array(LINK_CODE_BYTES);
  for (let i = LINK_CODE_BYTES - 1; i >= 0; i--, number >>= 8n) code[i] = Number(number & 255n);
  return code;
}

function checkDigit(digits: readonly number[]): number {
  return digits.reduce((sum, digit, i) => sum + (i + 1) * digit, 0) % CHECK_MODULUS;
}

export function linkIdBytes(code: Uint8Array): Uint8Array {
  return concatBytes(ID_CONTEXT, code);
}

/** @param kind rooms may bar pages, so the server must not be able to change it */
export function linkMacBytes(
  deviceKey: Uint8Array,
  server: Fingerprint,
  kind: DeviceKind = "cli",
): Uint8Array {
  const suffix = kind === "cli" ? "" : kind;
  return concatBytes(deviceKey, fromBase64Url(server), utf8Encode(suffix));
}

export interface LinkContext {
  readonly code: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly server: Fingerprint;
  readonly user: string;
}

export function linkAssociatedData({ deviceKey, server, user }: LinkContext): Uint8Array {
  return concatBytes(deviceKey, fromBase64Url(server), utf8Encode(user));
}
