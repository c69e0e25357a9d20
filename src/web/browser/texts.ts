import { ENGLISH, type Texts } from "../../ui/messages/en/first.ts";

/** Another language is fetched when it is chosen. */
export async function loadTexts(language: string): Promise<Texts> {
  return language === "id"
    ? (await import("../../ui/messages/id/page.ts")).INDONESIAN_PAGE
    : ENGLISH;
}
