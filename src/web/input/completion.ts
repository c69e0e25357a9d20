/** Completions in the composer: names, rooms, emoji and commands. */

import { beginsWithName, matching, typedFullName } from "../../ui/matching.ts";
import type { NamedEmoji } from "../../ui/text/emoji.ts";

export interface InputCompletion {
  readonly kind: "name" | "room" | "command" | "emoji";
  readonly from: number;
  readonly to: number;
  readonly choices: readonly string[];
  readonly labels?: readonly string[];
}

export interface InputCompletionSource {
  /** Asked only where a name may be completed, because it may sort thousands. */
  readonly names: () => readonly string[];
  readonly namesLike: (query: string) => readonly string[];
  readonly rooms: readonly string[];
  readonly commands: readonly string[];
  readonly emoji?: ((prefix: string, max: number) => readonly NamedEmoji[]) | undefined;
}

const CHOICES_MAX = 8;
/** Input methods type wide signs. */
const MENTION = /(^|[\s(])([@#＠＃])([\p{L}\p{M}\p{N}_-]{0,32})$/u;
/** Requires two letters after the colon, because `:D` is an emoticon. */
const EMOJI = /(?:^|[\s(]):([a-z0-9_+-]{2,32})(:?)$/i;
const COMMAND = /^\/([a-z]{0,16})$/;

export function isTypingEmoji(text: string, caret: number): boolean {
  return EMOJI.test(text.slice(0, caret));
}

export function completionAt(
  text: string,
  caret: number,
  source: InputCompletionSource,
): InputCompletion | undefined {
  const before = text.slice(0, caret);
  const command = COMMAND.exec(before);
  if (command !== null) {
    return toCompletion(
      "command",
      0,
      caret,
      matching(source.commands, command[1] ?? "", true),
      "/",
    );
  }
  const emojiMatch = EMOJI.exec(before);
  if (emojiMatch !== null) return emojiCompletion(emojiMatch, caret, source);
  const [, , sign, prefix] = MENTION.exec(before) ?? [];
  if (sign === undefined || prefix === undefined) {
    const fullName = typedFullName(before);
    if (fullName === undefined) return undefined;
    const names = source.namesLike(fullName);
    return toCompletion("name", caret - fullName.length - 1, caret, names, "@");
  }
  const from = caret - prefix.length - 1;
  if (sign.normalize("NFKC") === "@") {
    const names = [...matching(source.names(), prefix, true), ...source.namesLike(prefix)];
    return toCompletion("name", from, caret, [...new Set(names)], "@");
  }
  return toCompletion("room", from, caret, matching(source.rooms, prefix, true), "#");
}

/**
 * Effect of Enter on the list: the choice to insert, "select" to select the first one, or
 * `undefined` if Enter sends the message. A name that is not complete would mention nobody,
 * although it looks like a mention. Enter then takes the only suggestion, or selects the first of
 * several.
 *
 * @param at index of the selected choice; -1 if none
 */
export function enterEffect(
  text: string,
  { kind, from, to, choices }: InputCompletion,
  at: number,
  names: readonly string[],
): string | "select" | undefined {
  const typed = text.slice(from, to);
  if (at >= 0) return typed === choices[at] ? undefined : choices[at];
  if (kind !== "name") return undefined;
  if (beginsWithName(typed.slice(1), names)) return undefined;
  return choices.length === 1 ? choices[0] : "select";
}

function emojiCompletion(
  [, prefix = "", closing = ""]: RegExpExecArray,
  to: number,
  { emoji }: InputCompletionSource,
): InputCompletion | undefined {
  const all = emoji?.(prefix, CHOICES_MAX) ?? [];
  const matches = closing === "" ? all : all.filter(({ name }) => name === prefix.toLowerCase());
  if (matches.length === 0) return undefined;
  const from = to - prefix.length - closing.length - 1;
  const choices = matches.map((match) => match.emoji);
  return { kind: "emoji", from, to, choices, labels: matches.map(({ name }) => `:${name}:`) };
}

function toCompletion(
  kind: InputCompletion["kind"],
  from: number,
  to: number,
  names: readonly string[],
  sign: string,
): InputCompletion | undefined {
  const choices = names.slice(0, CHOICES_MAX).map((name) => `${sign}${name}`);
  return choices.length === 0 ? undefined : { kind, from, to, choices };
}

export interface Completed {
  readonly text: string;
  readonly caret: number;
}

export function completeInput(
  text: string,
  { from, to }: InputCompletion,
  choice: string,
): Completed {
  const after = text.slice(to);
  const gap = after.startsWith(" ") ? "" : " ";
  return { text: `${text.slice(0, from)}${choice}${gap}${after}`, caret: from + choice.length + 1 };
}
