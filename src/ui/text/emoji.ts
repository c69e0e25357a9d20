/** Emoji by name, such as `:smile:`. The page loads this file at the first search. */

import { type Gemoji, gemoji } from "gemoji";
/** Each line has the gemoji name, the Indonesian name and search words. */
import indonesianLines from "./emoji-id.txt" with { type: "text" };

export interface NamedEmoji {
  readonly name: string;
  readonly emoji: string;
  readonly description: string;
}

export interface EmojiGroup {
  readonly category: string;
  readonly emoji: readonly NamedEmoji[];
}

const COMMON: ReadonlySet<string> = new Set([
  ...["smile", "grin", "joy", "heart", "+1", "-1", "tada", "thinking", "cry", "sob", "eyes"],
  ...["fire", "rocket", "wave", "clap", "pray", "wink", "ok_hand", "white_check_mark", "x", "100"],
]);

interface EmojiSpelling extends NamedEmoji {
  readonly isCommon: boolean;
}

/** Computed at the first search, to keep start-up fast. */
function emojiSpellings(language: string): readonly EmojiSpelling[] {
  const english = gemoji.flatMap(({ names, emoji, description }) =>
    names.map((name) => ({ name, emoji, description, isCommon: COMMON.has(name) })),
  );
  if (language !== "id") return english;
  const translated = gemoji.flatMap((entry) => {
    const isCommon = entry.names.some((name) => COMMON.has(name));
    const { emoji, description } = toNamedEmoji(entry, "id");
    return indonesianNames(entry).map((words) => {
      return { name: words.replaceAll(" ", "_"), emoji, description, isCommon };
    });
  });
  return [...translated, ...english];
}

export const EMOJI_ID: ReadonlyMap<string, readonly string[]> = new Map(
  indonesianLines
    .trim()
    .split("\n")
    .map((line) => {
      const at = line.indexOf(" ");
      return [line.slice(0, at), line.slice(at + 1).split(", ")];
    }),
);

/** Computed at the first use, to keep start-up fast. */
class EmojiNames {
  #byName: ReadonlyMap<string, string> | undefined;
  #descriptions: ReadonlyMap<string, string> | undefined;

  describe(emoji: string): string | undefined {
    this.#descriptions ??= new Map(gemoji.map((entry) => [entry.emoji, entry.description]));
    return this.#descriptions.get(emoji);
  }

  get(name: string): string | undefined {
    this.#byName ??= new Map(
      gemoji.flatMap(({ names, emoji }) => names.map((known) => [known, emoji] as const)),
    );
    return this.#byName.get(name);
  }
}

const EMOJI_NAMES = new EmojiNames();

/** Returns the emoji with an English name such as `joy`. */
export function emojiOf(name: string): string | undefined {
  return EMOJI_NAMES.get(name);
}

/** Returns the words for an emoji, such as `thumbs up`. */
export function emojiWords(emoji: string): string | undefined {
  return EMOJI_NAMES.describe(emoji) ?? EMOJI_NAMES.describe(emoji.replace(TONE, ""));
}

function indonesianNames({ names }: Gemoji): readonly string[] {
  return EMOJI_ID.get(names[0] ?? "") ?? [];
}

/**
 * Returns emoji whose name begins with the prefix, then emoji whose name contains it. Common emoji
 * and short names come first.
 * @param language `id` also searches the Indonesian names
 */
export function searchEmojiNames(
  prefix: string,
  max: number,
  language = "en",
): readonly NamedEmoji[] {
  const query = prefix.toLowerCase();
  const all = emojiSpellings(language);
  const beginning = all.filter(({ name }) => name.startsWith(query)).sort(compareByUse);
  const containing = all.filter(({ name }) => name.indexOf(query) > 0).sort(compareByUse);
  return [...beginning, ...containing].slice(0, max);
}

function compareByUse(a: EmojiSpelling, b: EmojiSpelling): number {
  const isCommon = Number(b.isCommon) - Number(a.isCommon);
  return isCommon || a.name.length - b.name.length || (a.name < b.name ? -1 : 1);
}

export function emojiGroups(language = "en"): readonly EmojiGroup[] {
  const groups = new Map<string, NamedEmoji[]>();
  for (const entry of gemoji) {
    const group = groups.get(entry.category) ?? [];
    group.push(toNamedEmoji(entry, language));
    groups.set(entry.category, group);
  }
  return [...groups].map(([category, emoji]) => ({ category, emoji }));
}

/** Searches names, descriptions and tags. Matches by name come first. */
export function searchEmoji(text: string, language = "en"): readonly NamedEmoji[] {
  const query = text.trim().toLowerCase().replaceAll(/^:|:$/g, "");
  const byName = searchEmojiNames(
    query.replaceAll(/\s+/g, "_"),
    Number.POSITIVE_INFINITY,
    language,
  );
  const described = gemoji.filter(({ description, tags }) =>
    [description, ...tags].some((text) => text.toLowerCase().includes(query)),
  );
  const matches = new Map<string, NamedEmoji>();
  for (const entry of [...byName, ...described.map((emoji) => toNamedEmoji(emoji, language))]) {
    if (!matches.has(entry.emoji)) matches.set(entry.emoji, entry);
  }
  return [...matches.values()];
}

function toNamedEmoji(entry: Gemoji, language: string): NamedEmoji {
  const { names, emoji } = entry;
  const [description = entry.description] = language === "id" ? indonesianNames(entry) : [];
  return { name: names[0] ?? "", emoji, description };
}

/** No tone, and the five skin tones of Unicode. */
export const SKIN_TONES = ["", "🏻", "🏼", "🏽", "🏾", "🏿"] as const;

const BASE = /(\p{Emoji_Modifier_Base})\uFE0F?/gu;
const TONE = /\p{Emoji_Modifier}/gu;

/** Applies a skin tone to an emoji of one person or hand, and leaves others unchanged. */
export function withSkinTone(emoji: string, tone: string): string {
  const isSingle = emoji.match(BASE)?.length === 1;
  return tone !== "" && isSingle ? emoji.replace(BASE, `$1${tone}`) : emoji;
}

/** Returns a key that is equal for all skin tones of an emoji. */
export function emojiKey(emoji: string): string {
  return emoji.replaceAll(TONE, "").replaceAll("\uFE0F", "");
}
