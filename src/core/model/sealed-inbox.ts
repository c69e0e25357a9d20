/** Inbox with what this device has read in encrypted rooms, whose calls the server cannot know. */

import { defined } from "../../base/values.ts";
import {
  type Inbox,
  type InboxCall,
  type InboxMessage,
  type InboxPlace,
  unreadIn,
} from "../client/inbox.ts";
import { activityOf, isCall } from "./activity.ts";
import { isMessage } from "./item.ts";
import { isConversation } from "./room.ts";
import { roomOf } from "./selectors.ts";
import type { Item, Model, RoomState } from "./state.ts";

export function withSealed(inbox: Inbox, model: Model): Inbox {
  const calls = sealedCalls(model);
  const read = (place: InboxPlace) => readPlace(place, model.rooms.get(place.room.id));
  const [people, rooms] = [inbox.people.map(read), inbox.rooms.map(read)];
  const calling = ({ calls: count }: InboxPlace) => Number(count > 0);
  return {
    ...inbox,
    // A call on a raised hand and an invitation have no message, and come first.
    calls: [...inbox.calls, ...calls].sort((a, b) => seqOf(b) - seqOf(a)),
    people,
    rooms: rooms.sort((a, b) => calling(b) - calling(a)),
    callCount: inbox.callCount + calls.length,
    unread: unreadIn([...people, ...rooms]),
  };
}

function seqOf({ seq = Number.MAX_SAFE_INTEGER }: InboxCall): number {
  return seq;
}

function sealedCalls(model: Model): readonly InboxCall[] {
  return activityOf(model).flatMap((entry): InboxCall[] => {
    if (!entry.isUnread || !isCall(entry)) return [];
    const { kind, item, target } = entry;
    const room = roomOf(model, target);
    if (room?.isSealed !== true || isConversation(room)) return [];
    return [{ reason: kind, room, ...inboxMessage(item) }];
  });
}

function readPlace(place: InboxPlace, room: RoomState | undefined): InboxPlace {
  if (room?.isSealed !== true) return place;
  const last = newestMessage(room);
  const calls = isConversation(room) ? place.calls : room.mentions.length;
  return { ...place, unread: room.unread, calls, ...defined({ last: last ?? place.last }) };
}

/** Returns the newest message that is loaded and not erased. */
export function newestMessage({ tail }: RoomState): InboxMessage | undefined {
  const item = tail.items.findLast((one) => isMessage(one) && one.state === "whole");
  return item && inboxMessage(item);
}

function inboxMessage({ seq, n, timeUnixMs, from, text, files }: Item): InboxMessage {
  const said = text === "" ? files.map((file) => file.name).join(", ") : text;
  return { seq, n, timeUnixMs, from, text: said };
}
