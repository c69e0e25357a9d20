/** Moderation of rooms and changes to earlier messages: permission checks and drafts. */

import { Fault, msg } from "../../base/fault.ts";
import { type FileId, isDirect, type RoomId, type UserId } from "../../base/ids.ts";
import {
  EDITS_PER_RECORD_MAX,
  HANDS_MAX,
  INVITATIONS_PER_INVITER_MAX,
  INVITATIONS_PER_USER_MAX,
  INVITED_PER_ROOM_MAX,
  KNOCKS_MAX,
  NEWCOMERS_ROOMS_MAX,
  PINS_MAX,
} from "../../base/limits.ts";
import { foldName, isGroupName, type Name, parseTarget } from "../../base/names.ts";
import { formatUtc } from "../../base/time.ts";
import { defined, isCount } from "../../base/values.ts";
import type { Body } from "../../wire/kinds.ts";
import type { RoomRules } from "../../wire/messages.ts";
import { bodyOf, type Draft, type LogRecord } from "../../wire/record.ts";
import { mayReadSealed } from "./group-state.ts";
import { addedDraft } from "./membership.ts";
import { checkReason } from "./not-encrypted.ts";
import {
  type PollAction,
  pollDueDraft,
  pollEndDraft,
  type VoteAction,
  voteDraft,
} from "./polls.ts";
import { type ProfileChange, profileAfter, sealedFace } from "./profiles.ts";
import { isVacantWithout, LOBBY, type Room, type Rooms } from "./rooms.ts";
import { changedRules, checkRules, needsAdmission, newcomersRooms, rulesOf } from "./rules.ts";
import { type Directory, displayedName, requireMember, requireRoom } from "./targets.ts";
import { checkNameUnlikeTitles, checkTitle, followingTitle } from "./titles.ts";
import { type WallAction, wallDraft } from "./wall.ts";

const NOTHING_TO_DO = msg`no action is needed`;

export type RoomAction =
  | ({ readonly kind: "kick"; readonly reason?: string } & UserAction)
  /**
   * `isByToken`: the requester has presented the operator token, and has no operator account. `by`:
   * name of the person who admits.
   */
  | ({ readonly kind: "admission"; readonly isByToken?: boolean; readonly by?: Name } & UserAction)
  | ({ readonly kind: "mute"; readonly on: boolean; readonly until?: number } & UserAction)
  | ({ readonly kind: "grant"; readonly on: boolean } & UserAction)
  | {
      readonly kind: "rename";
      readonly room: RoomId;
      readonly to: Name;
      /** Checked display name; empty to remove it. */
      readonly title?: string;
    }
  | { readonly kind: "close"; readonly room: RoomId; readonly on: boolean }
  | { readonly kind: "remove"; readonly room: RoomId }
  | { readonly kind: "retention"; readonly room: RoomId; readonly keepMs: number | undefined }
  | {
      readonly kind: "renamed";
      readonly room: RoomId;
      readonly user: UserId;
      readonly was: Name;
      readonly to: Name;
    }
  | { readonly kind: "gone"; readonly room: RoomId; readonly user: UserId; readonly name: Name }
  | ({ readonly kind: "edit"; readonly text: string; readonly isPoll?: boolean } & MessageAction)
  | ({
      readonly kind: "erase";
      readonly also?: readonly number[];
      readonly isPoll?: boolean;
      /** Erases only these files, or the message if it is `isTextless` and has no others. */
      readonly files?: readonly FileId[] | undefined;
      readonly isTextless?: boolean;
    } & MessageAction)
  | ({ readonly kind: "pin"; readonly on: boolean } & MessageAction)
  | { readonly kind: "receipts"; readonly room: RoomId; readonly on: boolean }
  | ({ readonly kind: "hand"; readonly on: boolean; readonly call?: boolean } & UserAction)
  | WallAction
  | PollAction
  | VoteAction
  | ({ readonly kind: "knock"; readonly on: boolean } & UserAction)
  | { readonly kind: "rules"; readonly room: RoomId; readonly change: RoomRules }
  | { readonly kind: "profile"; readonly room: RoomId; readonly change: ProfileChange }
  | {
      readonly kind: "erase-many";
      readonly room: RoomId;
      readonly seqs: readonly number[];
      readonly isRetention?: boolean;
    };

