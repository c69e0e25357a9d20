/** Loader for the page's texts; languages other than English on demand. */

import { ENGLISH, type Texts } from "../../ui/messages/en/first.ts";

export async function loadTexts(language: string): Promise<Texts> {
  return language === "id"
    ? (await import("../../ui/messages/id/page.ts")).INDONESIAN_PAGE
    : ENGLISH;
}
