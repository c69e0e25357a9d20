/**
 * Emoji by name, as most chat programs spell them (`:smile:`). On the page this is a file of its
 * own, fetched when the first one is looked for.
 */

import { type Gemoji, gemoji } from "gemoji";
import { EMOJI_ID } from "./emoji-id.ts";

export interface NamedEmoji {
  /** `joy`; of another language, blanks as `_`: `menangis_bahagia`. */
  readonly name: string;
  readonly emoji: string;
  /** `face with tears of joy`: in the user's language, if it is known there. */
  readonly description: string;
}

export interface EmojiGroup {
  readonly category: string;
  readonly emoji: readonly NamedEmoji[];
}

/** Asked for most: before the others that begin alike. */
const COMMON: ReadonlySet<string> = new Set([
  ...["smile", "grin", "joy", "heart", "+1", "-1", "tada", "thinking", "cry", "sob", "eyes"],
  ...["fire", "rocket", "wave", "clap", "pray", "wink", "ok_hand", "white_check_mark", "x", "100"],
]);

interface Spelled extends NamedEmoji {
  /** By the name that others spell it by, too. */
  readonly isCommon: boolean;
}

/** Made when they are searched: a program that starts should not wait for them. */
function spelled(language: string): readonly Spelled[] {
  const english = gemoji.flatMap(({ names, emoji, description }) =>
    names.map((name) => ({ name, emoji, description, isCommon: COMMON.has(name) })),
  );
  if (language !== "id") return english;
  // Only those that have a name of their own there.
  const own = gemoji.flatMap((one) => {
    const isCommon = one.names.some((name) => COMMON.has(name));
    const { emoji, description } = named(one, "id");
    return wordsOf(one).map((words) => {
      return { name: words.replaceAll(" ", "_"), emoji, description, isCommon };
    });
  });
  return [...own, ...english];
}

function wordsOf({ names }: Gemoji): readonly string[] {
  return EMOJI_ID.get(names[0] ?? "") ?? [];
}

/**
 * Those whose name begins so, then those whose name contains it; common and short ones first.
 * @param language of the user: its names count beside the English ones
 */
export function emojiNamed(begun: string, max: number, language = "en"): readonly NamedEmoji[] {
  const wanted = begun.toLowerCase();
  const all = spelled(language);
  const beginning = all.filter(({ name }) => name.startsWith(wanted)).sort(byUse);
  const containing = all.filter(({ name }) => name.indexOf(wanted) > 0).sort(byUse);
  return [...beginning, ...containing].slice(0, max);
}

function byUse(one: Spelled, other: Spelled): number {
  const isCommon = Number(other.isCommon) - Number(one.isCommon);
  return isCommon || one.name.length - other.name.length || (one.name < other.name ? -1 : 1);
}

/** In the order in which other programs show them, by what they are. */
export function emojiGroups(language = "en"): readonly EmojiGroup[] {
  const groups = new Map<string, NamedEmoji[]>();
  for (const one of gemoji) {
    const group = groups.get(one.category) ?? [];
    group.push(named(one, language));
    groups.set(one.category, group);
  }
  return [...groups].map(([category, emoji]) => ({ category, emoji }));
}

/** Each once: by names as above, then those of which it is said in their description or tags. */
export function emojiFound(words: string, language = "en"): readonly NamedEmoji[] {
  const wanted = words.trim().toLowerCase().replaceAll(/^:|:$/g, "");
  const byName = emojiNamed(wanted.replaceAll(/\s+/g, "_"), Number.POSITIVE_INFINITY, language);
  const told = gemoji.filter(({ description, tags }) =>
    [description, ...tags].some((one) => one.toLowerCase().includes(wanted)),
  );
  const found = new Map<string, NamedEmoji>();
  for (const one of [...byName, ...told.map((each) => named(each, language))]) {
    if (!found.has(one.emoji)) found.set(one.emoji, one);
  }
  return [...found.values()];
}

function named(one: Gemoji, language: string): NamedEmoji {
  const { names, emoji } = one;
  const [description = one.description] = language === "id" ? wordsOf(one) : [];
  return { name: names[0] ?? "", emoji, description };
}
