/** Sums up the unread messages of a room. */

import { catchUpIn, catchUpOf, type RoomCatchUp } from "../core/model/catch-up.ts";
import { roomOf } from "../core/model/selectors.ts";
import type { Mention } from "../core/model/state.ts";
import type { SendRequest } from "./link/queries.ts";
import type { ModelStore } from "./model-store.ts";

export interface CatchUpSource {
  readonly request: SendRequest;
  readonly store: Pick<ModelStore, "model" | "recordsAfter">;
}

/** New messages after `read`, when the user opened the room. */
export interface UnreadRange {
  readonly target: string;
  readonly read: number;
  /** The server forgets calls that were read since then. */
  readonly calls: readonly Mention[];
}

/**
 * Asks the server, or reads the records of an encrypted room, of which the server only knows who
 * posted them.
 * @throws {Fault} kind-unknown if the server cannot sum up unread messages
 */
export async function queryCatchUp(
  { request, store }: CatchUpSource,
  { target, read, calls }: UnreadRange,
): Promise<RoomCatchUp | undefined> {
  const room = roomOf(store.model, target);
  if (room === undefined) return undefined;
  const answer = await request("unread", { room: room.id, after: read });
  if (!room.isSealed || answer.first === undefined) {
    return catchUpOf({ ...answer, calls: withCalls(answer.calls, calls) });
  }
  const records = await store.recordsAfter(target, answer.first.seq - 1);
  return catchUpIn(records, roomOf(store.model, target) ?? room, store.model);
}

function withCalls(listed: readonly Mention[], known: readonly Mention[]): Mention[] {
  const bySeq = new Map([...known, ...listed].map((call) => [call.seq, call]));
  return [...bySeq.values()].sort((a, b) => a.n - b.n);
}
