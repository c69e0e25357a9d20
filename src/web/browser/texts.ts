/** Loader for the page's texts; languages other than English on demand. */

import type { Texts } from "../../ui/messages/en/page.ts";
import { ENGLISH_START, type StartTexts } from "../../ui/messages/en/start.ts";
import { withFetchFault } from "./parts.ts";

const english = withFetchFault(() => import("../../ui/messages/en/page.ts"));
const indonesian = withFetchFault(() => import("../../ui/messages/id/page.ts"));

export async function loadTexts(language: string): Promise<Texts> {
  return language === "id" ? (await indonesian()).INDONESIAN : (await english()).ENGLISH;
}

/** Only the English texts of the start are in the page's first module. */
export async function loadStartTexts(language: string): Promise<StartTexts> {
  return language === "id" ? await loadTexts(language) : ENGLISH_START;
}
