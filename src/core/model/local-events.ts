/** Handlers for the user's own posts and transfers that are in progress or have failed. */

import type { Fault } from "../../base/fault.ts";
import { VISIBLE_FAULTS_MAX } from "../../base/limits-page.ts";
import { roomAt } from "../client/room-names.ts";
import { type EventHandlers, inRoom, type ModelDraft } from "./builder.ts";
import type { LocalEvent } from "./event.ts";
import { isSameName } from "./item.ts";
import { markPollEnded, removeLine } from "./room.ts";
import type { PendingPost, RoomState } from "./state.ts";

export const LOCAL_HANDLERS: EventHandlers<LocalEvent> = {
  posted: (draft, { kind: _, ...post }) => {
    const { fields, rooms } = draft;
    if ("file" in post.body) return;
    const room = roomAt(rooms.values(), post.to);
    const to = room?.target ?? post.to;
    fields.pending = [...fields.pending, { ...post, to, state: { kind: "storing" } }];
    const written = room === undefined ? undefined : draft.room(room.id);
    if (written === undefined || post.body.react !== undefined) return;
    written.wasBoxed = false;
    if (post.body.thread !== true) removeLine(written);
  },
  stored: ({ fields }, { key }) => {
    fields.pending = fields.pending.map((post) =>
      post.key === key && post.state.kind === "storing"
        ? { ...post, state: { kind: "waiting" } }
        : post,
    );
  },
  settled,
  waiting: ({ fields }, { message }) => {
    const { waiting } = fields;
    const isKnown = waiting.some(({ key }) => key === message.key);
    fields.waiting = isKnown
      ? waiting.map((known) => (known.key === message.key ? message : known))
      : [...waiting, message];
  },
  "waiting-gone": ({ fields }, event) => {
    fields.waiting = fields.waiting.filter(({ key }) => key !== event.key);
  },
  "poll-ended": inRoom(({ fields }, room, { seq }) => markPollEnded(room, seq, fields)),
  discarded: ({ fields }, event) => {
    fields.pending = fields.pending.filter(({ key }) => key !== event.key);
  },
  transfer: ({ fields }, { transfer }) => {
    fields.transfers = new Map(fields.transfers).set(transfer.id, transfer);
  },
  "transfer-gone": ({ fields }, { id }) => {
    const transfers = new Map(fields.transfers);
    transfers.delete(id);
    fields.transfers = transfers;
  },
  fault: (draft, { fault }) => showFault(draft, fault),
};

export function showFault({ fields }: ModelDraft, fault: Fault): void {
  const others = fields.faults.filter(({ fault: { message } }) => message !== fault.message);
  fields.faults = [...others, { id: fields.nextFault, fault }].slice(-VISIBLE_FAULTS_MAX);
  fields.nextFault += 1;
}

function settled(
  draft: ModelDraft,
  { key, outcome }: Extract<LocalEvent, { kind: "settled" }>,
): void {
  const { fields } = draft;
  fields.pending = fields.pending.flatMap((post) => {
    if (post.key !== key) return [post];
    if (outcome.kind === "refused") {
      // Its message waits again.
      if (post.body.waiting !== undefined) return [];
      // A reaction has no row of its own, beside which the user could read the reason.
      if (post.body.react !== undefined) {
        showFault(draft, outcome.fault);
        return [];
      }
      return [{ ...post, state: { kind: "refused", fault: outcome.fault } } as const];
    }
    const { receipt } = outcome;
    const room = roomOf(draft, post);
    const hasArrived = room !== undefined && room.receivedN >= receipt.n;
    return hasArrived ? [] : [{ ...post, state: { kind: "sent", receipt } } as const];
  });
}

/** @param id the post's id in the record; empty if the room was removed */
export function dropSentPosts(draft: ModelDraft, room: RoomState, id = ""): void {
  const { fields } = draft;
  if (fields.pending.length === 0) return;
  const remaining = fields.pending.filter((post) => {
    if (id !== "" && post.id === id) return false;
    if (post.state.kind !== "sent" || !isSameName(post.to, room.target)) return true;
    return id !== "gone" && post.state.receipt.n > room.receivedN;
  });
  if (remaining.length < fields.pending.length) fields.pending = remaining;
}

export function dropOrphanedPosts(draft: ModelDraft): void {
  const { fields } = draft;
  const remaining = fields.pending.filter((post) => {
    return post.state.kind !== "sent" || roomOf(draft, post) !== undefined;
  });
  if (remaining.length < fields.pending.length) fields.pending = remaining;
}

function roomOf(draft: ModelDraft, post: PendingPost): RoomState | undefined {
  return roomAt(draft.rooms.values(), post.to);
}