interface UserAction extends KickTarget {
  readonly room: RoomId;
}

export interface KickTarget {
  readonly user: UserId;
  readonly name: Name;
  readonly isOperator: boolean;
}

interface MessageAction {
  readonly room: RoomId;
  readonly seq: number;
  readonly author: UserId | "server";
}

/** An operator may act everywhere except in private rooms and other users' conversations. */
export interface ModeratorActor {
  readonly user: UserId;
  readonly isOperator: boolean;
}

/** Appends the room's removal if the departure leaves it vacant, which frees its name. */
export function withRoomRemoval(room: Room, gone: UserId, departure: Draft): Draft[] {
  if (!isVacantWithout(room, gone)) return [departure];
  const { by } = departure;
  return [departure, { kind: "remove", room: room.id, by, id: "", body: { vacant: true } }];
}

/** @throws {Fault} room-unknown, not-member, not-allowed, muted or too-many */
export function actionDrafts(
  rooms: Rooms,
  actor: ModeratorActor,
  act: RoomAction,
  unixMs: number,
): Draft[] {
  const draft = actionDraft(rooms, actor, act, unixMs);
  const room = rooms.get(act.room);
  if (room === undefined) return [draft];
  if (draft.kind === "erase") {
    const isPoll = act.kind === "erase" && act.isPoll === true;
    return [...settingRemovals(room, draft), ...pollEnds(room, draft, isPoll), draft];
  }
  if (act.kind === "rename") {
    const title = act.title ?? titleAfter(rooms, room, act.to);
    if (title === (room.title ?? "")) return [draft];
    return [draft, profileDraft(rooms, room, actor, { title })];
  }
  if (act.kind !== "kick" && act.kind !== "gone") return [draft];
  return withRoomRemoval(room, act.user, draft);
}

/**
 * Removes an erased topic, display name or face that is still in effect by a record of its own,
 * which every version understands.
 */
function settingRemovals(
  { id: room, topic, topicChange, titleSeq, markSeq, chalkSeq }: Room,
  { by, body }: Draft,
): Draft[] {
  const { seq, also = [] } = body as Body<"erase">;
  const isErased = (set: number | undefined) =>
    set !== undefined && (seq === set || also.includes(set));
  const removal = { room, by, id: "" };
  const drafts: Draft[] = [];
  if (topic !== "" && isErased(topicChange?.seq))
    drafts.push({ kind: "topic", ...removal, body: { topic: "" } });
  const profile = defined({
    title: isErased(titleSeq) ? "" : undefined,
    mark: isErased(markSeq) ? "" : undefined,
    chalk: isErased(chalkSeq) ? 0 : undefined,
  });
  if (Object.keys(profile).length > 0) drafts.push({ kind: "profile", ...removal, body: profile });
  return drafts;
}

/**
 * Ends the polls among the erased texts, because an erased text no longer shows that it was a poll,
 * and votes must not count in an older poll instead.
 */
function pollEnds({ id: room, polls }: Room, { by, body }: Draft, isPoll: boolean): Draft[] {
  const { seq: first, also = [] } = body as Body<"erase">;
  return [first, ...also]
    .filter(isCount)
    .filter((seq) => polls.has(seq) || (isPoll && seq === first))
    .map((seq) => ({ kind: "poll", room, by, id: "", body: { seq, on: false } }));
}

