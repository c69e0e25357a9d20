/** Password hashing with argon2id. */

import { utf8Encode } from "../base/bytes.ts";
import { Fault, msg } from "../base/fault.ts";
import { PASSWORD_BYTES_MAX } from "../base/limits.ts";
import { checkNewPassword } from "../base/new-names.ts";

/** The second choice of OWASP's list: 17 ms here, and many concurrent log-ins fit in memory. */
const ARGON2ID = { algorithm: "argon2id", memoryCost: 19 * 1024, timeCost: 2 } as const;

/** A hash of equal cost that no password matches: its salt and tag are zero bytes. */
const NO_BYTES = "A".repeat(43);
const COST = `m=${ARGON2ID.memoryCost},t=${ARGON2ID.timeCost},p=1`;
const UNMATCHED = `$argon2id$v=19$${COST}$${NO_BYTES}$${NO_BYTES}`;

/**
 * @returns a PHC string, `$argon2id$...`
 * @throws {Fault} usage if the password is too short or too long
 */
export async function hashPassword(password: string): Promise<string> {
  checkNewPassword(password);
  if (!isUsable(password)) {
    throw new Fault("usage", msg`a password has at most ${PASSWORD_BYTES_MAX} bytes`, {
      remedy: "choose another password",
    });
  }
  return Bun.password.hash(password, ARGON2ID);
}

/**
 * Reports whether the password matches the hash. Without a hash (unknown name, no password set, or
 * one blanked in the log) the same work is done, so that the duration does not reveal it.
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const isReal = hash?.startsWith("$argon2id$") === true && isUsable(password);
  const guess = isUsable(password) ? password : "-";
  try {
    return (await Bun.password.verify(guess, isReal ? hash : UNMATCHED)) && isReal;
  } catch {
    await Bun.password.verify(guess, UNMATCHED); // A damaged hash takes equally long.
    return false;
  }
}

function isUsable(password: string): boolean {
  return password.length > 0 && utf8Encode(password).length <= PASSWORD_BYTES_MAX;
}
