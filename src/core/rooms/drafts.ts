/** Builds records for posts and membership changes after checking permissions. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { isDirect, type RoomId, type UserId } from "../../base/ids.ts";
import {
  BOXES_PER_ROOM_MAX,
  MENTIONS_MAX,
  ROOM_MEMBERS_MAX,
  ROOMS_MAX,
  ROOMS_PER_ACCOUNT_MAX,
  ROOMS_RESERVED,
} from "../../base/limits.ts";
import { foldName, isGroupMention, isGroupName, isName, type Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { Body } from "../../wire/kinds.ts";
import { type PostBody, type RequestOf, recordOfPost } from "../../wire/messages.ts";
import type { Draft } from "../../wire/record.ts";
import type { ConversationCommand, RoomChange } from "./commands.ts";
import { formatPostId, isOutboxId } from "./dedup.ts";
import { type FileBody, unknownFile } from "./files.ts";
import { checkSealing } from "./group.ts";
import { invitedToSealed } from "./group-state.ts";
import { checkConversationLimit, checkRemovedQuota, joinDraft } from "./membership.ts";
import {
  actionDrafts,
  checkMayPost,
  type ModeratorActor,
  moderates,
  muteEnd,
  withRoomRemoval,
} from "./moderation.ts";
import { checkReason } from "./not-encrypted.ts";
import { checkPollStart, pollRulesOf } from "./polls.ts";
import { LOBBY, type Room, type Rooms } from "./rooms.ts";
import { checkRules, needsAdmission, refuseJoin } from "./rules.ts";
import { checkStamp, checkStampText } from "./stamps.ts";
import {
  type Directory,
  displayedName,
  type ResolvedTarget,
  requireJoinedRoom,
  requireRoom,
  unknownRoom,
} from "./targets.ts";
import { checkNameUnlikeTitles, checkTitle } from "./titles.ts";

export interface JoinDraftOptions {
  readonly name: Name;
  /**
   * Room that a password, an invite or an operator opens to the user. Identified by id, because its
   * name may belong to another room by the time the join runs.
   */
  readonly opens?: RoomId | undefined;
  readonly hasPassword?: boolean;
  /** Operator who adds the user. */
  readonly addedBy?: Name;
  /** The room must be an assignment room, or becomes one if the user may change its rules. */
  readonly assignment?: { readonly isOperator: boolean };
  readonly create:
    | {
        readonly room: RoomId;
        readonly locked: boolean;
        readonly sealed?: boolean;
        readonly topic?: string;
        /** Checked display name. */
        readonly title?: string;
        readonly isOperator?: boolean;
        /** Creates the room even if an existing one had the name before. */
        readonly reusesName?: boolean;
      }
    | undefined;
}

export function postDraft(
  user: UserId,
  { outbox, counter, body }: RequestOf<"post">,
  files?: readonly FileBody[],
): Omit<Draft, "room"> {
  if (!isOutboxId(outbox)) {
    throw new Fault("frame-malformed", "an outbox id must be 11 base64url characters");
  }
  const id = formatPostId(outbox, counter);
  if (body.files !== undefined && files === undefined) throw unknownFile();
  if (body.sealed !== undefined) {
    return { kind: "sealed", by: user, id, body: { ...sealedBodyOf(body), ...defined({ files }) } };
  }
  if (files !== undefined) return filesDraft(user, id, body, files);
  if (body.notice === true) checkNotice(body);
  if (body.stamp !== undefined) checkStampText(body);
  if (body.imported !== undefined) return importedDraft(user, id, body, body.imported);
  if (body.react !== undefined)
    return { kind: "reaction", by: user, id, body: reactionBodyOf(body) };
  if (body.text === "") throw new Fault("text-invalid", msg`message is empty`);
  if (body.poll !== undefined) return pollTextDraft(user, id, body, body.poll);
  const { kind, fields } = recordOfPost(body);
  if (fields.thread === undefined) return { kind, by: user, id, body: fields };
  const { thread, ...words } = fields;
  const inThread = { ...words, ...defined({ thread: thread || undefined }) };
  return { kind, by: user, id, body: inThread };
}

/** A message with files, whose text may be empty. The list is the last field of each such body. */
function filesDraft(
  by: UserId,
  id: string,
  { files: _, react, poll, notice, ...post }: PostBody,
  files: readonly FileBody[],
): Omit<Draft, "room"> {
  const { kind, fields } = recordOfPost(post);
  const isPlain = react === undefined && poll === undefined && post.stamp === undefined;
  if (kind !== "text" || !isPlain || notice === true) {
    throw new Fault("text-invalid", msg`only a plain text can have files`);
  }
  const { text, re, thread, mentions, everyone, imported } = fields;
  if (imported !== undefined) checkAuthor(imported);
  const message = { text: text || undefined, re, thread: thread || undefined };
  const rest = imported === undefined ? { mentions, everyone } : { imported };
  return { kind: "file", by, id, body: { ...defined({ ...message, ...rest }), files } };
}

