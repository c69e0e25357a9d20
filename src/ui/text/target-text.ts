/** Formats the target of a message for display. */

import { cleanText } from "../../base/text.ts";
import { titleOf } from "../../core/client/chat-record.ts";
import { roomOf } from "../../core/model/selectors.ts";
import type { Model } from "../../core/model/state.ts";

/** Title of a group, or the name of a room or user with its sign. */
export function targetTitle(model: Pick<Model, "rooms">, target: string): string {
  const room = roomOf(model, target);
  return room?.people === undefined ? targetText(target) : cleanText(titleOf(room));
}

export function targetText(target: string): string {
  const name = cleanText(target);
  return name.startsWith("@") ? name : `#${name}`;
}
