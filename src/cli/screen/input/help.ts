/** Help text with all key bindings, followed by all slash commands. */

import type { KeyTexts } from "../../../ui/messages/en/keys.ts";
import type { CommandName } from "../state/commands.ts";
import type { Candidate } from "../state/screen-state.ts";
import type { CommandRow } from "./completion.ts";
import type { Keymap } from "./keymap.ts";

const CHORDS_LISTED = 3;

/** Each row has a description as its hint, except headings, which have none. */
export function helpRows(
  keymap: Keymap,
  texts: KeyTexts,
  commands: readonly CommandRow[],
): readonly Candidate[] {
  const keys = [...keymap.groups()].flatMap(([group, rows]) => [
    { text: texts.groups[group], hint: "" },
    ...keyRows(rows, texts),
  ]);
  if (commands.length === 0) return keys;
  const slash = commands.map(({ usage, summary }) => ({ text: usage, hint: summary }));
  return [...keys, { text: texts.slashCommands, hint: "" }, ...slash];
}

/**
 * Commands with the same description, such as those that open the first ten rooms, share a row of
 * the form `first … last`.
 */
function keyRows(
  rows: ReadonlyMap<CommandName, readonly string[]>,
  texts: KeyTexts,
): readonly Candidate[] {
  const chords = new Map<string, readonly (readonly string[])[]>();
  for (const [command, chordList] of rows) {
    const description = texts.commands[command];
    if (chordList.length > 0)
      chords.set(description, [...(chords.get(description) ?? []), chordList]);
  }
  return [...chords].map(([hint, chordLists]) => ({ text: chordsText(chordLists), hint }));
}

function chordsText([first = [], ...otherCommands]: readonly (readonly string[])[]): string {
  const last = otherCommands.at(-1)?.[0];
  if (last !== undefined) return `${first[0]} … ${last}`;
  const isListed = (chord: string) => {
    const small = chord.toLowerCase();
    return chord === small || !first.includes(small);
  };
  return first.filter(isListed).slice(0, CHORDS_LISTED).join(", ");
}
