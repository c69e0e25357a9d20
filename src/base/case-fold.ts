/**
 * Text as a search compares it: composed, and without regard to case in any script. "STRASSE" finds
 * "Straße", "ΟΔΟΣ" finds "οδός" without its accent no more than "cafe" finds "café". Of a run of
 * combining marks the first 30 count, as in UAX 15's stream-safe format: sorting a run takes the
 * square of its length. Self-contained, since search threads run it from its own text.
 */
export function foldCase(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  const bounded = text.replace(/(\p{M}{30})\p{M}+/gu, "$1");
  // Upper case first: it opens ligatures, joins what has several small forms, and may decompose.
  const small = bounded.normalize("NFC").toUpperCase().toLowerCase();
  const joined = small.replaceAll("i\u0307", "i").replaceAll("ς", "σ").replaceAll("ß", "ss");
  return joined.normalize("NFC");
}
