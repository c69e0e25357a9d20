/** Emoji by name (`:smile:`). The page loads this file with the first search. */

import { type Gemoji, gemoji } from "gemoji";
/** A line per emoji: gemoji name, Indonesian name, and search words. Others have no such names. */
import indonesianLines from "./emoji-id.txt" with { type: "text" };

export interface NamedEmoji {
  /** `joy`; in another language with `_` for blanks: `menangis_bahagia`. */
  readonly name: string;
  readonly emoji: string;
  /** `face with tears of joy`, in the user's language if translated. */
  readonly description: string;
}

export interface EmojiGroup {
  readonly category: string;
  readonly emoji: readonly NamedEmoji[];
}

/** The most frequent ones, listed before others with the same beginning. */
const COMMON: ReadonlySet<string> = new Set([
  ...["smile", "grin", "joy", "heart", "+1", "-1", "tada", "thinking", "cry", "sob", "eyes"],
  ...["fire", "rocket", "wave", "clap", "pray", "wink", "ok_hand", "white_check_mark", "x", "100"],
]);

interface Spelled extends NamedEmoji {
  /** In another language, true if one of the English names is common. */
  readonly isCommon: boolean;
}

/** Computed at the first search, so as not to delay the start of a program. */
function spelled(language: string): readonly Spelled[] {
  const english = gemoji.flatMap(({ names, emoji, description }) =>
    names.map((name) => ({ name, emoji, description, isCommon: COMMON.has(name) })),
  );
  if (language !== "id") return english;
  // Only emoji with a name in that language.
  const own = gemoji.flatMap((one) => {
    const isCommon = one.names.some((name) => COMMON.has(name));
    const { emoji, description } = named(one, "id");
    return wordsOf(one).map((words) => {
      return { name: words.replaceAll(" ", "_"), emoji, description, isCommon };
    });
  });
  return [...own, ...english];
}

/** Keyed by gemoji name: the Indonesian name, then the search words. */
export const EMOJI_ID: ReadonlyMap<string, readonly string[]> = new Map(
  indonesianLines
    .trim()
    .split("\n")
    .map((line) => {
      const at = line.indexOf(" ");
      return [line.slice(0, at), line.slice(at + 1).split(", ")];
    }),
);

function wordsOf({ names }: Gemoji): readonly string[] {
  return EMOJI_ID.get(names[0] ?? "") ?? [];
}

/**
 * Returns emoji whose name begins with the text, then those whose name contains it; common and
 * short ones first.
 * @param language of the user: its names count besides the English ones
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

/** Returns all emoji in groups, in the order of other chat programs. */
export function emojiGroups(language = "en"): readonly EmojiGroup[] {
  const groups = new Map<string, NamedEmoji[]>();
  for (const one of gemoji) {
    const group = groups.get(one.category) ?? [];
    group.push(named(one, language));
    groups.set(one.category, group);
  }
  return [...groups].map(([category, emoji]) => ({ category, emoji }));
}

/** Returns each match once: by name as above, then by description or tags. */
export function emojiFound(words: string, language = "en"): readonly NamedEmoji[] {
  const wanted = words.trim().toLowerCase().replaceAll(/^:|:$/g, "");
  const byName = emojiNamed(wanted.replaceAll(/\s+/g, "_"), Number.POSITIVE_INFINITY, language);
  const described = gemoji.filter(({ description, tags }) =>
    [description, ...tags].some((one) => one.toLowerCase().includes(wanted)),
  );
  const found = new Map<string, NamedEmoji>();
  for (const one of [...byName, ...described.map((each) => named(each, language))]) {
    if (!found.has(one.emoji)) found.set(one.emoji, one);
  }
  return [...found.values()];
}

function named(one: Gemoji, language: string): NamedEmoji {
  const { names, emoji } = one;
  const [description = one.description] = language === "id" ? wordsOf(one) : [];
  return { name: names[0] ?? "", emoji, description };
}
