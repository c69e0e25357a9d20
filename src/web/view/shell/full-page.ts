/** The page context with the texts of lazily loaded modules. */

import { useMemo } from "react";
import { type AllTexts, ENGLISH_DEFERRED } from "../../../ui/messages/en/deferred.ts";
import { type PageValue, usePage } from "./context.tsx";

export interface FullPage extends PageValue {
  readonly texts: AllTexts;
}

export function useFullPage(): FullPage {
  const page = usePage();
  // Only English has separate deferred texts.
  return useMemo(() => ({ ...page, texts: { ...ENGLISH_DEFERRED, ...page.texts } }), [page]);
}