function actionDraft(rooms: Rooms, actor: ModeratorActor, act: RoomAction, unixMs: number): Draft {
  const room = rooms.get(act.room);
  if (room === undefined) throw new Fault("room-unknown", msg`no such room`);
  switch (act.kind) {
    case "admission":
      return admissionDraft(rooms, room, actor, act, unixMs);
    case "edit":
      return editDraft(rooms, room, actor, act, unixMs);
    case "erase":
      return eraseDraft(rooms, room, actor, act);
    case "pin":
      return pinDraft(rooms, room, actor, act);
    case "hand":
      return handDraft(room, actor, act, unixMs);
    case "wall":
      return wallDraft(room, actor.user, moderates(room, actor), act, unixMs);
    case "poll":
    case "vote":
      if (act.kind === "poll" && act.isDue === true) return pollDueDraft(room, act, unixMs);
      checkMayPost(room, actor.user, unixMs);
      checkNotErased(rooms, act.seq);
      // The user who has started a poll may also end it.
      if (act.kind === "poll") return pollEndDraft(room, actor.user, moderates(room, actor), act);
      if (!moderates(room, actor))
        checkRules(room, actor.user, { kind: act.kind, body: {} }, unixMs);
      return voteDraft(room, actor.user, act, unixMs);
    case "knock":
      return knockDraft(room, actor, act);
    case "rules":
      return rulesDraft(rooms, room, actor, act.change);
    case "profile":
      return profileDraft(rooms, room, actor, act.change);
    case "receipts":
      return receiptsDraft(room, actor, act.on);
    case "erase-many":
      return eraseManyDraft(rooms, room, actor, act);
    case "rename":
    case "close":
    case "remove":
    case "retention":
      return roomAdminDraft(rooms, room, actor, act);
    case "renamed": {
      checkMember(room, { user: act.user, name: act.to });
      const body = { user: act.user, was: act.was, name: act.to };
      return { kind: "rename", room: room.id, by: actor.user, id: "", body };
    }
    case "gone": {
      const { user, name } = act;
      checkRemovable(room, act);
      const body = { user, name, removed: true };
      return { kind: "kick", room: room.id, by: actor.user, id: user, body };
    }
    default:
      checkModerates(room, actor);
      checkMayModerateUser(room, actor, act);
      if (act.kind === "kick") checkReason(room, act.reason);
      return userActionDraft(room, actor.user, act);
  }
}

/**
 * Reports whether the record must keep its body: in a sealed room, a departure contains a signature
 * that the members need, and a kick without a reason is only a decision.
 */
export function isPermanent(room: Room, record: LogRecord): boolean {
  const { kind, id } = record.head;
  if (kind === "leave") return room.isSealed === true;
  // The name of a room follows from these records; that of an account does not.
  if (kind === "rename") return record.erased === undefined && !bodyOf(record, kind)?.user;
  if (kind !== "kick" || record.erased !== undefined) return false;
  return room.isSealed === true || id === "" || !bodyOf(record, kind)?.reason;
}

export function kickDraft(room: Room, actor: ModeratorActor, target: KickTarget): Draft {
  const act = { kind: "kick", room: room.id, ...target } as const;
  checkModerates(room, actor);
  checkMayModerateUser(room, actor, act);
  return userActionDraft(room, actor.user, act);
}

/**
 * Members may invite to an open room, moderators also to a locked or read-only one. Members of a
 * private room add people at once.
 */
function admissionDraft(
  rooms: Rooms,
  room: Room,
  actor: ModeratorActor,
  { user, name, isByToken, by = name }: Extract<RoomAction, { kind: "admission" }>,
  unixMs: number,
): Draft {
  checkMayInvite(room, actor, unixMs);
  if (room.members.has(user)) {
    throw new Fault("not-allowed", msg`${name} is already in '${displayedName(room)}'`, {
      remedy: NOTHING_TO_DO,
    });
  }
  if (room.isPrivate === true) return addedDraft(room, { id: user }, by);
  if (room.invited.has(user) && isInvitationValid(room, user)) {
    throw new Fault(
      "not-allowed",
      msg`${name} has already been invited to '${displayedName(room)}'`,
      { remedy: NOTHING_TO_DO },
    );
  }
  if (room.invited.size >= INVITED_PER_ROOM_MAX) {
    const max = INVITED_PER_ROOM_MAX;
    throw new Fault(
      "too-many",
      msg`'${displayedName(room)}' has reached the limit of ${max} invitations`,
      { remedy: msg`wait until some are answered` },
    );
  }
  const inviting = rooms.roomsInviting(user);
  const own = [...inviting].filter(({ invited }) => invited.get(user) === actor.user).length;
  const isOverLimit = !actor.isOperator && own >= INVITATIONS_PER_INVITER_MAX;
  if (isOverLimit || inviting.size >= INVITATIONS_PER_USER_MAX) {
    throw new Fault("too-many", msg`${name} has too many open invitations`, {
      remedy: msg`wait until some are answered`,
    });
  }
  const body = defined({ user, name, on: true, operator: isByToken || undefined });
  return admissionOf(room, actor.user, body);
}

