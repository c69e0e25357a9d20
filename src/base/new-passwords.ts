/** Checks for new passwords. */

import { Fault, msg } from "./fault.ts";
import { PASSWORD_CHARS_MIN } from "./limits.ts";

/**
 * Reports whether bytes of the secret were lost: decoding replaces each invalid byte with U+FFFD,
 * so that any other password of the same length would match.
 */
export function isMisread(secret: string): boolean {
  return !secret.isWellFormed() || secret.includes("\u{fffd}");
}

/** @throws {Fault} usage if bytes of the password were lost */
export function checkReadable(password: string): void {
  if (!isMisread(password)) return;
  throw new Fault("usage", msg`the password is not valid UTF-8`, {
    remedy: msg`type it where the encoding is UTF-8, or use a file`,
  });
}

/**
 * Existing passwords stay valid even if they are shorter.
 * @throws {Fault} usage if the password is too short, or bytes of it were lost
 */
export function checkNewPassword(password: string): void {
  checkReadable(password);
  if ([...password].length >= PASSWORD_CHARS_MIN) return;
  const message = msg`a new password needs at least ${PASSWORD_CHARS_MIN} characters`;
  throw new Fault("usage", message, { remedy: msg`choose a longer one` });
}
