/** New messages of the open room, as they were when the line of new messages was drawn. */

import type { RoomId } from "../../base/ids.ts";
import { FEW_NEW_MESSAGES, isConversation } from "./room.ts";
import type { Mention, RoomState } from "./state.ts";

export interface NewMessages {
  readonly room: RoomId;
  readonly target: string;
  /** They are those after this `n`. */
  readonly read: number;
  /** `n` of the last record at that time. */
  readonly last: number;
  readonly unread: number;
  /** The server forgets calls that were read since then. */
  readonly calls: readonly Mention[];
  /** Whether they are enough for a card, which sums them up. They stay the same from then on. */
  readonly hasCard: boolean;
}

/**
 * Returns the new messages of the open room; `undefined` without the line of new messages.
 * @param known those of the last time
 * @param isWatched whether the user sees the room. Until then, more messages may arrive.
 */
export function newMessagesOf(
  room: RoomState | undefined,
  known: NewMessages | undefined,
  isWatched: boolean,
): NewMessages | undefined {
  const read = room?.readAtOpening;
  if (room === undefined || read === undefined || read > room.last) return undefined;
  const { id, target, last, mentions } = room;
  const isSame = known?.room === id && known.read === read && known.target === target;
  const before = isSame ? known : undefined;
  const unread = Math.max(room.unread, before?.unread ?? 0);
  const hasCard = isWatched && unread > FEW_NEW_MESSAGES;
  if (before?.hasCard === true) return before;
  if (before?.unread === unread && before.hasCard === hasCard) return before;
  // In a conversation, every message is for the user.
  const calls = isConversation(room) ? [] : mergedCalls(before?.calls ?? [], mentions);
  return { room: id, target, read, last, unread, calls, hasCard };
}

/** Returns the calls of both lists, the oldest first. */
export function mergedCalls(a: readonly Mention[], b: readonly Mention[]): readonly Mention[] {
  const bySeq = new Map([...a, ...b].map((call) => [call.seq, call]));
  return [...bySeq.values()].sort((first, second) => first.n - second.n);
}
