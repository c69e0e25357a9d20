/** Suggestions for mistyped words. */

import { editDistance } from "../base/edit-distance.ts";

/** Allows one typing error in words of 3 to 5 letters, two in longer words. */
export function nearestWord(typed: string, words: readonly string[]): string | undefined {
  if (typed.length < 3) return undefined;
  const typosMax = typed.length < 6 ? 1 : 2;
  let best: { readonly word: string; readonly slips: number } | undefined;
  for (const word of words) {
    if (Math.abs(word.length - typed.length) > typosMax) continue;
    const slips = editDistance(typed.toLowerCase(), word.toLowerCase());
    if (slips <= typosMax && slips < word.length && (best === undefined || slips < best.slips)) {
      best = { word, slips };
    }
  }
  return best?.word;
}
