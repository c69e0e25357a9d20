/**
 * Folding of case and accents for searches in any script: "STRASSE" finds "Straße", but "cafe" does
 * not find "café". Ignores combining marks after the first 30 in a row, as in UAX 15's stream-safe
 * format, because sorting them takes quadratic time. The function must not use imports, because
 * search threads are created from its source text.
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
