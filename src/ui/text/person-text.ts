/** Names of people in texts. */

import { cleanText } from "../../base/text.ts";
import { isSameName } from "../../core/model/item.ts";
import { shownName } from "../../core/model/people.ts";
import type { Model } from "../../core/model/state.ts";
import type { Texts } from "../messages/en/page.ts";

export type ShownNames = Pick<Model, "displayNames">;

/** Shows people by their account names. */
export const ACCOUNT_NAMES: ShownNames = { displayNames: new Map() };

/** People named in a label or a tooltip, where a dialog names the others. */
const BRIEF_NAMES_MAX = 3;

/** Names the first people, the user before the others, and says how many more there are. */
export function briefNames(
  people: readonly string[],
  names: ShownNames & Partial<Pick<Model, "me">>,
  texts: Pick<Texts, "andMore" | "you">,
): string {
  const isMe = (user: string) => isSameName(user, names.me);
  const ordered = people.some(isMe)
    ? [
        texts.you,
        ...namesOf(
          people.filter((user) => !isMe(user)),
          names,
        ),
      ]
    : namesOf(people, names);
  const named = ordered.slice(0, BRIEF_NAMES_MAX).join(", ");
  const more = people.length - BRIEF_NAMES_MAX;
  return more <= 0 ? named : `${named} ${texts.andMore(more)}`;
}

/** Only the first of them are shown. */
function namesOf(people: readonly string[], names: ShownNames): readonly string[] {
  return people.slice(0, BRIEF_NAMES_MAX).map((user) => personText(names, user));
}

/** The display name, or the account name of a person without one. */
export function personText(names: ShownNames, user: string): string {
  return cleanText(shownName(names, user));
}
