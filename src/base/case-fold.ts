/**
 * Folds case for searches in any script and composes accents: "STRASSE" finds "Straße", but "cafe"
 * does not find "café". Ignores combining marks after the first 30 of a run, as in UAX 15's
 * stream-safe format, because sorting a run takes quadratic time. Self-contained, because search
 * threads are created from its source text.
 */

export function foldCase(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  const bounded = text.replace(/(\p{M}{30})\p{M}+/gu, "$1");
  // Upper case first: it expands ligatures and unifies letters that have several lower-case forms.
  const small = bounded.normalize("NFC").toUpperCase().toLowerCase();
  const joined = small.replaceAll("i\u0307", "i").replaceAll("ς", "σ").replaceAll("ß", "ss");
  return joined.normalize("NFC");
}
