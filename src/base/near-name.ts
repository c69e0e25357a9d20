/** Names that a typed name may have meant. */

import { editDistance } from "./edit-distance.ts";
import { foldWords } from "./word-fold.ts";

/** In shorter names, one other letter is another name. */
const LETTERS_MIN = 3;
const LONG_LETTERS_MIN = 8;

/** Returns how many letters of a typed name may be wrong; `undefined` if it is too short. */
export function slipsMaxFor(typed: string): number | undefined {
  if (typed.length < LETTERS_MIN) return undefined;
  return typed.length < LONG_LETTERS_MIN ? 1 : 2;
}

/** Takes time in proportion to the number of names of about the same length. */
export function nearestName(names: Iterable<string>, name: string): string | undefined {
  const typed = foldWords(name).trim();
  const slipsMax = slipsMaxFor(typed);
  if (slipsMax === undefined) return undefined;
  let nearest: string | undefined;
  let fewest = slipsMax + 1;
  for (const other of names) {
    if (Math.abs(other.length - name.length) > slipsMax) continue;
    const slips = editDistance(typed, foldWords(other).trim());
    if (slips >= fewest) continue;
    nearest = other;
    fewest = slips;
  }
  return nearest;
}
