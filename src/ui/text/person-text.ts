/** Names of people in texts. */

import { cleanText } from "../../base/text.ts";
import { shownName } from "../../core/model/people.ts";
import type { Model } from "../../core/model/state.ts";

export type ShownNames = Pick<Model, "displayNames">;

/** Shows people by their account names. */
export const ACCOUNT_NAMES: ShownNames = { displayNames: new Map() };

/** The display name, or the account name of a person without one. */
export function personText(names: ShownNames, user: string): string {
  return cleanText(shownName(names, user));
}