/** The right may have ended since the invitation. */
export function isInvited(room: Room, user: UserId, directory: Directory, unixMs: number): boolean {
  const by = room.invited.get(user);
  if (by === undefined) return false;
  if (room.invitedByToken.has(user)) return true;
  if (directory.refusal?.(by, unixMs) !== undefined) return false;
  return isInvitationValid(room, user) || directory.policy?.isOperator(by) === true;
}

function isInvitationValid(room: Room, user: UserId): boolean {
  const by = room.invited.get(user);
  if (by === undefined || room.invitedByToken.has(user)) return by !== undefined;
  return room.members.has(by) && (isOpen(room) || room.moderators.has(by));
}

function isOpen({ name, rules, isClosed }: Room): boolean {
  return name !== undefined && rules.join === undefined && !isClosed;
}

function admissionOf({ id: room }: Room, by: UserId, body: Body<"admission">): Draft {
  return { kind: "admission", room, by, id: "", body };
}

function checkMayInvite(room: Room, actor: ModeratorActor, unixMs: number): void {
  if (!actor.isOperator || room.isPrivate === true) requireMember(room, actor.user);
  if (room.isSealed === true) {
    throw new Fault("sealed-room", msg`'${displayedName(room)}' is encrypted`, {
      remedy: msg`add their devices: ${"/invite NAME"}`,
    });
  }
  if (!isOpen(room)) checkModerates(room, actor);
  checkNotMuted(room, actor.user, unixMs);
}

function userActionDraft(
  room: Room,
  by: UserId,
  act: Extract<RoomAction, { kind: "kick" | "mute" | "grant" }>,
): Draft {
  const { kind, user, name } = act;
  // Readers identify accounts by name, and heads never contain names.
  const body = { user, name };
  const record = { room: room.id, by, id: "" };
  if (kind === "kick") {
    if (room.knocks.has(user)) return { kind: "knock", ...record, body: { ...body, on: false } };
    const isRemoval = room.members.has(user) || mayReadSealed(room, user);
    if (!isRemoval) return admissionOf(room, by, { ...body, on: false });
    return { kind, ...record, id: user, body: { ...body, reason: act.reason || undefined } };
  }
  const until = kind === "mute" && act.on ? act.until : undefined;
  return { kind, ...record, body: { ...body, on: act.on, until } };
}

function roomAdminDraft(
  rooms: Rooms,
  room: Room,
  { user: by, isOperator }: ModeratorActor,
  act: Extract<RoomAction, { kind: "rename" | "close" | "remove" | "retention" }>,
): Draft {
  const { name: was } = room;
  if (!isOperator || was === undefined) {
    throw new Fault("not-allowed", msg`only operators can do this`, {
      remedy: msg`ask an operator`,
    });
  }
  if (rooms.holderOf(was) !== room) throw new Fault("room-unknown", msg`no room named '${was}'`);
  const draft = { room: room.id, by, id: "" };
  if (act.kind === "retention") {
    return { kind: "retention", ...draft, body: { keepMs: act.keepMs } };
  }
  if (foldName(was) === foldName(LOBBY)) {
    const message = "the lobby cannot be renamed, closed or removed";
    throw new Fault("not-allowed", message, { remedy: "create another room" });
  }
  if (act.kind === "close") return { kind: "close", ...draft, body: { on: act.on } };
  if (act.kind === "remove") return { kind: "remove", ...draft, body: {} };
  if (isGroupName(act.to))
    throw new Fault("name-invalid", msg`'${act.to}' is not a valid room name`);
  const holder = rooms.holderOf(act.to);
  if (holder !== undefined && holder !== room) {
    throw new Fault("name-taken", msg`room '${act.to}' already exists`);
  }
  checkNameUnlikeTitles(rooms, act.to, room);
  return { kind: "rename", ...draft, body: { was, name: act.to } };
}

