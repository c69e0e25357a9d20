/** Help: all keys as they are bound, then all slash commands. */

import type { KeyTexts } from "../../../ui/messages/en/keys.ts";
import type { CommandName } from "../state/commands.ts";
import type { Candidate } from "../state/screen-state.ts";
import type { CommandRow } from "./completion.ts";
import type { Keymap } from "./keymap.ts";

/** Of one command; those that are pressed most stand first in the table. */
const CHORDS_LISTED = 3;

/** Keys or a command's usage, and what they do; a heading has no hint. */
export function helpRows(
  keymap: Keymap,
  texts: KeyTexts,
  commands: readonly CommandRow[],
): readonly Candidate[] {
  const keys = [...keymap.groups()].flatMap(([group, rows]) => [
    { text: texts.groups[group], hint: "" },
    ...sentences(rows, texts),
  ]);
  if (commands.length === 0) return keys;
  const slash = commands.map(({ usage, summary }) => ({ text: usage, hint: summary }));
  return [...keys, { text: texts.slashCommands, hint: "" }, ...slash];
}

/** Commands of one sentence, as those of the ten rooms, share a line: the first … the last. */
function sentences(
  rows: ReadonlyMap<CommandName, readonly string[]>,
  texts: KeyTexts,
): readonly Candidate[] {
  const chords = new Map<string, readonly (readonly string[])[]>();
  for (const [command, all] of rows) {
    const sentence = texts.commands[command];
    if (all.length > 0) chords.set(sentence, [...(chords.get(sentence) ?? []), all]);
  }
  return [...chords].map(([hint, all]) => ({ text: listed(all), hint }));
}

function listed([first = [], ...others]: readonly (readonly string[])[]): string {
  const last = others.at(-1)?.[0];
  if (last !== undefined) return `${first[0]} … ${last}`;
  // `y` is said, `Y` is taken as well.
  const isSaid = (chord: string) => {
    const small = chord.toLowerCase();
    return chord === small || !first.includes(small);
  };
  return first.filter(isSaid).slice(0, CHORDS_LISTED).join(", ");
}
