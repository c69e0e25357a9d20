/** Emoji by name, as most chat programs spell them (`:smile:`). */

import { nameToEmoji } from "gemoji";

export interface NamedEmoji {
  readonly name: string;
  readonly emoji: string;
}

/** Asked for most: before the others that begin alike. */
const COMMON: ReadonlySet<string> = new Set([
  ...["smile", "grin", "joy", "heart", "+1", "-1", "tada", "thinking", "cry", "sob", "eyes"],
  ...["fire", "rocket", "wave", "clap", "pray", "wink", "ok_hand", "white_check_mark", "x", "100"],
]);

/** Those whose name begins so, then those whose name contains it; common and short ones first. */
export function emojiNamed(begun: string, max: number): readonly NamedEmoji[] {
  const wanted = begun.toLowerCase();
  const names = Object.keys(nameToEmoji);
  const beginning = names.filter((name) => name.startsWith(wanted)).sort(byUse);
  const containing = names.filter((name) => name.indexOf(wanted) > 0).sort(byUse);
  return [...beginning, ...containing]
    .slice(0, max)
    .map((name) => ({ name, emoji: nameToEmoji[name] ?? "" }));
}

function byUse(one: string, other: string): number {
  const isCommon = Number(COMMON.has(other)) - Number(COMMON.has(one));
  return isCommon || one.length - other.length || (one < other ? -1 : 1);
}
