/**
 * Emoji by name, as most chat programs spell them (`:smile:`). On the page this is a file of its
 * own, fetched when the first one is looked for.
 */

import { type Gemoji, gemoji } from "gemoji";

export interface NamedEmoji {
  readonly name: string;
  readonly emoji: string;
  /** `face with tears of joy`, in English. */
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

const NAMED: readonly NamedEmoji[] = gemoji.flatMap(({ names, emoji, description }) =>
  names.map((name) => ({ name, emoji, description })),
);

/** Those whose name begins so, then those whose name contains it; common and short ones first. */
export function emojiNamed(begun: string, max: number): readonly NamedEmoji[] {
  const wanted = begun.toLowerCase();
  const beginning = NAMED.filter(({ name }) => name.startsWith(wanted)).sort(byUse);
  const containing = NAMED.filter(({ name }) => name.indexOf(wanted) > 0).sort(byUse);
  return [...beginning, ...containing].slice(0, max);
}

function byUse({ name: one }: NamedEmoji, { name: other }: NamedEmoji): number {
  const isCommon = Number(COMMON.has(other)) - Number(COMMON.has(one));
  return isCommon || one.length - other.length || (one < other ? -1 : 1);
}

/** In the order in which other programs show them, by what they are. */
export function emojiGroups(): readonly EmojiGroup[] {
  const groups = new Map<string, NamedEmoji[]>();
  for (const one of gemoji) {
    const group = groups.get(one.category) ?? [];
    group.push(named(one));
    groups.set(one.category, group);
  }
  return [...groups].map(([category, emoji]) => ({ category, emoji }));
}

/** Each once: by names as above, then those of which it is said in their description or tags. */
export function emojiFound(words: string): readonly NamedEmoji[] {
  const wanted = words.trim().toLowerCase().replaceAll(/^:|:$/g, "");
  const spelled = emojiNamed(wanted.replaceAll(/\s+/g, "_"), NAMED.length);
  const told = gemoji.filter(({ description, tags }) =>
    [description, ...tags].some((one) => one.toLowerCase().includes(wanted)),
  );
  const found = new Map<string, NamedEmoji>();
  for (const one of [...spelled, ...told.map(named)]) {
    if (!found.has(one.emoji)) found.set(one.emoji, one);
  }
  return [...found.values()];
}

function named({ names, emoji, description }: Gemoji): NamedEmoji {
  return { name: names[0] ?? "", emoji, description };
}
