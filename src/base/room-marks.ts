/** Marks of rooms: one emoji, or one or two letters or digits, on the colour of the room. */

import { utf8Encode } from "./bytes.ts";
import { isEmoji } from "./emoji.ts";
import { Fault, msg } from "./fault.ts";
import { ROOM_MARK_BYTES_MAX } from "./limits.ts";

/** With the marks of scripts such as Devanagari and Thai. */
const LETTERS = /^(?:[\p{L}\p{Nd}]\p{M}{0,2}){1,2}$/u;
/** Fillers of Hangul are letters, and nothing is visible of them. */
const INVISIBLE = /\p{DI}/u;

/** Reports whether a client can display the mark. */
export function isMark(text: string): boolean {
  if (text.length > ROOM_MARK_BYTES_MAX) return false;
  if (utf8Encode(text).length > ROOM_MARK_BYTES_MAX) return false;
  return isEmoji(text) || (LETTERS.test(text) && !INVISIBLE.test(text));
}

/**
 * Returns the mark in the form in which it is stored: NFC, without spaces around it.
 * @throws {Fault} text-invalid
 */
export function checkMark(typed: string): string {
  // Limits the cost of normalising a hostile text.
  const text = typed
    .slice(0, ROOM_MARK_BYTES_MAX + 1)
    .normalize("NFC")
    .trim();
  if (isMark(text)) return text;
  throw new Fault("text-invalid", msg`the face of a room is one emoji, or one or two letters`, {
    remedy: msg`use ${"🌋"} or ${"8B"}, for example`,
  });
}
