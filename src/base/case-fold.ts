/**
 * Text as a search compares it: composed, and without regard to case in any script. "STRASSE" finds
 * "Straße", "ΟΔΟΣ" finds "οδός" without its accent no more than "cafe" finds "café".
 */
export function foldCase(text: string): string {
  // Upper case first: it opens ligatures, joins what has several small forms, and may decompose.
  const small = text.normalize("NFC").toUpperCase().toLowerCase();
  const joined = small.replaceAll("i\u0307", "i").replaceAll("ς", "σ").replaceAll("ß", "ss");
  return joined.normalize("NFC");
}
