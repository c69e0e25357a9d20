/** Full-screen texts, including those shared with the browser client. */

import type { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import { type CatchUpTexts, ENGLISH_CATCH_UP } from "../../../ui/messages/en/catch-up.ts";
import { ENGLISH_KEYS, type KeyTexts } from "../../../ui/messages/en/keys.ts";
import { ENGLISH, type Texts } from "../../../ui/messages/en/page.ts";
import { ENGLISH_TERMINAL, type TerminalTexts } from "../../../ui/messages/en/terminal.ts";
import { INDONESIAN_CATCH_UP } from "../../../ui/messages/id/catch-up.ts";
import { INDONESIAN_KEYS } from "../../../ui/messages/id/keys.ts";
import { INDONESIAN } from "../../../ui/messages/id/page.ts";
import { INDONESIAN_TERMINAL } from "../../../ui/messages/id/terminal.ts";
import { remedyText, translated } from "../../../ui/text/fault-text.ts";

export interface ScreenTexts extends Texts {
  readonly screen: TerminalTexts;
  readonly keys: KeyTexts;
  readonly catchUp: CatchUpTexts;
}

const TEXTS: Readonly<Record<"en" | "id", ScreenTexts>> = {
  en: { ...ENGLISH, screen: ENGLISH_TERMINAL, keys: ENGLISH_KEYS, catchUp: ENGLISH_CATCH_UP },
  id: {
    ...INDONESIAN,
    screen: INDONESIAN_TERMINAL,
    keys: INDONESIAN_KEYS,
    catchUp: INDONESIAN_CATCH_UP,
  },
};

export function screenTexts(language: "en" | "id"): ScreenTexts {
  return TEXTS[language];
}

/** @param env with `auto`, LC_ALL, LC_MESSAGES and LANG determine the language */
export function languageOf(
  chosen: "auto" | "en" | "id",
  env: Readonly<Record<string, string | undefined>>,
): "en" | "id" {
  if (chosen !== "auto") return chosen;
  const locale = env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  return /^id(?:[_.@]|$)/i.test(locale) ? "id" : "en";
}

/** The server chooses the texts of its faults. */
export function faultLineIn({ faultTemplates }: ScreenTexts, fault: Fault): string {
  const own = translated(fault.translatable.message, faultTemplates);
  // A translated remedy behind an English message would be two languages in one line.
  const help = remedyText(fault, own === undefined ? {} : faultTemplates, typedHere);
  return cleanText(`${own ?? fault.message}; ${help}`);
}

/** Prefers the slash command to the command of the shell. */
function typedHere(commands: string): string {
  return commands.slice(commands.indexOf(", or /") + 1).replace(/^ or /, "");
}
