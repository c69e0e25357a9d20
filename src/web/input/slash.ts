/** Parser for composer lines that begin with `/`. */

import { unlessFault } from "../../base/fault.ts";
import { type Command, usageFor } from "../../ui/command.ts";
import { COMMANDS, SLASH_ALIASES } from "../../ui/commands.ts";
import type { Texts } from "../../ui/messages/en/page.ts";
import { isSharedCommand, typedLine } from "../../ui/typed-line.ts";

export type SlashLine =
  | { readonly kind: "order"; readonly command: Command; readonly order: unknown }
  /** Message that begins with a slash, typed as `//`. */
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "room-message"; readonly text: string }
  | { readonly kind: "unknown"; readonly word: string }
  | { readonly kind: "misused"; readonly name: string; readonly usage: string };

export function slashLine(text: string): SlashLine | undefined {
  if (text === "QUIT") return slashLine("/quit");
  const line = typedLine(text, isSharedCommand);
  if (line.kind === "message") return line.text === text ? undefined : line;
  const [, word = "", argument = ""] = /^(\S*)\s*([\s\S]*)$/.exec(line.line) ?? [];
  const typed = word.toLowerCase();
  if (typed === "sendall" && argument !== "") return { kind: "room-message", text: argument };
  const name = Object.hasOwn(SLASH_ALIASES, typed) ? (SLASH_ALIASES[typed] ?? "") : typed;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return { kind: "unknown", word };
  const order = unlessFault(() => command.parse(argument.trim(), "page"));
  if (order !== undefined) return { kind: "order", command, order };
  return { kind: "misused", name, usage: usageFor(command, "page") };
}

export function commandSummary(name: string, { slash }: Pick<Texts, "slash">): string {
  return (slash as Readonly<Record<string, string>>)[name] ?? "";
}
