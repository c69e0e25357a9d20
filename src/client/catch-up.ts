/** Sums up the unread messages of a room. */

import { catchUpIn, catchUpOf, type RoomCatchUp } from "../core/model/catch-up.ts";
import { mergedCalls, type NewMessages } from "../core/model/new-messages.ts";
import { roomOf } from "../core/model/selectors.ts";
import type { SendRequest } from "./link/queries.ts";
import type { ModelStore } from "./model-store.ts";

export interface CatchUpSource {
  readonly request: SendRequest;
  readonly store: Pick<ModelStore, "model" | "recordsAfter">;
}

/**
 * Asks the server, or reads the records of an encrypted room, of which the server only knows who
 * posted them.
 * @throws {Fault} kind-unknown if the server cannot sum up unread messages
 */
export async function queryCatchUp(
  { request, store }: CatchUpSource,
  { target, read, calls }: Pick<NewMessages, "target" | "read" | "calls">,
): Promise<RoomCatchUp | undefined> {
  const room = roomOf(store.model, target);
  if (room === undefined) return undefined;
  const answer = await request("unread", { room: room.id, after: read });
  if (!room.isSealed || answer.first === undefined) {
    return catchUpOf({ ...answer, calls: [...mergedCalls(calls, answer.calls)] });
  }
  const records = await store.recordsAfter(target, answer.first.seq - 1);
  return catchUpIn(records, roomOf(store.model, target) ?? room, store.model);
}
