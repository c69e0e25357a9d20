import { useMemo } from "react";
import { type AllTexts, ENGLISH_PARTS } from "../../../ui/messages/en/parts.ts";
import { type PageValue, usePage } from "./context.tsx";

/** What parts that are fetched later may use: the same, with their own words. */
export interface PartPage extends PageValue {
  readonly texts: AllTexts;
}

export function usePartPage(): PartPage {
  const page = usePage();
  // Another language brings all of its words.
  return useMemo(() => ({ ...page, texts: { ...ENGLISH_PARTS, ...page.texts } }), [page]);
}
