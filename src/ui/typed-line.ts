/** Distinguishes commands from messages in what a user has typed. */

import { COMMANDS, SLASH_ALIASES } from "./commands.ts";

export type TypedLine =
  /** `line` has no slash. */
  | { readonly kind: "command"; readonly line: string }
  | { readonly kind: "message"; readonly text: string };

/** Spaces, slashes and a word. */
const INDENTED = /^(\s+)(\/+)([^\s/]+)(?!\S)/u;

/** @param word in lower case */
export function isSharedCommand(word: string): boolean {
  return Object.hasOwn(COMMANDS, word) || Object.hasOwn(SLASH_ALIASES, word);
}

/**
 * A known command behind spaces is a command, too: it may contain a password. A second slash makes
 * it a message.
 * @param isKnown reports whether a word in lower case is a command
 */
export function typedLine(text: string, isKnown: (word: string) => boolean): TypedLine {
  if (text.startsWith("//")) return { kind: "message", text: text.slice(1) };
  if (text.startsWith("/")) return { kind: "command", line: text.slice(1) };
  const [, spaces = "", slashes = "", word = ""] = INDENTED.exec(text) ?? [];
  if (word === "" || !isKnown(word.toLowerCase())) return { kind: "message", text };
  const line = text.slice(spaces.length + 1);
  return slashes === "/" ? { kind: "command", line } : { kind: "message", text: spaces + line };
}

/** Doubles the slash of a pasted text that would run as a command. */
export function withoutCommand(text: string, isKnown: (word: string) => boolean): string {
  if (text.startsWith("/")) return `/${text}`;
  const [, spaces = "", , word = ""] = INDENTED.exec(text) ?? [];
  if (word === "" || !isKnown(word.toLowerCase())) return text;
  return `${spaces}/${text.slice(spaces.length)}`;
}
