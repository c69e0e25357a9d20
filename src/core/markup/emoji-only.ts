/** Recognises messages that consist of a few emoji, which the page shows large. */

const EMOJI_MAX = 5;
/** Joiners, variation selectors, skin tones, flags and tags. */
const JOINERS = /[\u200d\ufe0f\u20e3\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]/gu;
const SIGN = /[\u{1f1e6}-\u{1f1ff}]{2}|\p{Extended_Pictographic}|:[a-z0-9_+-]{1,40}:/gu;
const LENGTH_MAX = 200;

export function isEmojiOnly(text: string): boolean {
  if (text.length > LENGTH_MAX) return false;
  const bare = text.replaceAll(JOINERS, "");
  const signs = bare.match(SIGN)?.length ?? 0;
  return signs > 0 && signs <= EMOJI_MAX && bare.replaceAll(SIGN, "").trim() === "";
}
