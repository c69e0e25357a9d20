/** Initials of a name, for avatars. */

import { segmentsOf } from "../../base/text.ts";

/** Separators, and the limits between the words of `BuSari` and `pupil12`. */
const WORD_LIMIT = /[^\p{L}\p{M}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{L})(?=\p{N})/u;

/**
 * Returns one or two characters of a cleaned name. Only scripts with capitals and digits have a
 * second one: Arabic letters would join, and a Chinese character says enough.
 */
export function initialsOf(name: string): string {
  const words = name.split(WORD_LIMIT).filter((word) => word !== "");
  const initials = [words[0] ?? name, ...words.slice(1).slice(-1)].map(
    (word) => segmentsOf(word).containing(0)?.segment.toUpperCase() ?? "",
  );
  const [first = ""] = initials;
  return /^[\p{Lu}\p{N}]/u.test(first) ? initials.join("") : first;
}
