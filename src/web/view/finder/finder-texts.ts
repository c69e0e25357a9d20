/** Texts of the finder in the language of the page. */

import { createContext, useContext } from "react";
import { ENGLISH_PAGE_FINDER, type PageFinderTexts } from "../../../ui/messages/en/finder-page.ts";
import { INDONESIAN_PAGE_FINDER } from "../../../ui/messages/id/finder-page.ts";

export const FinderTextsContext = createContext(ENGLISH_PAGE_FINDER);

export function finderTexts(lang: string): PageFinderTexts {
  return lang === "id" ? INDONESIAN_PAGE_FINDER : ENGLISH_PAGE_FINDER;
}

export function useFinderTexts(): PageFinderTexts {
  return useContext(FinderTextsContext);
}
