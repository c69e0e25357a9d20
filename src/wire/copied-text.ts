/** Blanks, seen or not, and the quotes and brackets that people put around a line. */
const AROUND =
  "\\s\\u200b-\\u200f\\u2060\\ufeff'\"`\\u00b4\\u2018-\\u201f\\u2039\\u203a\\u00ab\\u00bb<>()";
const BEFORE = new RegExp(`^[${AROUND}]+`);
/** A line at the end of a sentence has its full stop, too. */
const AFTER = new RegExp(`[${AROUND}.,;!]+$`);
/** What `encodeURIComponent` leaves as it is, though it would not survive at the end of a line. */
const LOOSE = /['().!]/g;

/** An address or invite without what was copied with it: quotes, blanks, the mail's full stop. */
export function copiedText(text: string): string {
  return text.replace(BEFORE, "").replace(AFTER, "");
}

/** A secret as it stands behind a `#`, so that nothing of it is taken for such a quote. */
export function encodeSecret(secret: string): string {
  return encodeURIComponent(secret).replaceAll(
    LOOSE,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What was typed where a room password is wanted: it, or the secret of a whole invite. */
export function typedSecret(typed: string): string {
  const line = /^(?:chat|https?):\/\/[^#]*#(?:.*&)?(?:invite=)?(.+)$/is.exec(copiedText(typed));
  try {
    return line === null ? typed : decodeURIComponent(line[1] ?? "");
  } catch {
    return typed;
  }
}