/**
 * Omits mentions that name nobody, so that no reader displays them as mentions, and adds the
 * present names of people whom the post mentions by a former name.
 */
export function withPresentNames(
  request: RequestOf<"post">,
  directory: Pick<Directory, "find" | "nameOf">,
): RequestOf<"post"> {
  const { mentions = [] } = request.body;
  const ownerOf = (name: string) => (isName(name) ? directory.find(name)?.id : undefined);
  const presentOf = (name: string) => {
    const user = ownerOf(name);
    return (user && directory.nameOf?.(user)) ?? name;
  };
  const named = mentions.filter((name) => isGroupMention(name) || ownerOf(name) !== undefined);
  const added = named.map(presentOf).filter((name) => !isAmong(name, named));
  if (added.length === 0 && named.length === mentions.length) return request;
  const all = [...new Set([...added, ...named])].slice(0, MENTIONS_MAX);
  return { ...request, body: { ...request.body, mentions: all } };
}

function isAmong(name: string, names: readonly string[]): boolean {
  return names.some((other) => foldName(other as Name) === foldName(name as Name));
}

/** The rules of the poll are the last field, by which the state finds polls. */
function pollTextDraft(
  by: UserId,
  id: string,
  { poll: _, ...body }: PostBody,
  poll: NonNullable<PostBody["poll"]>,
): Omit<Draft, "room"> {
  const { kind, fields } = recordOfPost(body);
  if (kind !== "text") throw new Fault("text-invalid", msg`only a plain text can be a poll`);
  return { kind, by, id, body: { ...fields, poll: defined(poll) } };
}

function checkNotice(body: PostBody): void {
  if (recordOfPost(body).kind === "text" && body.react === undefined) return;
  throw new Fault("text-invalid", msg`only a plain text can be a notice`);
}

type Imported = NonNullable<PostBody["imported"]>;

function checkAuthor({ from }: Imported): void {
  if (from === "") throw new Fault("text-invalid", "an imported message must have an author");
}

function importedDraft(
  by: UserId,
  id: string,
  post: PostBody,
  imported: Imported,
): Omit<Draft, "room"> {
  checkAuthor(imported);
  if (post.react !== undefined) {
    return { kind: "reaction", by, id, body: { ...reactionBodyOf(post), imported } };
  }
  if (post.text === "") throw new Fault("text-invalid", msg`message is empty`);
  const { kind, fields } = recordOfPost(post);
  const { text, re, thread, notice } = fields;
  const body = { text, re, ...defined({ thread, notice }), imported };
  return { kind, by, id, body };
}

function sealedBodyOf({ sealed, files: _, ...rest }: PostBody): {
  readonly epoch: number;
  readonly ciphertext: string;
} {
  if (sealed === undefined || rest.text !== "" || Object.keys(rest).length > 1) {
    throw new Fault("text-invalid", "an encrypted message cannot include unencrypted text");
  }
  return { epoch: sealed.epoch, ciphertext: toBase64Url(sealed.ciphertext) };
}

function reactionBodyOf({ text, react, re }: PostBody): {
  readonly react: string;
  readonly re: number;
} {
  if (react === undefined || react === "" || text !== "") {
    throw new Fault("text-invalid", msg`a reaction must be one emoji or a short word`);
  }
  if (re === undefined) throw new Fault("frame-malformed", "a reaction must refer to a message");
  return { react, re };
}

/**
 * @throws {Fault} not-member, muted, not-allowed, too-fast, room-unknown, store-full, sealed-room
 * or stale-epoch
 */
export function checkPost(
  rooms: Rooms,
  poster: ModeratorActor & { readonly to: RoomId; readonly name?: string | undefined },
  unixMs: number,
  { kind, body }: Pick<Draft, "kind" | "body">,
): Room {
  const room = rooms.get(poster.to);
  if (room === undefined) {
    const code = isDirect(poster.to) ? "store-full" : "room-unknown";
    throw new Fault(code, "the conversation could not be created", { retryAfterMs: 1_000 });
  }
  checkMayPost(room, poster.user, unixMs);
  const isModerator = moderates(room, poster);
  if (!isModerator) checkRules(room, poster.user, { kind, body }, unixMs, poster.name);
  checkSealing(room, kind, body);
  const { text = "", poll, stamp } = body as Body<"text">;
  if (stamp !== undefined) checkStamp(room, isModerator);
  const rules = poll === undefined ? undefined : pollRulesOf(poll);
  const { user } = poster;
  if (rules !== undefined) checkPollStart(room, { user, isModerator, text, rules }, unixMs);
  return room;
}

