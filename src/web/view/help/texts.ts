/** Texts of the help in the language of the page: labels, and the questions with their answers. */

import { HELP_ASK_EN, HELP_EN } from "../../../ui/help/en.ts";
import type { HelpTexts } from "../../../ui/help/help.ts";
import { HELP_ASK_ID, HELP_ID } from "../../../ui/help/id.ts";
import { ENGLISH_PAGE_HELP, type PageHelpTexts } from "../../../ui/messages/en/help-page.ts";
import { INDONESIAN_PAGE_HELP } from "../../../ui/messages/id/help-page.ts";
import { usePage } from "../shell/context.tsx";

interface HelpLanguage {
  readonly own: PageHelpTexts;
  readonly questions: HelpTexts;
  /** Label of the field for a question. */
  readonly ask: string;
}

const ENGLISH: HelpLanguage = { own: ENGLISH_PAGE_HELP, questions: HELP_EN, ask: HELP_ASK_EN };
const INDONESIAN: HelpLanguage = {
  own: INDONESIAN_PAGE_HELP,
  questions: HELP_ID,
  ask: HELP_ASK_ID,
};

export function helpLanguage(lang: string): HelpLanguage {
  return lang === "id" ? INDONESIAN : ENGLISH;
}

export function useHelpTexts(): HelpLanguage {
  return helpLanguage(usePage().texts.lang);
}
