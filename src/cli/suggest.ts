/** Suggestions for mistyped words. */

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

function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + same,
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}
