/** Completions that the composer offers: names, rooms, emoji and commands. */

import type { NamedEmoji } from "../../ui/text/emoji.ts";

export interface Completion {
  readonly kind: "name" | "room" | "command" | "emoji";
  /** Choices for the range `from`..`to` of the text. */
  readonly from: number;
  readonly to: number;
  readonly choices: readonly string[];
  /** Names of the emoji, in the order of the choices. */
  readonly labels?: readonly string[];
}

export interface CompletionSource {
  readonly names: readonly string[];
  readonly rooms: readonly string[];
  readonly commands: readonly string[];
  /** `undefined` until they are loaded. */
  readonly emoji?: ((begun: string, max: number) => readonly NamedEmoji[]) | undefined;
}

/** Maximum choices shown; typing another letter narrows them. */
const CHOICES_MAX = 8;
const OPEN = /(^|[\s(])([@#])([A-Za-z0-9_-]{0,32})$/;
/** From two letters on, since `:D` is already an emoticon. */
const EMOJI = /(?:^|[\s(]):([a-z0-9_+-]{2,32})(:?)$/i;
const COMMAND = /^\/([a-z]{0,16})$/;

/** Reports whether an emoji is being typed, so that the emoji should be loaded. */
export function isSpelling(text: string, caret: number): boolean {
  return EMOJI.test(text.slice(0, caret));
}

/** @param caret its offset in the text */
export function completionAt(
  text: string,
  caret: number,
  source: CompletionSource,
): Completion | undefined {
  const before = text.slice(0, caret);
  const command = COMMAND.exec(before);
  if (command !== null) {
    return offer("command", 0, caret, matching(source.commands, command[1] ?? ""), "/");
  }
  const spelled = EMOJI.exec(before);
  if (spelled !== null) return emojiOffer(spelled, caret, source);
  const [, , sign, begun] = OPEN.exec(before) ?? [];
  if (sign === undefined || begun === undefined) return undefined;
  const from = caret - begun.length - 1;
  if (sign === "@") return offer("name", from, caret, matching(source.names, begun), "@");
  return offer("room", from, caret, matching(source.rooms, begun), "#");
}

function emojiOffer(
  [, begun = "", end = ""]: RegExpExecArray,
  to: number,
  { emoji }: CompletionSource,
): Completion | undefined {
  const all = emoji?.(begun, CHOICES_MAX) ?? [];
  const found = end === "" ? all : all.filter(({ name }) => name === begun.toLowerCase());
  if (found.length === 0) return undefined;
  const from = to - begun.length - end.length - 1;
  const choices = found.map((one) => one.emoji);
  return { kind: "emoji", from, to, choices, labels: found.map(({ name }) => `:${name}:`) };
}

function offer(
  kind: Completion["kind"],
  from: number,
  to: number,
  found: readonly string[],
  sign: string,
): Completion | undefined {
  const choices = found.map((one) => `${sign}${one}`);
  return choices.length === 0 ? undefined : { kind, from, to, choices };
}

/** Names that begin with the input, before names that contain it. */
export function matching(all: readonly string[], begun: string): readonly string[] {
  const wanted = begun.toLowerCase();
  const beginning = all.filter((one) => one.toLowerCase().startsWith(wanted));
  const containing = all.filter((one) => one.toLowerCase().indexOf(wanted) > 0);
  return [...beginning, ...containing].slice(0, CHOICES_MAX);
}

export interface Completed {
  readonly text: string;
  readonly caret: number;
}

export function complete(text: string, { from, to }: Completion, choice: string): Completed {
  const rest = text.slice(to);
  const gap = rest.startsWith(" ") ? "" : " ";
  return { text: `${text.slice(0, from)}${choice}${gap}${rest}`, caret: from + choice.length + 1 };
}
