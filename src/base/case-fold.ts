/**
 * Case and accent folding for searches: "STRASSE" finds "Straße", but "cafe" does not find "café".
 * Must not use imports, because search threads are created from the function's source text. Ignores
 * combining marks after the first 30 in a row (UAX 15), because sorting them takes quadratic time.
 */

export function foldCase(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  const bounded = text.replace(/(\p{M}{30})\p{M}+/gu, "$1");
  // Upper case comes first, because it expands ligatures and unifies letters with several
  // lower-case forms.
  const small = bounded.normalize("NFC").toUpperCase().toLowerCase();
  const joined = small.replaceAll("i\u0307", "i").replaceAll("ς", "σ").replaceAll("ß", "ss");
  return joined.normalize("NFC");
}
