/** Commands that can be bound to keys, named as in `config.toml`. */

import { ENGLISH_KEYS, type KeyTexts } from "../../../ui/messages/en/keys.ts";

export type CommandName = keyof KeyTexts["commands"];

export const COMMAND_NAMES = Object.keys(ENGLISH_KEYS.commands) as CommandName[];

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(ENGLISH_KEYS.commands, text);
}
