/** Full-screen texts, including those shared with the browser client. */

import { type Fault, fillTemplate, type Translatable } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import { ENGLISH_KEYS, type KeyTexts } from "../../../ui/messages/en/keys.ts";
import { ENGLISH, type Texts } from "../../../ui/messages/en/page.ts";
import { ENGLISH_TERMINAL, type TerminalTexts } from "../../../ui/messages/en/terminal.ts";
import { INDONESIAN_TEMPLATES } from "../../../ui/messages/id/fault-templates.ts";
import { INDONESIAN_KEYS } from "../../../ui/messages/id/keys.ts";
import { INDONESIAN } from "../../../ui/messages/id/page.ts";
import { INDONESIAN_TERMINAL } from "../../../ui/messages/id/terminal.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { faultLine } from "../../context.ts";

export interface ScreenTexts extends Texts {
  readonly screen: TerminalTexts;
  readonly keys: KeyTexts;
  /** Keyed by English template; empty for English. */
  readonly faultTemplates: Readonly<Record<string, string>>;
}

const TEXTS: Readonly<Record<"en" | "id", ScreenTexts>> = {
  en: { ...ENGLISH, screen: ENGLISH_TERMINAL, keys: ENGLISH_KEYS, faultTemplates: {} },
  id: {
    ...INDONESIAN,
    screen: INDONESIAN_TERMINAL,
    keys: INDONESIAN_KEYS,
    faultTemplates: INDONESIAN_TEMPLATES,
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

/**
 * Several faults share each of these codes, so the fault's own message says more than the text for
 * its code.
 */
const GENERIC_CODES: ReadonlySet<string> = new Set([
  ...(["usage", "not-found", "port-taken", "data-foreign", "data-locked", "internal"] as const),
]);

/** The server chooses the texts of its faults. */
export function faultLineIn(texts: ScreenTexts, fault: Fault): string {
  return cleanText(translatedLine(texts, fault));
}

function translatedLine(texts: ScreenTexts, fault: Fault): string {
  const { message, remedy } = fault.translatable;
  const translation = translate(message, texts.faultTemplates);
  if (translation !== undefined) {
    return `${translation}; ${translate(remedy, texts.faultTemplates) ?? fault.remedy}`;
  }
  // The shared texts name the browser's buttons, so in English the terminal displays the fault's
  // own message, which names commands.
  const isMessage = texts.lang === "en" || GENERIC_CODES.has(fault.code);
  return isMessage ? faultLine(fault) : faultText(fault, texts);
}

/**
 * Sanitises the values, but never translates them, because they may be user input.
 * @returns `undefined` if the table lacks the template
 */
function translate(
  text: Translatable | undefined,
  table: Readonly<Record<string, string>>,
): string | undefined {
  if (text === undefined || !Object.hasOwn(table, text.template)) return undefined;
  return fillTemplate(
    table[text.template] ?? "",
    text.values.map((value) => cleanText(value)),
  );
}
