/** Loads the inbox of the full screen. */

import { formatTarget } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { queryInbox, type SendRequest } from "../../client/link/queries.ts";
import { type InboxPlace, readInbox, withoutMuted } from "../../core/client/inbox.ts";
import { newestMessage, withSealed } from "../../core/model/sealed-inbox.ts";
import type { Model, RoomState } from "../../core/model/state.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { InboxList } from "./state/inbox.ts";
import { isTargetMuted } from "./view/panels.ts";

const RECENT_MAX = 10;

/**
 * @param muted targets that the account or this device has muted
 * @throws {Fault} link-closed or timeout
 */
export async function loadInbox(
  request: SendRequest,
  model: Model,
  muted: readonly string[],
): Promise<InboxList> {
  const counted = readInbox(await queryInbox(request), sha256, model.me ?? "");
  const whole = withSealed(counted, model);
  const mark = (place: InboxPlace): InboxPlace => {
    const isMuted = place.isMuted || isTargetMuted(muted, formatTarget(place.room));
    return { ...place, isMuted };
  };
  const marked = { ...whole, people: whole.people.map(mark), rooms: whole.rooms.map(mark) };
  const quiet = [...marked.people, ...marked.rooms].filter(
    ({ isMuted, unread }) => isMuted && unread > 0,
  );
  const unread = new Map(
    [...whole.people, ...whole.rooms].map((place) => [place.room.id, place.unread]),
  );
  return { inbox: withoutMuted(marked), muted: quiet, recent: recentPlaces(model), unread };
}

function recentPlaces({ rooms }: Model): readonly InboxPlace[] {
  return [...rooms.values()]
    .sort((a, b) => b.lastSeq - a.lastSeq)
    .flatMap((room) => recentPlace(room) ?? [])
    .slice(0, RECENT_MAX);
}

function recentPlace(room: RoomState): InboxPlace | undefined {
  const { id, kind, name, title, topic, people, isSealed } = room;
  const last = newestMessage(room);
  if (last === undefined) return undefined;
  const view = { id, kind, name, topic, ...defined({ title, people, isSealed }) };
  return { room: view, unread: 0, calls: 0, last, isMuted: false };
}
