/** Distinguishes commands from messages in what a user has typed. */

import { COMMANDS, SLASH_ALIASES } from "./commands.ts";

export type TypedLine =
  /** `line` has no slash. */
  | { readonly kind: "command"; readonly line: string }
  | { readonly kind: "message"; readonly text: string };

/** Spaces or invisible characters, slashes and a word; input methods type the wide slash. */
const UNUSUAL = /^([\s\p{Cf}]*)([/／]+)([^\s/／]+)(?!\S)/u;

/** @param word in lower case */
export function isSharedCommand(word: string): boolean {
  return Object.hasOwn(COMMANDS, word) || Object.hasOwn(SLASH_ALIASES, word);
}

/**
 * A known command behind spaces or with a wide slash is a command, too: it may contain a password.
 * A second slash makes it a message.
 * @param isKnown reports whether a word in lower case is a command
 */
export function typedLine(text: string, isKnown: (word: string) => boolean): TypedLine {
  if (text.startsWith("//")) return { kind: "message", text: text.slice(1) };
  if (text.startsWith("/")) return { kind: "command", line: text.slice(1) };
  const found = UNUSUAL.exec(text);
  if (found === null) return { kind: "message", text };
  const [start, spaces = "", slashes = "", word = ""] = found;
  const name = word.normalize("NFKC");
  if (!isKnown(name.toLowerCase())) return { kind: "message", text };
  if (slashes.length > 1) return { kind: "message", text: spaces + text.slice(spaces.length + 1) };
  return { kind: "command", line: name + text.slice(start.length) };
}

/** Doubles the slash of a pasted text that would run as a command. */
export function withoutCommand(text: string, isKnown: (word: string) => boolean): string {
  if (text.startsWith("/")) return `/${text}`;
  const [, spaces = "", slashes = "", word = ""] = UNUSUAL.exec(text) ?? [];
  if (word === "" || !isKnown(word.normalize("NFKC").toLowerCase())) return text;
  return spaces + slashes.charAt(0) + text.slice(spaces.length);
}
