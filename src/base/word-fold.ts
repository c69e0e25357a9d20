/** Folding for searches by words. */

/**
 * Returns a function that removes case, accents, width, apostrophes, dashes and punctuation, so
 * that "wifi" finds "Wi-Fi", "cafe" finds "café", and "can't" finds "can’t". Blanks become one
 * space each. The signs `# @ & % * \` and symbols such as `+` stay, because "C++" is not "C".
 *
 * Must not use imports, because search threads are created from this function's source text.
 * Ignores combining marks after the first 30 in a row (UAX 15), because sorting them takes
 * quadratic time.
 */
export function wordFolder(): (text: string) => string {
  // Most words of a text in another script recur, and folding takes ten times as long.
  const cacheMax = 8_192;
  const cachedLengthMax = 16;
  const cache = new Map<string, string>();
  const apostrophes = /[\u00b4\u02b9-\u02bf\u02c8\u1fbd\u1fbf\u1ffd\u1ffe\u2032\u2033]/g;
  const accents = /[\u0300-\u036f\ufe00-\ufe0f]+/g;
  const hebrewPoints = /[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]+/g;
  const arabicVowels = /[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]+/g;
  const letters: Readonly<Record<string, string>> = {
    ς: "σ",
    ø: "o",
    ł: "l",
    đ: "d",
    ð: "d",
    ħ: "h",
    ı: "i",
    æ: "ae",
    œ: "oe",
    þ: "th",
  };
  const fold = (others: string) =>
    others
      .replace(/(\p{M}{30})\p{M}+/gu, "$1")
      // Compatibility forms of these begin with a space.
      .replace(apostrophes, "'")
      .normalize("NFKD")
      .replace(accents, "")
      .replace(hebrewPoints, "")
      .replace(arabicVowels, "")
      .toUpperCase()
      .toLowerCase()
      .replace(accents, "")
      .replace(/[ςøłđðħıæœþ]/g, (letter) => letters[letter] ?? letter)
      .replace(/[^\P{P}#@&%*\\]+|[\p{Cf}\u02bc\u2212]+/gu, "");
  const foldOthers = (others: string) => {
    if (others.length > cachedLengthMax) return fold(others);
    const cached = cache.get(others);
    if (cached !== undefined) return cached;
    const folded = fold(others);
    if (cache.size >= cacheMax) cache.clear();
    cache.set(others, folded);
    return folded;
  };
  return (text) =>
    text
      .replace(/[^\x00-\x7f]+/g, foldOthers)
      .toLowerCase()
      .replace(/["'`.,:;!?()[\]{}/_-]+/g, "")
      .replace(/\s+/g, " ");
}

export const foldWords = wordFolder();
