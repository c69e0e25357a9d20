/** A found message among its neighbours. */

import { isMessage } from "../model/item.ts";
import { isIgnored } from "../model/selectors.ts";
import type { FoundItem, Item, Model } from "../model/state.ts";

const MESSAGES_AROUND = 2;

/** Returns the message with those before and after it, as far as they are loaded. */
export function messagesAround(model: Model, { room: id, item }: FoundItem): readonly Item[] {
  const room = model.rooms.get(id);
  const isFound = ({ seq }: Item) => seq === item.seq;
  const ranges = [room?.tail.items ?? [], room?.jump?.items ?? []];
  const items = (ranges.find((range) => range.some(isFound)) ?? []).filter(
    (each) => isFound(each) || (isMessage(each) && !isIgnored(model, each.from)),
  );
  const at = items.findIndex(isFound);
  if (at < 0) return [item];
  return items.slice(Math.max(0, at - MESSAGES_AROUND), at + MESSAGES_AROUND + 1);
}