/**
 * A room with a rule about who may post needs a moderator: nobody else sees what members hand in.
 * @throws {Fault} last-moderator if other members remain in such a room without one
 */
export function checkNotLastModerator(
  rooms: Iterable<Room>,
  { id, name }: { readonly id: UserId; readonly name: Name },
  isOperator: (user: UserId) => boolean,
): void {
  for (const room of rooms) {
    if (room.name === undefined || room.rules.post === undefined) continue;
    if (!room.moderators.has(id) || !room.members.has(id)) continue;
    const others = [...room.members.keys()].filter((user) => user !== id);
    const isLed = others.some((user) => room.moderators.has(user) || isOperator(user));
    if (others.length === 0 || isLed) continue;
    throw new Fault(
      "last-moderator",
      msg`${name} is the only moderator of '${displayedName(room)}'`,
    );
  }
}

export function moderates(room: Room, { user, isOperator }: ModeratorActor): boolean {
  return (isOperator && room.isPrivate !== true) || room.moderators.has(user);
}

/**
 * An imported message claims an earlier author and time, so only moderators may import.
 * @throws {Fault} name-invalid, room-unknown or not-allowed
 */
export function checkMayImport(
  { rooms, isOperator }: { readonly rooms: Rooms; readonly isOperator: boolean },
  user: UserId,
  to: string,
): void {
  const { kind, name } = parseTarget(to);
  if (kind === "room" && moderates(requireRoom(rooms, name, user), { user, isOperator })) return;
  throw new Fault("not-allowed", msg`you cannot import into '${name}': you are not a moderator`, {
    remedy: msg`ask an operator`,
  });
}

function checkModerates(room: Room, actor: ModeratorActor): void {
  if (room.name !== undefined && moderates(room, actor)) return;
  throw new Fault("not-allowed", msg`you are not a moderator of '${displayedName(room)}'`);
}

function checkMayModerateUser(
  room: Room,
  { user, isOperator }: ModeratorActor,
  act: Extract<RoomAction, { kind: "kick" | "mute" | "grant" }>,
): void {
  // Kicking a user who has not joined yet withdraws the invitation, or declines the request.
  const isExpected = room.invited.has(act.user) || room.knocks.has(act.user);
  if (act.kind === "kick" && !isExpected) checkRemovable(room, act);
  const isGranting = act.kind !== "kick" && act.on === (act.kind === "grant");
  if (isOperator || isGranting || act.user === user) return;
  if (act.isOperator || act.user === room.maker) {
    const who = act.isOperator ? "an operator" : "the room's creator";
    throw new Fault("not-allowed", msg`${act.name} is ${who}`, { remedy: msg`ask an operator` });
  }
}

/** Members, and users who may read an encrypted room that they have never entered. */
function checkRemovable(room: Room, act: Pick<UserAction, "user" | "name">): void {
  if (!mayReadSealed(room, act.user)) checkMember(room, act);
}

function checkMember(room: Room, { user, name }: Pick<UserAction, "user" | "name">): void {
  if (room.members.has(user)) return;
  throw new Fault("not-member", msg`${name} is not in '${displayedName(room)}'`, {
    remedy: msg`list the members: ${"/who"}`,
  });
}

function editDraft(
  rooms: Rooms,
  room: Room,
  actor: ModeratorActor,
  { seq, author, text, isPoll }: Extract<RoomAction, { kind: "edit" }>,
  unixMs: number,
): Draft {
  const { user: by } = actor;
  if (author !== by) {
    throw new Fault("not-allowed", msg`message ${seq} is not yours`, {
      remedy: msg`you can edit only your own messages`,
    });
  }
  checkMayPost(room, by, unixMs);
  if (!moderates(room, actor)) checkRules(room, by, { kind: "edit", body: {} }, unixMs);
  if (room.isSealed === true) {
    throw new Fault("sealed-room", msg`this edit would not be encrypted, but the room is`, {
      remedy: msg`edit it on a device that is a member of the room`,
    });
  }
  checkNotErased(rooms, seq);
  if (isPoll === true) {
    throw new Fault("not-allowed", msg`a poll cannot be edited`, {
      remedy: msg`start a new one: ${"/poll QUESTION | A | B"}`,
    });
  }
  if (rooms.editsOf(seq).length >= EDITS_PER_RECORD_MAX) {
    const message = `a message can be edited at most ${EDITS_PER_RECORD_MAX} times`;
    throw new Fault("too-many", message, { remedy: "post a new message" });
  }
  return { kind: "edit", room: room.id, by, id: "", body: { seq, text } };
}

