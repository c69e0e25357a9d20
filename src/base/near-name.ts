/** Names that a typed name may have meant. */

import { editDistance } from "./edit-distance.ts";
import { type Fault, msg, type Translatable } from "./fault.ts";
import { isName } from "./names.ts";
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
  const fold = (text: string) => foldWords(text).trim();
  const slipsMax = slipsMaxFor(fold(name));
  return slipsMax === undefined ? undefined : nearestOf(names, name, slipsMax, fold);
}

/**
 * Returns the first of the texts that differ least from a typed one, as folded.
 * @param slipsMax letters that may be wrong
 */
export function nearestOf(
  texts: Iterable<string>,
  typed: string,
  slipsMax: number,
  fold: (text: string) => string,
): string | undefined {
  const folded = fold(typed);
  let nearest: string | undefined;
  let fewest = slipsMax + 1;
  for (const text of texts) {
    if (Math.abs(text.length - typed.length) > slipsMax) continue;
    const slips = editDistance(folded, fold(text));
    if (slips >= fewest) continue;
    nearest = text;
    fewest = slips;
  }
  return nearest;
}

/** Remedy of a refusal, which proposes a name. */
export function didYouMean(name: string): Translatable {
  return msg`did you mean '${name}'?`;
}

/** Returns the name that the remedy of a refusal proposes, also of one that a server has sent. */
export function proposedBy({ translatable: { remedy } }: Fault): string | undefined {
  const [name = ""] = remedy?.values ?? [];
  const isProposal = remedy?.template === didYouMean("").template && isName(name);
  return isProposal ? name : undefined;
}
