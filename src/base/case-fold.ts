/**
 * Case folding for searches: composes the text and ignores case in any script. "STRASSE" finds
 * "Straße"; "cafe" does not find "café". Of a run of combining marks the first 30 count, as in
 * UAX 15's stream-safe format: sorting a run takes quadratic time. Self-contained, because search
 * threads are created from its source text.
 */

export function foldCase(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  const bounded = text.replace(/(\p{M}{30})\p{M}+/gu, "$1");
  // Upper case first: it opens ligatures, joins what has several small forms, and may decompose.
  const small = bounded.normalize("NFC").toUpperCase().toLowerCase();
  const joined = small.replaceAll("i\u0307", "i").replaceAll("ς", "σ").replaceAll("ß", "ss");
  return joined.normalize("NFC");
}
