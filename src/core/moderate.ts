import { Fault } from "../base/fault.ts";
import { isDirect, type RoomId, type UserId } from "../base/ids.ts";
import { EDITS_PER_RECORD_MAX } from "../base/limits.ts";
import type { Name } from "../base/names.ts";
import type { Draft } from "../wire/record.ts";
import type { Room, Rooms } from "./room.ts";

/** What keeps order in one room, and what becomes of words once said: who may, and the drafts. */
export type Act =
  | ({ readonly kind: "kick" } & Concerned)
  | ({ readonly kind: "mute"; readonly on: boolean; readonly until?: number } & Concerned)
  | ({ readonly kind: "grant"; readonly on: boolean } & Concerned)
  | ({ readonly kind: "edit"; readonly text: string } & Said)
  | ({ readonly kind: "erase" } & Said);

/** Somebody with an account. */
interface Concerned {
  readonly room: RoomId;
  readonly user: UserId;
  readonly name: Name;
  /** An operator: only operators may do anything to them. */
  readonly isOperator: boolean;
}

/** A record that was looked up in the log: its head never changes. */
interface Said {
  readonly room: RoomId;
  readonly seq: number;
  readonly author: UserId | "server";
}

/** Who acts: an operator may everywhere, but in other people's conversations. */
export interface Actor {
  readonly user: UserId;
  readonly isOperator: boolean;
}

/** @throws Fault room-unknown, not-member, not-allowed, muted, too-many */
export function actDraft(rooms: Rooms, actor: Actor, act: Act, unixMs: number): Draft {
  const room = rooms.get(act.room);
  if (room === undefined) throw new Fault("room-unknown", "there is no such room");
  switch (act.kind) {
    case "edit":
      return editDraft(rooms, room, actor.user, act, unixMs);
    case "erase":
      return eraseDraft(rooms, room, actor, act);
    default:
      checkModerates(room, actor);
      checkConcerned(room, actor, act);
      return concernDraft(room, actor.user, act);
  }
}

function concernDraft(
  { id: room }: Room,
  by: UserId,
  act: Extract<Act, { kind: "kick" | "mute" | "grant" }>,
): Draft {
  const { kind, user, name } = act;
  // The name as well, since readers know accounts by that; it is in the body, never in the head.
  const body = { user, name };
  if (kind === "kick") return { kind, room, by, id: "", body };
  const until = kind === "mute" && act.on && act.until !== undefined ? { until: act.until } : {};
  return { kind, room, by, id: "", body: { ...body, on: act.on, ...until } };
}

export function moderates(room: Room, { user, isOperator }: Actor): boolean {
  return isOperator || room.moderators.has(user);
}

/** @throws Fault not-allowed */
function checkModerates(room: Room, actor: Actor): void {
  if (room.name !== undefined && moderates(room, actor)) return;
  throw new Fault("not-allowed", `you do not moderate '${room.name ?? "this conversation"}'`);
}

/** @throws Fault not-member, not-allowed */
function checkConcerned(
  room: Room,
  { user, isOperator }: Actor,
  act: Extract<Act, { kind: "kick" | "mute" | "grant" }>,
): void {
  if (act.kind === "kick" && !room.members.has(act.user)) {
    throw new Fault("not-member", `${act.name} is not in '${room.name}'`, {
      remedy: "see who is: /who",
    });
  }
  const isGiving = act.kind !== "kick" && act.on === (act.kind === "grant");
  if (isOperator || isGiving || act.user === user) return;
  if (act.isOperator || act.user === room.maker) {
    const who = act.isOperator ? "an operator" : "who made the room";
    throw new Fault("not-allowed", `${act.name} is ${who}`, { remedy: "ask an operator" });
  }
}

/** A word of one's own that still stands. @throws Fault muted, not-member, not-allowed, too-many */
function editDraft(
  rooms: Rooms,
  room: Room,
  by: UserId,
  { seq, author, text }: Extract<Act, { kind: "edit" }>,
  unixMs: number,
): Draft {
  if (author !== by) {
    throw new Fault("not-allowed", `message ${seq} is not yours`, { remedy: "change your own" });
  }
  checkSpeaks(room, by, unixMs);
  checkStands(rooms, seq);
  if (rooms.editsOf(seq).length >= EDITS_PER_RECORD_MAX) {
    const sentence = `message ${seq} was changed ${EDITS_PER_RECORD_MAX} times, which is the most`;
    throw new Fault("too-many", sentence, { remedy: "say it anew" });
  }
  return { kind: "edit", room: room.id, by, id: "", body: { seq, text } };
}

function eraseDraft(
  rooms: Rooms,
  room: Room,
  actor: Actor,
  { seq, author }: Extract<Act, { kind: "erase" }>,
): Draft {
  const isOthers = author !== actor.user;
  if (isOthers && (isDirect(room.id) || !moderates(room, actor))) {
    throw new Fault("not-allowed", `message ${seq} is not yours`);
  }
  checkStands(rooms, seq);
  const body = { seq, also: rooms.editsOf(seq) };
  return { kind: "erase", room: room.id, by: actor.user, id: "", body };
}

function checkStands(rooms: Rooms, seq: number): void {
  if (!rooms.isErased(seq)) return;
  throw new Fault("not-found", `message ${seq} was erased`, { remedy: "there is nothing left" });
}

/** @throws Fault not-member, muted */
export function checkSpeaks(room: Room, user: UserId, unixMs: number): void {
  if (!room.members.has(user)) {
    throw new Fault("not-member", `you are not in '${room.name ?? "this conversation"}'`);
  }
  if (!room.muted.has(user)) return;
  const until = room.muted.get(user);
  if (until !== undefined && unixMs >= until) return;
  const end = until === undefined ? "" : ` until ${new Date(until).toISOString()}`;
  throw new Fault("muted", `you may not speak in '${room.name ?? "this conversation"}'${end}`);
}
