/** Sections of a list of people. */

import { isSameName } from "../../core/model/item.ts";
import type { Member } from "../../core/model/state.ts";
import type { Texts } from "../messages/en/page.ts";

export interface PeopleSection {
  readonly title: string;
  /** Number of people, of whom only the first may be listed. */
  readonly count: number;
  readonly people: readonly Member[];
}

/**
 * @param isConnected if false, nobody's presence is known
 * @param max number of people listed in all sections
 * @param hands names of those with a raised hand, in their order
 */
export function peopleSections(
  all: readonly Member[],
  isConnected: boolean,
  texts: Pick<Texts, "leads" | "handsInOrder" | "onlinePeople" | "offlinePeople" | "people">,
  max: number,
  hands: readonly string[] = [],
): readonly PeopleSection[] {
  const isLead = ({ role }: Member) => role === "operator" || role === "moderator";
  const raised = (isConnected ? hands : []).flatMap((hand) =>
    all.filter(({ name }) => isSameName(name, hand)),
  );
  const rest = all.filter((member) => !raised.includes(member));
  const others = rest.filter((member) => !isLead(member));
  const groups: readonly (readonly [string, readonly Member[]])[] = [
    [texts.leads, rest.filter(isLead)],
    [texts.handsInOrder, raised],
    [texts.onlinePeople, isConnected ? others.filter(({ isOnline }) => isOnline) : []],
    [texts.offlinePeople, isConnected ? others.filter(({ isOnline }) => !isOnline) : []],
    [texts.people, isConnected ? [] : others],
  ];
  let left = max;
  return groups.flatMap(([title, group]) => {
    const people = group.slice(0, left);
    left -= people.length;
    return group.length === 0 ? [] : [{ title, count: group.length, people }];
  });
}