function eraseDraft(
  rooms: Rooms,
  room: Room,
  actor: ModeratorActor,
  { seq, author, also: named = [], files }: Extract<RoomAction, { kind: "erase" }>,
): Draft {
  const isByOther = author !== actor.user;
  if (isByOther && (isDirect(room.id) || !moderates(room, actor))) {
    throw new Fault("not-allowed", msg`message ${seq} is not yours`);
  }
  checkNotErased(rooms, seq);
  const order = { room: room.id, by: actor.user, id: "" };
  // Without `seq`, no reader takes the message for erased.
  if (files !== undefined) return { kind: "erase", ...order, body: { of: seq, files } };
  const edits = new Set([...rooms.editsOf(seq), ...named.filter((edit) => !rooms.isErased(edit))]);
  const body = { seq, also: [...edits] };
  return { kind: "erase", ...order, body };
}

/** Moderators may pin, and so may the members of a private room or a direct conversation. */
function pinDraft(
  rooms: Rooms,
  room: Room,
  actor: ModeratorActor,
  { seq, on }: Extract<RoomAction, { kind: "pin" }>,
): Draft {
  checkMayPin(room, actor);
  if (on) checkNotErased(rooms, seq);
  const isPinned = room.pins.includes(seq);
  if (on && isPinned) {
    throw new Fault("not-allowed", msg`message ${seq} is already pinned`, {
      remedy: NOTHING_TO_DO,
    });
  }
  if (!on && !isPinned) throw new Fault("not-found", msg`message ${seq} is not pinned`);
  if (on && room.pins.length >= PINS_MAX) {
    throw new Fault("too-many", msg`a room can have at most ${PINS_MAX} pinned messages`, {
      remedy: msg`unpin one first: ${"/unpin SEQ"}`,
    });
  }
  return { kind: "pin", room: room.id, by: actor.user, id: "", body: { seq, on } };
}

function receiptsDraft(room: Room, actor: ModeratorActor, on: boolean): Draft {
  checkMayPin(room, actor);
  if (room.pair !== undefined && room.pair[0] === room.pair[1]) {
    throw new Fault("not-allowed", msg`notes to yourself have no read receipts`, {
      remedy: NOTHING_TO_DO,
    });
  }
  const { by } = room.receipts ?? {};
  const isOn = room.pair === undefined ? by !== undefined : by?.has(actor.user) === true;
  if (isOn === on) {
    throw new Fault("not-allowed", msg`read receipts are already ${on ? "on" : "off"}`, {
      remedy: NOTHING_TO_DO,
    });
  }
  return { kind: "receipts", room: room.id, by: actor.user, id: "", body: { on } };
}

/**
 * A moderator may lower the hand of another user, but not raise it, and may call on any member. All
 * members may lower their own hand, also when they may not post.
 */
function handDraft(
  room: Room,
  actor: ModeratorActor,
  { user, name, on, call }: Extract<RoomAction, { kind: "hand" }>,
  unixMs: number,
): Draft {
  const isCall = !on && call === true;
  if (user !== actor.user || isCall) checkModerates(room, actor);
  else if (on) checkMayPost(room, user, unixMs);
  else requireMember(room, user);
  if (on && user !== actor.user) throw new Fault("not-allowed", msg`raise only your own hand`);
  if (isCall) checkMayCall(room, { user, name });
  const endsCall = !on && !isCall && room.called === user;
  if (!isCall && room.hands.has(user) === on && !endsCall) {
    throw new Fault(
      "not-allowed",
      on ? msg`the hand is already raised` : msg`the hand is not raised`,
      { remedy: NOTHING_TO_DO },
    );
  }
  if (on && room.hands.size >= HANDS_MAX) {
    throw new Fault("too-many", msg`at most ${HANDS_MAX} hands can be raised`, {
      remedy: msg`wait until a moderator lowers one`,
    });
  }
  const body = { user, name, on, ...(isCall ? { call: true } : {}) };
  return { kind: "hand", room: room.id, by: actor.user, id: "", body };
}

