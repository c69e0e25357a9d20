/** Password hashing with argon2id. */

import { utf8Encode } from "../base/bytes.ts";
import { Fault, msg } from "../base/fault.ts";
import { PASSWORD_BYTES_MAX } from "../base/limits.ts";
import { checkNewPassword, isMisread } from "../base/new-passwords.ts";

/**
 * The second option that OWASP recommends: about 17 ms, and little enough memory for many
 * concurrent log-ins.
 */
const ARGON2ID = { algorithm: "argon2id", memoryCost: 19 * 1024, timeCost: 2 } as const;

/** A hash of these zero bytes takes the same time to verify but matches no password. */
const ZERO_BYTES = "A".repeat(43);
const COST = `m=${ARGON2ID.memoryCost},t=${ARGON2ID.timeCost},p=1`;
const UNMATCHABLE_HASH = `$argon2id$v=19$${COST}$${ZERO_BYTES}$${ZERO_BYTES}`;

/** @throws {Fault} usage if the password is too short or too long */
export async function hashPassword(password: string): Promise<string> {
  checkNewPassword(password);
  if (!isUsable(password)) {
    throw new Fault("usage", msg`a password can have at most ${PASSWORD_BYTES_MAX} bytes`, {
      remedy: msg`choose another password`,
    });
  }
  return Bun.password.hash(password, ARGON2ID);
}

/**
 * Takes the same time if there is no hash (unknown name, no password, or a password blanked in the
 * log), so that timing does not reveal which names exist.
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const isReal = hash?.startsWith("$argon2id$") === true && isUsable(password);
  const guess = isUsable(password) ? password : "-";
  try {
    return (await Bun.password.verify(guess, isReal ? hash : UNMATCHABLE_HASH)) && isReal;
  } catch {
    await Bun.password.verify(guess, UNMATCHABLE_HASH); // Makes a damaged hash take equally long.
    return false;
  }
}

function isUsable(password: string): boolean {
  if (password.length === 0 || isMisread(password)) return false;
  return utf8Encode(password).length <= PASSWORD_BYTES_MAX;
}
