import { type DeskTexts, ENGLISH_DESK } from "../../../ui/messages/en/desk.ts";
import { INDONESIAN_DESK } from "../../../ui/messages/id/desk.ts";
import { usePage } from "../shell/context.tsx";

export function useDeskTexts(): DeskTexts {
  return usePage().texts.lang === "id" ? INDONESIAN_DESK : ENGLISH_DESK;
}
