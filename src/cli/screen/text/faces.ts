/** All texts of the full screen: those of the page, and what the screen alone says. */

import { ENGLISH } from "../../../ui/messages/en/first.ts";
import { ENGLISH_KEYS, type KeyTexts } from "../../../ui/messages/en/keys.ts";
import { type AllTexts, ENGLISH_PARTS } from "../../../ui/messages/en/parts.ts";
import { ENGLISH_TERMINAL, type TerminalTexts } from "../../../ui/messages/en/terminal.ts";
import { INDONESIAN } from "../../../ui/messages/id/first.ts";
import { INDONESIAN_KEYS } from "../../../ui/messages/id/keys.ts";
import { INDONESIAN_PARTS } from "../../../ui/messages/id/parts.ts";
import { INDONESIAN_TERMINAL } from "../../../ui/messages/id/terminal.ts";
import type { Sentence } from "./sentences.ts";
import { sentenceInIndonesian } from "./sentences-id.ts";

export interface FaceTexts extends AllTexts {
  readonly screen: TerminalTexts;
  readonly keys: KeyTexts;
  /** The translation of a fault's text; undefined if the text stays English. */
  readonly sentence: Sentence;
}

const FACES: Readonly<Record<"en" | "id", FaceTexts>> = {
  en: {
    ...ENGLISH,
    ...ENGLISH_PARTS,
    screen: ENGLISH_TERMINAL,
    keys: ENGLISH_KEYS,
    sentence: () => undefined,
  },
  id: {
    ...INDONESIAN,
    ...INDONESIAN_PARTS,
    screen: INDONESIAN_TERMINAL,
    keys: INDONESIAN_KEYS,
    sentence: sentenceInIndonesian,
  },
};

/** The same object for the same language. */
export function faceTexts(language: "en" | "id"): FaceTexts {
  return FACES[language];
}

/** @param env what the process was started with: `LC_ALL=id_ID.UTF-8` */
export function languageOf(
  chosen: "auto" | "en" | "id",
  env: Readonly<Record<string, string | undefined>>,
): "en" | "id" {
  if (chosen !== "auto") return chosen;
  const locale = env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  return /^id(?:[_.@]|$)/i.test(locale) ? "id" : "en";
}