function checkMayCall(room: Room, { user, name }: Pick<UserAction, "user" | "name">): void {
  checkMember(room, { user, name });
  if (room.called !== user) return;
  throw new Fault("not-allowed", msg`${name} is already called on`, { remedy: NOTHING_TO_DO });
}

/** A user asks to join, and a moderator declines. To accept, a moderator invites the user. */
function knockDraft(
  room: Room,
  actor: ModeratorActor,
  { user, name, on }: Extract<RoomAction, { kind: "knock" }>,
): Draft {
  if (user !== actor.user) checkModerates(room, actor);
  if (on && user !== actor.user) throw new Fault("not-allowed", msg`ask only for yourself`);
  if (on) checkMayKnock(room, user);
  else if (!room.knocks.has(user)) {
    throw new Fault("not-found", msg`${name} does not ask to join '${displayedName(room)}'`);
  }
  return { kind: "knock", room: room.id, by: actor.user, id: "", body: { user, name, on } };
}

function checkMayKnock(room: Room, user: UserId): void {
  const { rules, name } = room;
  const mayJoin = !needsAdmission(room, user) || room.invited.has(user);
  if (mayJoin || rules.join !== "approval" || room.isSealed === true) {
    throw new Fault("not-allowed", msg`'${name}' takes no requests to join`, {
      remedy: msg`join it: ${`chat join --room ${name}, or /join ${name}`}`,
    });
  }
  if (room.knocks.has(user)) {
    throw new Fault("not-allowed", msg`you have already asked to join '${name}'`, {
      remedy: msg`wait until a moderator accepts`,
    });
  }
  if (room.declined.has(user)) {
    throw new Fault("not-allowed", msg`the moderators of '${name}' declined your request`, {
      remedy: msg`ask a moderator to invite you`,
    });
  }
  if (room.knocks.size < KNOCKS_MAX) return;
  throw new Fault("too-many", msg`${KNOCKS_MAX} people have already asked to join '${name}'`);
}

function rulesDraft(rooms: Rooms, room: Room, actor: ModeratorActor, change: RoomRules): Draft {
  checkModerates(room, actor);
  const { join, newcomers } = change;
  if (newcomers !== undefined && newcomers !== (room.rules.newcomers ?? false)) {
    checkNewcomers(rooms, actor, newcomers);
  }
  if (change.post === "private" && room.isSealed === true) {
    throw new Fault("sealed-room", msg`an encrypted room cannot be an assignment`, {
      remedy: msg`create a room that is not encrypted`,
    });
  }
  if (change.post === "private" && room.isPrivate === true) {
    throw new Fault("not-allowed", msg`a group cannot be an assignment`, {
      remedy: msg`create another room`,
    });
  }
  if ((change.due ?? 0) > 0 && (change.post ?? room.rules.post) !== "private") {
    throw new Fault("not-allowed", msg`'${displayedName(room)}' is not an assignment`, {
      remedy: msg`make it one: ${"/rules post private"}`,
    });
  }
  const isMembership = join !== undefined || newcomers === true;
  if (isMembership && room.isSealed === true) {
    throw new Fault("sealed-room", msg`members add people to an encrypted room`, {
      remedy: msg`add their devices: ${"/invite NAME"}`,
    });
  }
  const isLobby = foldName(room.name ?? LOBBY) === foldName(LOBBY);
  if (isLobby && isMembership && join !== "open") {
    throw new Fault("not-allowed", msg`everyone is in the lobby`, {
      remedy: msg`create another room`,
    });
  }
  if (isMembership && room.isPrivate === true) {
    throw new Fault("not-allowed", msg`only members can add people to a group`);
  }
  const rules = rulesOf({ ...room.rules, ...change });
  const body = { ...rules, changed: changedRules(room.rules, rules) };
  return { kind: "rules", room: room.id, by: actor.user, id: "", body };
}

