/** Recognises single emoji. */

/**
 * A pictograph with its selectors and modifiers, a joined sequence of them, a flag, or a keycap. A
 * pattern instead of Unicode's list of emoji, because clients may know newer emoji.
 */
const EMOJI = (() => {
  const sign = String.raw`\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?`;
  const joined = String.raw`${sign}(?:\u200d${sign}){0,7}`;
  const flag = String.raw`\p{Regional_Indicator}{2}`;
  const tagged = String.raw`\u{1f3f4}[\u{e0061}-\u{e007a}]{2,6}\u{e007f}`;
  return new RegExp(String.raw`^(?:${joined}|${flag}|${tagged}|[0-9#*]\ufe0f?\u20e3)$`, "u");
})();

export function isEmoji(text: string): boolean {
  return EMOJI.test(text);
}