/**
 * Checks whether a post may create the conversation or the box that it is for.
 * @throws {Fault} too-many, not-allowed or muted
 */
export function checkMayCreate(
  rooms: Rooms,
  { user, unixMs }: { readonly user: UserId; readonly unixMs: number },
  { box }: ResolvedTarget,
): void {
  if (box === undefined) return checkConversationLimit(rooms, user);
  const { of, user: owner } = box;
  const { name } = of;
  checkMayPost(of, user, unixMs, box);
  if (of.rules.post !== "private")
    throw new Fault("not-allowed", msg`'${name}' is not an assignment`);
  if (!of.members.has(owner))
    throw new Fault("not-allowed", msg`the box's owner is not in '${name}'`);
  if (rooms.boxesOf(of).length < BOXES_PER_ROOM_MAX) return;
  throw new Fault(
    "too-many",
    msg`only ${BOXES_PER_ROOM_MAX} people can hand in work in '${name}'`,
    { remedy: msg`ask a moderator` },
  );
}

export function conversationDraft({ room, pair, user }: ConversationCommand): Draft {
  const initiator = pair && user;
  return { kind: "room", room, by: "server", id: "", body: { direct: pair, initiator } };
}

export function lobbyDraft(room: RoomId): Draft {
  return { kind: "room", room, by: "server", id: "", body: { name: LOBBY } };
}

/** Returns `undefined` if a join with these options creates the room. */
export function roomToJoin(
  rooms: Rooms,
  user: UserId,
  {
    name,
    create,
  }: Pick<JoinDraftOptions, "name"> & {
    readonly create: Pick<NonNullable<JoinDraftOptions["create"]>, "reusesName"> | undefined;
  },
): Room | undefined {
  if (create?.reusesName === true && rooms.holderOf(name) === undefined) return undefined;
  return rooms.find(name, user);
}

export function joinDrafts(
  rooms: Rooms,
  user: UserId,
  options: JoinDraftOptions,
  isInvitedTo: (room: Room) => boolean = () => false,
): Draft[] {
  const { name, opens, create } = options;
  const room = roomToJoin(rooms, user, options);
  if (room === undefined) {
    if (create === undefined || isGroupName(name)) throw unknownRoom(rooms, name, user);
    checkNameUnlikeTitles(rooms, name);
    checkRoomQuota(rooms, user, create.isOperator === true);
    const { locked, sealed, title } = create;
    if (title !== undefined) checkTitle(rooms, title, { isSealed: sealed === true });
    const post = options.assignment && "private";
    // An encrypted room has no topic.
    const rules = sealed === true ? undefined : defined({ topic: "moderators", post });
    const official = create.isOperator || undefined;
    const body = {
      name,
      locked: locked || undefined,
      sealed: sealed || undefined,
      rules,
      official,
    };
    const createdCount: Draft = { kind: "room", room: create.room, by: user, id: "", body };
    const settings: Draft[] = [];
    if (create.topic !== undefined)
      settings.push({ ...createdCount, kind: "topic", body: { topic: create.topic } });
    if (title !== undefined) settings.push({ ...createdCount, kind: "profile", body: { title } });
    return [createdCount, joinDraft(rooms, user, create.room), ...settings];
  }
  if (create !== undefined) checkCreated(room, create);
  const rules = assignmentDrafts(rooms, room, user, options);
  if (room.members.has(user)) return rules;
  const isOpened = room.id === opens;
  if (room.isSealed === true && !room.admitted.has(user) && !isOpened) {
    throw new Fault("sealed-room", msg`'${name}' is encrypted, and you are not a member`, {
      remedy: msg`ask a member to add you: ${"/invite NAME"}`,
    });
  }
  if (needsAdmission(room, user) && !isOpened && !isInvitedTo(room)) refuseJoin(room);
  if (room.members.size >= ROOM_MEMBERS_MAX) {
    throw new Fault(
      "too-many",
      msg`'${name}' has reached the limit of ${ROOM_MEMBERS_MAX} members`,
      { remedy: msg`ask a moderator` },
    );
  }
  return [...rules, joinDraft(rooms, user, room.id, options.addedBy)];
}

/**
 * Checks a room that another user has created between the request and its turn.
 * @throws {Fault} name-taken if it lacks what was asked for
 */
