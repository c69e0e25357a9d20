/** Loader for the page's texts; languages other than English on demand. */

import { ENGLISH, type Texts } from "../../ui/messages/en/page.ts";

export async function loadTexts(language: string): Promise<Texts> {
  return language === "id" ? (await import("../../ui/messages/id/page.ts")).INDONESIAN : ENGLISH;
}
