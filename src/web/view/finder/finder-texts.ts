/** Texts of the finder in the language of the page. */

import { createContext, useContext } from "react";
import { ENGLISH_FINDER, type FinderTexts } from "../../../ui/messages/en/finder-page.ts";
import { INDONESIAN_FINDER } from "../../../ui/messages/id/finder-page.ts";

export const FinderTextsContext = createContext(ENGLISH_FINDER);

export function finderTexts(lang: string): FinderTexts {
  return lang === "id" ? INDONESIAN_FINDER : ENGLISH_FINDER;
}

export function useFinderTexts(): FinderTexts {
  return useContext(FinderTextsContext);
}
