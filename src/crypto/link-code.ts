import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { assert } from "../base/assert.ts";
import { concatBytes, fromBase64Url, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { sha256 } from "./sha256.ts";

/**
 * The code with which one device of a person vouches for another. The server relays, but it knows
 * only the code's hash: it can neither swap the new device's key nor read the account's.
 */

export const LINK_CODE_BYTES = 16;
/** Crockford's: no I, L, O or U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LETTERS = 26; // 130 bits: the first letter carries three.
const FIRST_LETTER_MAX = 7;
/** Prime and just below 32: every single wrong letter shows, and every pair that changed places. */
const CHECK_MODULUS = 31;

const HASH_CONTEXT = utf8Encode("chat/1 link id\0");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seven groups that are read out: `0ABC-1DEF-…`, the last letter checks the others. */
export function formatLinkCode(code: Uint8Array): string {
  assert(code.length === LINK_CODE_BYTES, "a link code has 16 bytes");
  let number = code.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const digits: number[] = [];
  for (let i = 0; i < LETTERS; i++, number >>= 5n) digits.unshift(Number(number & 31n));
  const text = [...digits, checkDigit(digits)].map((digit) => ALPHABET[digit]).join("");
  return (text.match(/.{1,4}/g) ?? []).join("-");
}

/** In any case, with or without hyphens and spaces; O is 0, I and L are 1. @throws Fault usage */
export function parseLinkCode(text: string): Uint8Array {
  const bare = text.toUpperCase().replaceAll(/[\s-]/g, "");
  const letters = bare.replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const digits = [...letters].map((letter) => ALPHABET.indexOf(letter));
  const check = digits.pop();
  const isRight =
    digits.length === LETTERS &&
    digits.every((digit) => digit >= 0) &&
    (digits[0] ?? 0) <= FIRST_LETTER_MAX &&
    check === checkDigit(digits);
  if (!isRight) {
    throw new Fault("usage", "this is not a link code, or a letter of it is wrong", {
      remedy: "type it as the other device shows it",
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

/** What the server is told of the code. */
export function linkCodeHash(code: Uint8Array): Uint8Array {
  return sha256(concatBytes(HASH_CONTEXT, code));
}

/** The new device's proof that it knows the code, over the key that it wants to have signed. */
export function linkMac(code: Uint8Array, deviceKey: Uint8Array, server: Fingerprint): Uint8Array {
  const key = derive(code, "chat/1 link mac");
  const bound = concatBytes(deviceKey, fromBase64Url(server));
  return new Uint8Array(createHmac("sha256", key).update(bound).digest());
}

/** Whom a sealed account key is for, and whose it is. */
export interface LinkContext {
  readonly code: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly server: Fingerprint;
  readonly user: string;
}

/**
 * @param seed the account key's 32 private bytes
 * @param nonce 12 random bytes
 * @returns nonce, ciphertext and tag, 60 bytes
 */
export function sealAccountKey(
  context: LinkContext,
  seed: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  assert(nonce.length === NONCE_BYTES, "AES-GCM takes a nonce of 12 bytes");
  const cipher = createCipheriv("aes-256-gcm", derive(context.code, "chat/1 link key"), nonce);
  cipher.setAAD(boundTo(context));
  const sealed = cipher.update(seed);
  cipher.final();
  return concatBytes(nonce, sealed, cipher.getAuthTag());
}

/** @returns undefined if it was sealed without the code, or for another device or user */
export function openAccountKey(context: LinkContext, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const key = derive(context.code, "chat/1 link key");
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(boundTo(context));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const seed = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    decipher.final();
    return new Uint8Array(seed);
  } catch {
    return undefined; // The tag does not fit.
  }
}

function boundTo({ deviceKey, server, user }: LinkContext): Uint8Array {
  return concatBytes(deviceKey, fromBase64Url(server), utf8Encode(user));
}

function derive(code: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", code, new Uint8Array(0), utf8Encode(purpose), 32));
}
