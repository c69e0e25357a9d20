/** All texts of the full screen: those of the page, and what the screen alone says. */

import { ENGLISH } from "../../../ui/messages/en/first.ts";
import { type AllTexts, ENGLISH_PARTS } from "../../../ui/messages/en/parts.ts";
import { INDONESIAN } from "../../../ui/messages/id/first.ts";
import { INDONESIAN_PARTS } from "../../../ui/messages/id/parts.ts";
import { SCREEN_ENGLISH, type ScreenTexts } from "./en.ts";
import { SCREEN_INDONESIAN } from "./id.ts";

export type FaceTexts = AllTexts & { readonly screen: ScreenTexts };

const FACES: Readonly<Record<"en" | "id", FaceTexts>> = {
  en: { ...ENGLISH, ...ENGLISH_PARTS, screen: SCREEN_ENGLISH },
  id: { ...INDONESIAN, ...INDONESIAN_PARTS, screen: SCREEN_INDONESIAN },
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
