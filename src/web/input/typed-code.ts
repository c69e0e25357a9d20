/** Codes that people type to sign in: of a card, or of a device that is signed in. */

import { findResetCode, isWrittenAsCode } from "../../core/reset-codes.ts";
import { isShortCode } from "../../wire/invite.ts";

const WORDS = /^\s*\d+[\s-]+[a-z]+[\s-]+[a-z]+\s*$/i;

/** Reports whether a code links this device to another one, such as `7-tiger-canoe`. */
export function isLinkCode(typed: string): boolean {
  if (!isShortCode(typed)) return false;
  return !isWrittenAsCode(typed) || (findResetCode(typed) === undefined && WORDS.test(typed));
}
