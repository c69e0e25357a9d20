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
  const start = unusualStart(text, isKnown);
  if (start === undefined) return { kind: "message", text };
  const { spaces, slashes, name, rest } = start;
  if (slashes.length > 1) return { kind: "message", text: spaces + text.slice(spaces.length + 1) };
  return { kind: "command", line: name + rest };
}

/** Doubles the slash of a pasted text that would run as a command. */
export function withoutCommand(text: string, isKnown: (word: string) => boolean): string {
  if (text.startsWith("/")) return `/${text}`;
  const start = unusualStart(text, isKnown);
  if (start === undefined) return text;
  const { spaces, slashes } = start;
  return spaces + slashes.charAt(0) + text.slice(spaces.length);
}

/** `undefined` unless the text begins with a known command in an unusual form. */
function unusualStart(text: string, isKnown: (word: string) => boolean) {
  const [start = "", spaces = "", slashes = "", word = ""] = UNUSUAL.exec(text) ?? [];
  const name = word.normalize("NFKC");
  if (!isKnown(name.toLowerCase())) return undefined;
  return { spaces, slashes, name, rest: text.slice(start.length) };
}
