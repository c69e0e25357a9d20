/** Emoji typed by name, such as `:joy:`. */

/** The names are loaded at the first use, because few texts have such an emoji. */
export function emojiText({
  name,
  text,
}: {
  readonly name: string;
  readonly text: string;
}): string {
  const { emojiOf }: typeof import("../../ui/text/emoji.ts") = require("../../ui/text/emoji.ts");
  return emojiOf(name) ?? text;
}