function checkCreated(room: Room, create: NonNullable<JoinDraftOptions["create"]>): void {
  const { sealed = false, locked, topic, title } = create;
  const lacksLock = locked && room.rules.join !== "password";
  const isUnset = topic === undefined && title === undefined;
  if (isUnset && !lacksLock && sealed === (room.isSealed === true)) return;
  throw new Fault("name-taken", msg`room '${room.name}' already exists`, {
    remedy: msg`create another room`,
  });
}

/** Field of the answer if the request named a password that the existing room does not need. */
export function unlockedField(
  { rules }: Room,
  { hasPassword, create }: JoinDraftOptions,
): { readonly unlocked?: true } {
  const isUnlocked = hasPassword === true && create === undefined && rules.join !== "password";
  return isUnlocked ? { unlocked: true } : {};
}

/**
 * Makes an existing room an assignment.
 * @throws {Fault} name-taken, sealed-room or not-allowed, so that nobody enters a public room as if
 * it were an assignment
 */
function assignmentDrafts(
  rooms: Rooms,
  room: Room,
  user: UserId,
  { assignment }: JoinDraftOptions,
): Draft[] {
  if (assignment === undefined || room.rules.post === "private") return [];
  const actor = { user, isOperator: assignment.isOperator };
  if (!moderates(room, actor)) {
    throw new Fault("name-taken", msg`'${displayedName(room)}' exists, and is not an assignment`, {
      remedy: msg`choose another name, or ask one of its moderators`,
    });
  }
  const change = { post: "private" } as const;
  return actionDrafts(rooms, actor, { kind: "rules", room: room.id, change }, 0);
}

/** Operators have no per-account limit and may use ROOMS_RESERVED. */
function checkRoomQuota(rooms: Rooms, user: UserId, isOperator: boolean): void {
  checkRemovedQuota(rooms, user, isOperator);
  const { all, own } = rooms.inUse(user, false);
  if (all >= (isOperator ? ROOMS_MAX : ROOMS_MAX - ROOMS_RESERVED)) {
    throw new Fault("too-many", msg`this server has reached its limit of ${all} rooms`, {
      remedy: msg`ask an operator to remove unused rooms: ${"chat admin room remove"}`,
    });
  }
  if (isOperator || own < ROOMS_PER_ACCOUNT_MAX) return;
  throw new Fault("too-many", msg`you can create at most ${own} rooms on this server`, {
    remedy: msg`ask an operator to remove unused rooms: ${"chat admin room remove"}`,
  });
}

export function lobbyJoinDrafts(rooms: Rooms, user: UserId): Draft[] {
  const lobby = requireRoom(rooms, LOBBY);
  return lobby.members.has(user) ? [] : [joinDraft(rooms, user, lobby.id)];
}

/** Omits the reason if the user could not post it as a message. */
export function leaveDrafts(
  rooms: Rooms,
  actor: ModeratorActor,
  { room: name, signed, reason }: Omit<Extract<RoomChange, { kind: "leave" }>, "kind">,
  unixMs: number,
): Draft[] {
  const { user } = actor;
  const invitedTo = rooms.find(name, user);
  // An invited user who has not entered declines.
  if (invitedTo !== undefined && invitedToSealed(invitedTo).includes(user))
    return [{ kind: "leave", room: invitedTo.id, by: user, id: "", body: signed ?? {} }];
  const room = requireJoinedRoom(rooms, user, name);
  checkReason(room, reason);
  const isSigned = room.isSealed === true && signed !== undefined;
  const mayGiveReason = Boolean(reason) && isFreeToPost(room, actor, unixMs);
  const body = isSigned ? signed : { reason: mayGiveReason ? reason : undefined };
  const leave: Draft = { kind: "leave", room: room.id, by: user, id: "", body };
  return withRoomRemoval(room, user, leave);
}

/** Reports whether neither a rule nor a mute limits the user's messages. */
function isFreeToPost(room: Room, actor: ModeratorActor, unixMs: number): boolean {
  const isUnmuted = muteEnd(room, actor.user, unixMs) === undefined;
  if (room.isClosed || !isUnmuted) return false;
  const { post, slow } = room.rules;
  return moderates(room, actor) || (post === undefined && slow === undefined);
}

export function topicDraft(
  rooms: Rooms,
  actor: ModeratorActor,
  { room: name, topic }: { readonly room: Name; readonly topic: string },
  unixMs: number,
): Draft {
  const { user } = actor;
  const room = requireJoinedRoom(rooms, user, name);
  checkMayPost(room, user, unixMs);
  if (room.rules.topic !== undefined && !moderates(room, actor)) {
    throw new Fault(
      "not-allowed",
      msg`only moderators can set the topic of '${displayedName(room)}'`,
    );
  }
  checkSealing(room, "topic", undefined);
  return { kind: "topic", room: room.id, by: user, id: "", body: { topic } };
}
