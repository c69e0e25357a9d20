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

/**
 * Names the first people, the user before the others, and says how many more there are.
 * @param count number of all of them, if the list is shortened
 */
export function briefNames(
  people: readonly string[],
  names: ShownNames & Partial<Pick<Model, "me">>,
  texts: Pick<Texts, "andMore" | "you">,
  count = people.length,
): string {
  const isMe = (user: string) => isSameName(user, names.me);
  const ordered = [...people.filter(isMe), ...people.filter((user) => !isMe(user))];
  const named = ordered.slice(0, BRIEF_NAMES_MAX).map((user) => {
    return isMe(user) ? texts.you : personText(names, user);
  });
  return withMore(named, count, texts);
}

/** Lists the names, and says how many more of the `count` people there are. */
export function withMore(
  named: readonly string[],
  count: number,
  texts: Pick<Texts, "andMore">,
): string {
  const list = named.join(", ");
  return count <= named.length ? list : `${list} ${texts.andMore(count - named.length)}`;
}

/** The display name, or the account name of a person without one. */
export function personText(names: ShownNames, user: string): string {
  return cleanText(shownName(names, user));
}