function titleAfter(rooms: Rooms, room: Room, to: string): string {
  const { title = "", name } = room;
  if (title === "" || name === undefined) return title;
  const next = followingTitle(title, name, to) ?? title;
  const isTaken = next !== title && next !== "" && rooms.calledLike(next, room) !== undefined;
  return isTaken ? "" : next;
}

function profileDraft(
  rooms: Rooms,
  room: Room,
  actor: ModeratorActor,
  change: ProfileChange,
): Draft {
  checkModerates(room, actor);
  const { title = "", mark = "", chalk = 0 } = change;
  if (title !== "") checkTitle(rooms, title, { room });
  if (room.isSealed === true && (mark !== "" || chalk !== 0)) throw sealedFace();
  const body = profileAfter(room, change);
  return { kind: "profile", room: room.id, by: actor.user, id: "", body };
}

function checkNewcomers(rooms: Rooms, { isOperator }: ModeratorActor, isOn: boolean): void {
  if (!isOperator) {
    throw new Fault("not-allowed", msg`only operators decide which rooms newcomers join`, {
      remedy: msg`ask an operator`,
    });
  }
  if (!isOn || newcomersRooms(rooms.named()).length < NEWCOMERS_ROOMS_MAX) return;
  throw new Fault("too-many", msg`newcomers can join at most ${NEWCOMERS_ROOMS_MAX} rooms`, {
    remedy: msg`remove one first`,
  });
}

function checkMayPin(room: Room, actor: ModeratorActor): void {
  const isFree = room.isPrivate === true && room.members.has(actor.user);
  if (!isFree && room.pair?.includes(actor.user) !== true) checkModerates(room, actor);
}

/**
 * Skips messages that are already erased, and erases the others with their edits.
 * @throws {Fault} not-found if all of them are erased
 */
function eraseManyDraft(
  rooms: Rooms,
  room: Room,
  { user: by }: ModeratorActor,
  { seqs, isRetention }: Extract<RoomAction, { kind: "erase-many" }>,
): Draft {
  const remaining = seqs.filter((seq) => !rooms.isErased(seq));
  const [seq, ...also] = new Set(remaining.flatMap((item) => [item, ...rooms.editsOf(item)]));
  if (seq === undefined) {
    throw new Fault("not-found", msg`these messages were already deleted`, {
      remedy: NOTHING_TO_DO,
    });
  }
  const body = { seq, also, retention: isRetention || undefined };
  return { kind: "erase", room: room.id, by, id: "", body };
}

function checkNotErased(rooms: Rooms, seq: number): void {
  if (!rooms.isErased(seq)) return;
  throw new Fault("not-found", msg`message ${seq} was deleted`, { remedy: NOTHING_TO_DO });
}

/**
 * @param box box for which the assignment room is checked, if the box does not exist yet
 * @throws {Fault} not-member, not-allowed or muted
 */
export function checkMayPost(room: Room, user: UserId, unixMs: number, box = room.box): void {
  requireMember(room, user);
  if (isReadOnlyFor(room, user, box)) {
    throw new Fault("not-allowed", msg`'${displayedName(room)}' is read-only`, {
      remedy: msg`ask an operator to reopen it`,
    });
  }
  checkNotMuted(room, user, unixMs);
}

/** In the boxes of a closed room, moderators can still give feedback. */
export function isReadOnlyFor(
  { isClosed, moderators, box: own }: Room,
  user: UserId,
  box = own,
): boolean {
  return isClosed && !(box !== undefined && moderators.has(user));
}

/** End of the user's mute in Unix ms, 0 if permanent; `undefined` if the user is not muted. */
export function muteEnd(room: Room, user: UserId, unixMs: number): number | undefined {
  if (!room.muted.has(user)) return undefined;
  const until = room.muted.get(user);
  if (until === undefined) return 0;
  return unixMs < until ? until : undefined;
}

function checkNotMuted(room: Room, user: UserId, unixMs: number): void {
  const until = muteEnd(room, user, unixMs);
  if (until === undefined) return;
  const name = displayedName(room);
  const message =
    until === 0
      ? msg`you are muted in '${name}'`
      : msg`you are muted in '${name}' until ${formatUtc(until)}`;
  throw new Fault("muted", message);
}
