/** Views of a room without what people did whom the user ignores. */

import { IGNORABLE_KINDS } from "../../wire/kinds.ts";
import { isIgnored } from "./selectors.ts";
import type { Item, Model, Reaction, RoomState } from "./state.ts";

type Ignoring = Pick<Model, "ignored">;

/** Messages that could not be decrypted stay visible, because they may be anything. */
export function isHiddenWork(model: Ignoring, kind: string, from: string | undefined): boolean {
  return IGNORABLE_KINDS.has(kind) && kind !== "sealed" && isIgnored(model, from);
}

/** Omits reactions, and the names of voters. The numbers of a poll are the same for everybody. */
export function withoutIgnored(model: Ignoring, item: Item): Item {
  const isShown = (name: string) => !isIgnored(model, name);
  const { reactions, poll, replies } = item;
  const isChanged =
    !reactions.every(({ by }) => by.every(isShown)) ||
    poll?.options.every(({ by }) => by.every(isShown)) === false ||
    replies?.by.every(isShown) === false;
  if (!isChanged) return item;
  const shown = reactions.flatMap((reaction): Reaction[] => {
    const by = reaction.by.filter(isShown);
    return by.length === 0 ? [] : [{ ...reaction, by }];
  });
  const options = poll?.options.map((option) => ({ ...option, by: option.by.filter(isShown) }));
  return {
    ...item,
    reactions: shown,
    replies: replies && { ...replies, by: replies.by.filter(isShown) },
    poll: poll && options && { ...poll, options },
  };
}

export function shownHands(
  model: Ignoring,
  { hands }: Pick<RoomState, "hands">,
): readonly string[] {
  const shown = hands.filter((name) => !isIgnored(model, name));
  return shown.length === hands.length ? hands : shown;
}

export function shownCall(
  model: Ignoring,
  { called }: Pick<RoomState, "called">,
): string | undefined {
  return isIgnored(model, called) ? undefined : called;
}
