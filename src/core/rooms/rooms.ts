/** State of all rooms, built from the history log. `engine.ts` makes the decisions. */

import { BRACE_CLOSE, BRACKET_CLOSE } from "../../base/ascii.ts";
import { assert, unreachable } from "../../base/assert.ts";
import { boxOwner, isDirect, type RoomId, type UserId } from "../../base/ids.ts";
import {
  ANSWER_AFTER_MS,
  BOX_ANSWERS_MAX,
  DECLINED_MAX,
  GROUP_MEMBERS_MAX,
  HANDS_MAX,
  KNOCKS_MAX,
  PINS_MAX,
  RETENTION_MS_MIN,
  UNREAD_COUNTED_MAX,
} from "../../base/limits.ts";
import { type FoldedName, foldName, isGroupName, isName, type Name } from "../../base/names.ts";
import { clampUnixMs } from "../../base/time.ts";
import { isCount } from "../../base/values.ts";
import {
  type Body,
  fieldsOf,
  hasTrait,
  isOfLog,
  kindsWith,
  MESSAGE_KINDS,
  type RecordKind,
} from "../../wire/kinds.ts";
import type { RoomFace, RoomRules, Stamp, WallState } from "../../wire/messages.ts";
import { bodyOf, type FoldedHead, type FoldedRecord, parseBody } from "../../wire/record.ts";
import { dropOldest, setNewest } from "../evict.ts";
import { erasuresOf } from "../log/erasures.ts";
import { SeqSet, type SeqSetValue } from "../log/seq-set.ts";
import { FormerNames } from "./former-names.ts";
import {
  applyGroup,
  type Group,
  type GroupValue,
  groupBodyOf,
  groupOfValue,
  type WithLists,
  withLists,
} from "./group-state.ts";
import { JoinedRooms, UntitledGroups } from "./joined-rooms.ts";
import { LookAlikes } from "./look-alikes.ts";
import { MessageCount, type MessageCountValue } from "./message-count.ts";
import { endPoll, type OpenPoll, pollRulesOf, startPoll } from "./polls.ts";
import { faceAfter } from "./profiles.ts";
import { RoomCounts } from "./room-counts.ts";
import { applyRules, isQuestion, notePosted, rulesOf } from "./rules.ts";
import { knownStamp } from "./stamps.ts";
import { addReply, removeReplies, type Thread, type Threads } from "./threads.ts";
import { wallOf } from "./wall.ts";

export interface Room {
  readonly id: RoomId;
  name?: Name;
  /** Key of the room's command lock, derived from the room's name if it has one. */
  lock: string;
  /** Users of a direct conversation. In notes to oneself, the two are equal. */
  readonly pair?: readonly [UserId, UserId];
  /** `undefined` if the room is no box. */
  readonly box?: Box;
  /** User who began a conversation; "server" if the server did. */
  readonly maker: UserId | "server";
  /** Whether its maker had an operator's rights then. */
  readonly isOfficial?: boolean;
  /** Only the rules that differ from the defaults. */
  rules: RoomRules;
  isClosed: boolean;
  isSealed?: boolean;
  /** Only members know that the room exists, and operators have no rights in it. */
  readonly isPrivate?: boolean;
  group?: Group;
  /** Display name. */
  title?: string;
  /** Record that set the display name. */
  titleSeq?: number;
  /** Chosen mark and colour of the room's tile. */
  face?: RoomFace;
  /** Records that set the mark and the colour. */
  markSeq?: number;
  chalkSeq?: number;
  topic: string;
  topicChange?: { readonly by: UserId; readonly unixMs: number; readonly seq: number };
  /** `undefined` if messages are kept permanently. */
  retention?: { readonly keepMs: number; readonly by: UserId };
  pins: readonly number[];
  /** Users who raised a hand, the first one first; at most HANDS_MAX. */
  readonly hands: Set<UserId>;
  /** Member whom a moderator has called on, until one of them ends the call, or a message of it. */
  called?: UserId;
  /** Moderator who called on `called`. */
  caller?: UserId;
  /** Time of the call in Unix ms. */
  calledUnixMs?: number;
  /** Content of the room's walls; `undefined` while no moderator shows the room on one. */
  wall?: WallState;
  /** Open polls by the seq of their text; at most POLLS_OPEN_MAX. */
  readonly polls: Map<number, OpenPoll>;
  /** Users who ask to join, the first one first; at most KNOCKS_MAX. */
  readonly knocks: Set<UserId>;
  /** Users whose requests were declined, the last one last; at most DECLINED_MAX. */
  readonly declined: Set<UserId>;
  /** Time of each user's last message in slow mode, oldest first. */
  readonly posted: Map<UserId, number>;
  /**
   * Like `posted`, for messages accepted since the start of the server, by the clock that decides
   * about expiry.
   */
  accepted?: Map<UserId, number>;
  /**
   * Only in a box: seq and time in Unix ms of its owner's messages that are neither erased nor
   * questions, the newest last; at most UNREAD_COUNTED_MAX.
   */
  readonly work: Map<number, number>;
  /**
   * Only in a box: messages of anybody else than its owner that are not erased, by their seq, with
   * the stamp of those that are one; the newest last, at most BOX_ANSWERS_MAX.
   */
  readonly answers: Map<number, Stamp | null>;
  /** Threads with replies, by the seq of their root. */
  readonly threads: Threads;
  /** Threads that lost replies by the erasure with this seq, as they were before. */
  lostReplies?: { readonly seq: number; readonly threads: ReadonlyMap<number, Thread> };
  receipts?: Receipts;
  readonly members: Set<UserId>;
  /** Current and former members, who can join again without a password or an approval. */
  readonly admitted: Set<UserId>;
  /** Users who may join once without the password, and who invited them. */
  readonly invited: Map<UserId, UserId>; // At most INVITED_PER_ROOM_MAX entries.
  /** Invited users whose invitation does not end with the rights of its author. */
  readonly invitedByToken: Set<UserId>;
  readonly moderators: Set<UserId>;
  readonly muted: Map<UserId, number | undefined>;
  lastSeq: number;
  lastN: number;
  readonly messageCount: MessageCount;
}

/** A user's part of an assignment room, which only the user and the moderators read. */
export interface Box {
  readonly of: Room;
  readonly user: UserId;
}

/**
 * Remains of a removed room that was used, because authors, operators and the retention can
 * still erase its records: about 250 bytes. It counts for its creator's REMOVED_ROOMS_MAX.
 */
interface RemovedRoom {
  readonly name?: Name;
  readonly maker: UserId | "server";
  readonly isSealed?: true;
  readonly isPrivate?: true;
  readonly retention?: NonNullable<Room["retention"]>;
}

export interface Receipts {
  /** `n` of the first record with receipts. Readers of earlier records are not revealed. */
  since: number;
  /** Users who turned receipts on. A direct conversation needs both. */
  readonly by: Set<UserId>;
  /** `n` of each later join. Earlier records do not count as read by the new member. */
  readonly joined: Map<UserId, number>;
}

/**
 * A vacant room has no members and was never used, or is a group without members, which nobody can
 * join. It does not count towards a limit.
 */
export function isVacant(room: Room): boolean {
  return room.members.size === 0 && endsWithLastMember(room);
}

/** A user whose devices were added to a private encrypted room may join it. */
export function mayKnow({ isPrivate, isSealed, members, admitted }: Room, user?: UserId): boolean {
  if (isPrivate !== true) return true;
  if (user === undefined) return false;
  return members.has(user) || (isSealed === true && admitted.has(user));
}

export function isConversationRoom({ pair, isPrivate }: Room): boolean {
  return pair !== undefined || isPrivate === true;
}

/**
 * Reports whether operators' views omit the room's content: true for conversations, groups and
 * boxes.
 */
export function isConfidential({ name, isPrivate }: Room): boolean {
  return name === undefined || isPrivate === true;
}

export function isVacantWithout(room: Room, user: UserId): boolean {
  return room.members.size === 1 && room.members.has(user) && endsWithLastMember(room);
}

function endsWithLastMember(room: Room): boolean {
  return (room.isPrivate === true && room.isSealed !== true) || isUnused(room);
}

/**
 * The lobby, which the server created, and rooms with a group, whose keys devices have pinned,
 * always count as used.
 */
function isUnused({ name, maker, group, messageCount, topic, isClosed, retention }: Room): boolean {
  const isUserCreated = name !== undefined && maker !== "server" && group === undefined;
  return (
    isUserCreated && !messageCount.isUsed && topic === "" && !isClosed && retention === undefined
  );
}

/** Exceeds the erasures that a disk completes while a slow device receives its missed records. */
const ERASED_BY_MAX = 16_384;

export const LOBBY = "lobby" as Name;

const BOX_CHANGES: ReadonlySet<string> = kindsWith("box-change");

/** Records that change a group's members or title. */
const GROUP_CHANGES: ReadonlySet<string> = new Set([...kindsWith("room-title"), "remove"]);

export class Rooms {
  readonly #byId = new Map<RoomId, Room>(); // The room engine enforces ROOMS_MAX.
  readonly #removed = new Map<RoomId, RemovedRoom>();
  readonly #removedBy = new Map<UserId | "server", number>();
  readonly #byName = new Map<FoldedName, Room>();
  /** Without groups, whose names nobody sees. */
  readonly #namesAlike = new LookAlikes<Room>();
  readonly #titlesAlike = new LookAlikes<Room>();
  /** A former name resolves to its room unless another room uses the name. */
  readonly #former = new FormerNames<Room>();
  readonly #joined = new JoinedRooms<Room>();
  readonly #untitled = new UntitledGroups<Room>();
  readonly #inviting = new Map<UserId, Set<Room>>(); // At most INVITATIONS_PER_USER_MAX each.
  /** Seqs of edits by edited record, at most EDITS_PER_RECORD_MAX each. Erased with the record. */
  readonly #edits = new Map<number, number[]>();
  /** Boxes by the id of their assignment room, at most BOXES_PER_ROOM_MAX each. */
  readonly #boxes = new Map<RoomId, Room[]>();
  #erased = new SeqSet();
  readonly #erasedBy = new Map<number, number>(); // At most ERASED_BY_MAX entries.
  readonly #groupsInUse = new RoomCounts();
  readonly #roomsInUse = new RoomCounts();

  #direct = 0;

  head = 0;

  /** A removed room that was used has only the data in `RemovedRoom`, and no members. */
  get(id: RoomId): Room | undefined {
    const room = this.#byId.get(id);
    if (room !== undefined) return room;
    const removed = this.#removed.get(id);
    return removed && { ...emptyRoom({ room: id, by: removed.maker, seq: 0, n: 0 }), ...removed };
  }

  /** Returns the `n` of the room's last record; `undefined` if the room was removed. */
  endOf(id: RoomId): number | undefined {
    return this.#byId.get(id)?.lastN;
  }

  /** Finds a private room only for a user who may know of it. */
  find(name: Name, user?: UserId): Room | undefined {
    const room = this.holderOf(name) ?? this.#former.get(foldName(name));
    return room !== undefined && mayKnow(room, user) ? room : undefined;
  }

  holderOf(name: Name): Room | undefined {
    return this.#byName.get(foldName(name));
  }

  /** Names of the rooms that the user may know of. */
  *namesFor(user?: UserId): Iterable<Name> {
    for (const room of this.#byName.values()) {
      const { name } = room;
      if (name !== undefined && !isGroupName(name) && mayKnow(room, user)) yield name;
    }
  }

  /** Returns another room whose display name looks like the text. */
  titledLike(text: string, except?: Room): Room | undefined {
    return this.#titlesAlike.find(text, except);
  }

  /** Finds a private room only for a user who may know of it. */
  findTitledLike(text: string, user?: UserId): Room | undefined {
    const room = this.titledLike(text);
    return room !== undefined && mayKnow(room, user) ? room : undefined;
  }

  /** Returns another room whose name or display name looks like the text. */
  calledLike(text: string, except?: Room): Room | undefined {
    return this.titledLike(text, except) ?? this.#namesAlike.find(text, except);
  }

  /** Returns the former names that resolve to the room, the oldest first. */
  formerNamesOf(room: Room): readonly FoldedName[] {
    return this.#former.of(room).filter((name) => !this.#byName.has(name));
  }

  /** Returns the former names, the oldest first. A current name precedes an equal former one. */
  formerNames(): Iterable<readonly [FoldedName, Room]> {
    return this.#former;
  }

  roomsOf(user: UserId): ReadonlySet<Room> {
    return this.#joined.of(user);
  }

  /** Counts the rooms with names that the user is in. */
  namedCountOf(user: UserId): number {
    return this.#joined.namedOf(user);
  }

  /** Counts the direct conversations that the user began. */
  begunCountOf(user: UserId): number {
    return this.#joined.begunBy(user);
  }

  /** Finds an open group without a title that has exactly these members. */
  untitledGroup(people: readonly UserId[]): Room | undefined {
    return this.#untitled.find(people);
  }

  /** Returns the rooms with an open invitation of the user. */
  roomsInviting(user: UserId): ReadonlySet<Room> {
    return this.#inviting.get(user) ?? NO_ROOMS;
  }

  boxesOf({ id }: Room): readonly Room[] {
    return this.#boxes.get(id) ?? [];
  }

  /** Returns the boxes whose members a record in the room may change. */
  boxesChangedBy({ kind, room }: Pick<FoldedHead, "kind" | "room">): readonly Room[] {
    return BOX_CHANGES.has(kind) ? (this.#boxes.get(room as RoomId) ?? []) : [];
  }

  *sealed(): Iterable<Room> {
    for (const room of this.#byId.values()) if (room.group !== undefined) yield room;
  }

  *named(): Iterable<Room> {
    for (const room of this.#byId.values()) {
      if (room.name !== undefined && this.holderOf(room.name) === room) yield room;
    }
  }

  /** Returns the rooms in which a poll may be open. */
  *withPolls(): Iterable<Room> {
    for (const room of this.#byId.values()) if (room.polls.size > 0) yield room;
  }

  /** Returns the ids of rooms with a retention, including removed ones. */
  *retained(): Iterable<RoomId> {
    for (const rooms of [this.#byId, this.#removed]) {
      for (const [id, { retention }] of rooms) if (retention !== undefined) yield id;
    }
  }

  editsOf(seq: number): readonly number[] {
    return this.#edits.get(seq) ?? [];
  }

  isErased(seq: number): boolean {
    return this.#erased.has(seq);
  }

  /**
   * Returns the seq of the record that erased a record which was read before. If ERASED_BY_MAX
   * others were erased since, returns the newest seq.
   */
  erasedBy(seq: number): number {
    return this.#erasedBy.get(seq) ?? this.head;
  }

  get directCount(): number {
    return this.#direct;
  }

  /** Number of removed rooms that still have a `RemovedRoom`. */
  get removedCount(): number {
    return this.#removed.size;
  }

  /** Number of these that the user began. */
  removedCountOf(user: UserId): number {
    return this.#removedBy.get(user) ?? 0;
  }

  get namedCount(): number {
    return this.#byName.size;
  }

  /** Counts the groups or the other named rooms in use, and those that the user began. */
  inUse(user: UserId, isGroup: boolean): { readonly all: number; readonly own: number } {
    const counts = isGroup ? this.#groupsInUse : this.#roomsInUse;
    return { all: counts.all, own: counts.of(user) };
  }

  apply(record: FoldedRecord): void {
    const { head } = record;
    assert(head.seq === this.head + 1, "a history record is missing or repeated");
    this.head = head.seq;
    if (head.kind === "room") this.#create(record);
    const room = this.#byId.get(head.room as RoomId);
    if (room === undefined) {
      if (this.#removed.has(head.room as RoomId)) this.#changeMessages(record);
      return;
    }
    room.lastSeq = head.seq;
    room.lastN = head.n;
    if (head.by === "server") return;
    if (countsAsMessage(room, head.kind)) {
      notePosted(room, head.by, head.time);
      const answerFrom = (room.calledUnixMs ?? 0) + ANSWER_AFTER_MS;
      if (room.called === head.by && head.time >= answerFrom) endCall(room);
      if (room.box !== undefined) noteInBox(room, room.box, record);
      const root = rootOf(record);
      // A reply that only its thread shows is unread there, and not in the room.
      if (root === undefined) room.messageCount.add(head.n, head.by, head.seq);
      else {
        const starter = room.messageCount.authorOf(root);
        addReply(room.threads, root, [head.seq, head.by], starter);
      }
    }
    this.#change(room, record, head.by);
    this.#count(room);
    if (GROUP_CHANGES.has(head.kind)) this.#untitled.update(room);
    for (const box of this.boxesChangedBy(head)) this.#updateBox(box);
  }

  value(): RoomsValue {
    const rooms = [...this.#byId.values()];
    const numbers = new Map(rooms.map((room, number) => [room, number]));
    const numberOf = (room: Room) => numbers.get(room) ?? -1;
    return {
      head: this.head,
      rooms: rooms.map(valueOfRoom),
      holders: [...this.#byName].map(([name, room]) => [name, numberOf(room)]),
      former: [...this.#former].map(([name, room]) => [name, numberOf(room)]),
      joined: [...this.#joined].map(([user, joined]) => [user, [...joined].map(numberOf)]),
      edits: [...this.#edits],
      erased: this.#erased.value(),
      removed: [...this.#removed],
    };
  }

  load(value: RoomsValue): void {
    const rooms: Room[] = [];
    const byId = new Map<string, Room>();
    for (const roomValue of value.rooms) {
      const room = roomOfValue(roomValue, (id) => byId.get(id));
      byId.set(room.id, room);
      rooms.push(room);
    }
    const roomAt = (number: number): Room => {
      const room = rooms[number];
      assert(room !== undefined, "a snapshot contains the rooms to which it refers");
      return room;
    };
    for (const room of rooms) {
      this.#byId.set(room.id, room);
      if (room.pair !== undefined) this.#direct++;
      if (room.box !== undefined) this.#addBox(room.box.of, room);
      for (const user of room.invited.keys()) this.#addInviting(room, user);
    }
    for (const [name, number] of value.holders) this.#setHolder(name, roomAt(number));
    for (const room of rooms) {
      if (room.title !== undefined) this.#titlesAlike.add(room.title, room);
      this.#count(room);
      this.#untitled.update(room);
    }
    for (const [name, number] of value.former) this.#former.add(name, roomAt(number));
    for (const [user, numbers] of value.joined) {
      for (const number of numbers) this.#joined.add(roomAt(number), user);
    }
    for (const [seq, edits] of value.edits) this.#edits.set(seq, [...edits]);
    this.#erased = new SeqSet(value.erased);
    for (const [id, room] of value.removed) this.#addRemoved(id, room);
    this.head = value.head;
  }

  #change(room: Room, record: FoldedRecord, by: UserId): void {
    const { kind } = record.head;
    if (!isOfLog(kind, "history")) return;
    this.#changeMessages(record);
    switch (kind) {
      case "join":
        room.receipts?.joined.set(by, record.head.n);
        return this.#addMember(room, by);
      case "leave":
        room.members.delete(by);
        endHand(room, by);
        room.receipts?.joined.delete(by);
        // A user who leaves a sealed room must be invited again, because the user's devices are
        // removed from the group.
        if (room.isSealed === true) room.admitted.delete(by);
        this.#joined.delete(room, by);
        return;
      case "kick":
        return this.#removeMember(room, targetUser(record));
      case "admission":
        return this.#applyAdmission(room, record, by);
      case "mute":
        return applyMute(room, record);
      case "grant":
        return applyGrant(room, record);
      case "erase":
        return erase(room, record);
      case "pin":
        return applyPin(room, record);
      case "hand":
        return applyHand(room, record, by);
      case "wall":
        return applyWall(room, record);
      case "poll":
        return endPoll(room, record);
      case "knock":
        return applyKnock(room, record, by);
      case "rules": {
        // A damaged record leaves the previous rules in effect.
        const body = bodyOf(record, kind);
        return body && applyRules(room, rulesOf(body));
      }
      case "profile":
        return this.#setProfile(room, record);
      case "receipts":
        return receipts(room, record, by);
      case "rename":
        return this.#rename(room, bodyOf(record, kind));
      case "close":
        room.isClosed = bodyOf(record, kind)?.on === true;
        return;
      case "remove":
        return this.#remove(room, bodyOf(record, kind));
      case "retention":
        return applyRetention(room, record, by);
      case "group": {
        const body = groupBodyOf(parseBody(record));
        if (body !== undefined) applyGroup(room, record.head, body);
        return;
      }
      case "topic":
        return applyTopic(room, record, by);
      case "text": {
        const rules = mayStartPoll(record) ? pollRulesOf(bodyOf(record, kind)?.poll) : undefined;
        return rules && startPoll(room, record, rules);
      }
      case "room":
      case "vote":
      case "file":
      case "edit":
      case "sealed":
      case "checkpoint":
      case "fork":
      case "clock":
        return;
      default:
        return hasTrait(kind, "stateless") ? undefined : unreachable(kind);
    }
  }

  /** Applies what a record changes in messages, whose room may have been removed. */
  #changeMessages(record: FoldedRecord): void {
    if (record.head.kind === "edit") return this.#edit(record);
    if (record.head.kind !== "erase") return;
    for (const seq of erasuresOf(record)) {
      if (!this.#erased.has(seq)) {
        setNewest(this.#erasedBy, seq, record.head.seq, ERASED_BY_MAX);
      }
      this.#erased.add(seq);
      this.#edits.delete(seq);
    }
  }

  #removeMember(room: Room, user: UserId | undefined): void {
    if (user === undefined) return;
    room.members.delete(user);
    endHand(room, user);
    room.receipts?.joined.delete(user);
    room.moderators.delete(user);
    if (room.rules.join !== undefined || room.isSealed === true) room.admitted.delete(user);
    this.#joined.delete(room, user);
    for (const [invited, by] of room.invited)
      if (by === user && !room.invitedByToken.has(invited)) this.#endInvitation(room, invited);
  }

  #applyAdmission(room: Room, record: FoldedRecord, by: UserId): void {
    const user = targetUser(record);
    if (user === undefined) return;
    const { on, operator } = bodyOf(record, "admission") ?? {};
    if (on !== true || room.members.has(user)) return this.#endInvitation(room, user);
    endKnock(room, user);
    room.invited.set(user, by);
    if (operator === true) room.invitedByToken.add(user);
    else room.invitedByToken.delete(user);
    this.#addInviting(room, user);
  }

  #addInviting(room: Room, user: UserId): void {
    const rooms = this.#inviting.get(user);
    if (rooms === undefined) this.#inviting.set(user, new Set([room]));
    else rooms.add(room);
  }

  #endInvitation(room: Room, user: UserId): void {
    if (!room.invited.delete(user)) return;
    room.invitedByToken.delete(user);
    const rooms = this.#inviting.get(user);
    rooms?.delete(room);
    if (rooms?.size === 0) this.#inviting.delete(user);
  }

  /** A user's rename record is only informative, because the registry stores account names. */
  #rename(room: Room, { name, user }: Body<"rename"> = {}): void {
    if (user !== undefined || name === undefined || !isName(name)) return;
    const before = room.name;
    if (before === undefined || this.holderOf(before) !== room) return;
    this.#unsetHolder(before, room);
    if (this.#former.get(foldName(name)) === room) this.#former.delete(foldName(name));
    this.#former.add(foldName(before), room);
    room.name = name;
    room.lock = nameLock(name);
    this.#hold(name, room);
  }

  /** Takes the name from any other room, which then no longer counts. */
  #hold(name: Name, room: Room): void {
    const before = this.holderOf(name);
    if (before !== undefined && before !== room) {
      this.#unsetHolder(name, before);
      this.#removeTitle(before);
      this.#countsFor(before).set(before, false);
    }
    this.#setHolder(foldName(name), room);
  }

  #setHolder(name: FoldedName, room: Room): void {
    this.#byName.set(name, room);
    if (room.isPrivate !== true) this.#namesAlike.add(name, room);
  }

  #unsetHolder(name: Name, room: Room): void {
    this.#byName.delete(foldName(name));
    this.#namesAlike.delete(foldName(name), room);
  }

  /** A damaged record leaves the previous display name and face in effect. */
  #setProfile(room: Room, record: FoldedRecord): void {
    const body = bodyOf(record, "profile");
    if (body === undefined || isConfidential(room)) return;
    this.#setTitle(room, body, record.head.seq);
    const face = faceAfter(room.face, body);
    if (face === undefined) delete room.face;
    else room.face = face;
    if (face?.mark === undefined) delete room.markSeq;
    else if (body.mark !== undefined) room.markSeq = record.head.seq;
    if (face?.chalk === undefined) delete room.chalkSeq;
    else if (body.chalk !== undefined) room.chalkSeq = record.head.seq;
  }

  #setTitle(room: Room, { title }: Body<"profile">, seq: number): void {
    if (title === undefined) return;
    this.#removeTitle(room);
    if (title === "") return;
    room.title = title;
    room.titleSeq = seq;
    this.#titlesAlike.add(title, room);
  }

  #removeTitle(room: Room): void {
    if (room.title !== undefined) this.#titlesAlike.delete(room.title, room);
    delete room.title;
    delete room.titleSeq;
  }

  /** Updates the counts after each record, so that no request has to count all rooms. */
  #count(room: Room): void {
    if (room.name === undefined) return;
    const counts = this.#countsFor(room);
    if (room.members.size > 0 && counts.has(room)) return;
    counts.set(room, !isVacant(room) && this.holderOf(room.name) === room);
  }

  #countsFor({ isPrivate }: Room): RoomCounts {
    return isPrivate === true ? this.#groupsInUse : this.#roomsInUse;
  }

  #remove(room: Room, body: Body<"remove"> | undefined): void {
    if (room.name === undefined || this.holderOf(room.name) !== room) return;
    // Another server of the cluster may have added a member in the meantime.
    if (body?.vacant === true && !isVacant(room)) return;
    this.#unsetHolder(room.name, room);
    for (const name of this.#former.of(room)) this.#former.delete(name);
    // A room that was never used leaves no messages that somebody could erase.
    const boxes = this.boxesOf(room);
    const isForgotten = body?.vacant === true && isUnused(room) && boxes.length === 0;
    this.#boxes.delete(room.id);
    for (const box of boxes) this.#forget(box, removed(box));
    this.#forget(room, isForgotten ? undefined : removed(room));
  }

  #forget(room: Room, left: RemovedRoom | undefined): void {
    this.#byId.delete(room.id);
    this.#removeTitle(room);
    if (left !== undefined) this.#addRemoved(room.id, left);
    for (const user of room.members) this.#joined.delete(room, user);
    for (const user of [...room.invited.keys()]) this.#endInvitation(room, user);
    // The record of the removal is delivered to the members of before.
    room.members.clear();
  }

  #addRemoved(id: RoomId, room: RemovedRoom): void {
    this.#removed.set(id, room);
    this.#removedBy.set(room.maker, (this.#removedBy.get(room.maker) ?? 0) + 1);
  }

  #edit(record: FoldedRecord): void {
    const of = bodyOf(record, "edit")?.seq;
    if (of === undefined) return;
    const edits = this.#edits.get(of);
    if (edits === undefined) this.#edits.set(of, [record.head.seq]);
    else edits.push(record.head.seq);
  }

  #create(record: FoldedRecord): void {
    const { head } = record;
    const body = bodyOf(record, "room");
    const id = head.room as RoomId;
    if (body === undefined || this.#byId.has(id) || this.#removed.has(id)) return;
    const box = boxOf(id, (of) => this.#byId.get(of));
    const room =
      box !== undefined
        ? { ...emptyRoom(head), box, ...inheritedBy(box) }
        : isDirect(id)
          ? directRoom(head, body)
          : namedRoom(head, body);
    if (room === undefined) return;
    this.#byId.set(id, room);
    if (room.name !== undefined) this.#hold(room.name, room);
    else if (room.pair !== undefined) this.#direct++;
    for (const user of room.pair ?? foundersOf(body)) this.#addMember(room, user);
    this.#count(room);
    this.#untitled.update(room);
    if (box !== undefined) {
      this.#addBox(box.of, room);
      this.#updateBox(room);
    }
  }

  #addBox({ id }: Room, box: Room): void {
    const boxes = this.#boxes.get(id);
    if (boxes === undefined) this.#boxes.set(id, [box]);
    else boxes.push(box);
  }

  /** The members of a box follow from those of its room, so that no crash can separate the two. */
  #updateBox(room: Room): void {
    if (room.box === undefined) return;
    const { of, user } = room.box;
    room.isClosed = of.isClosed;
    if (of.retention === undefined) delete room.retention;
    else room.retention = of.retention;
    const members = new Set([user, ...of.moderators].filter((one) => of.members.has(one)));
    for (const member of room.members) {
      if (members.has(member)) continue;
      room.members.delete(member);
      this.#joined.delete(room, member);
    }
    for (const member of members) if (!room.members.has(member)) this.#addMember(room, member);
  }

  #addMember(room: Room, user: UserId): void {
    room.members.add(user);
    room.admitted.add(user);
    endKnock(room, user);
    this.#endInvitation(room, user);
    this.#joined.add(room, user);
  }
}

/** Last letter of `true`. */
const LETTER_E = 0x65;
const FOLDED_BY_HEAD = kindsWith("folded-by-head");

/**
 * Reports whether the state depends on the body of a record. A message in a box may be a question
 * and no work, a text whose last field is an object may start a poll, and one whose last field is a
 * flag may be a reply in a thread.
 * @param lastByte of the body's last field
 */
export function needsBody(kind: RecordKind, room: string, lastByte: number | undefined): boolean {
  if (!FOLDED_BY_HEAD.has(kind)) return true;
  if (kind === "sealed") return lastByte === BRACKET_CLOSE; // It lists files.
  if (kind !== "text" && kind !== "action") return false;
  return lastByte === BRACE_CLOSE || lastByte === LETTER_E || boxOwner(room) !== undefined;
}

/** Returns the root of the thread in which the record is a reply. */
function rootOf(record: FoldedRecord): number | undefined {
  const { head } = record;
  if (head.kind !== "text" && head.kind !== "action" && head.kind !== "file") return undefined;
  const lastByte = record.bodyBytes?.at(-2);
  const mayReply = lastByte === LETTER_E || lastByte === BRACE_CLOSE;
  if (!mayReply && head.kind !== "file") return undefined;
  const { thread, re } = bodyOf(record, head.kind) ?? {};
  return thread === true && isCount(re) && re < head.seq ? re : undefined;
}

/** Few texts are parsed, because the rules of a poll are the last field of its text. */
function mayStartPoll({ bodyBytes }: FoldedRecord): boolean {
  return bodyBytes?.at(-2) === BRACE_CLOSE;
}

function noteInBox(room: Room, { user }: Box, record: FoldedRecord): void {
  const { seq, by, kind, time } = record.head;
  if (by !== user) {
    const stamp = kind === "text" ? knownStamp(bodyOf(record, "text")?.stamp) : undefined;
    setNewest(room.answers, seq, stamp ?? null, BOX_ANSWERS_MAX);
  } else if (isWork(record)) setNewest(room.work, seq, time, UNREAD_COUNTED_MAX);
}

/** A caption that is a question leaves its file work. */
function isWork(record: FoldedRecord): boolean {
  return record.head.kind === "file" || !isQuestion(bodyOf(record, "text")?.text ?? "");
}

export function nameLock(name: Name): string {
  return `n:${foldName(name)}`;
}

/** Lists that most rooms do not need. */
type RareList =
  | "invited"
  | "invitedByToken"
  | "hands"
  | "polls"
  | "knocks"
  | "declined"
  | "posted"
  | "work"
  | "answers"
  | "threads";

type RoomValue = Omit<
  WithLists<Room>,
  "messageCount" | "group" | "receipts" | "accepted" | "lostReplies" | "box" | RareList
> & {
  readonly [List in RareList]?: WithLists<Room>[List];
} & {
  readonly words: MessageCountValue;
  readonly group?: GroupValue;
  readonly receipts?: WithLists<Receipts>;
};

export interface RoomsValue {
  readonly head: number;
  readonly rooms: readonly RoomValue[];
  readonly holders: readonly (readonly [FoldedName, number])[];
  readonly former: readonly (readonly [FoldedName, number])[];
  readonly joined: readonly (readonly [UserId, readonly number[]])[];
  readonly edits: readonly (readonly [number, readonly number[]])[];
  readonly erased: SeqSetValue;
  readonly removed: readonly (readonly [RoomId, RemovedRoom])[];
}

/** In a sealed room, an encrypted message refers to each file, so files are not counted. */
export function countsAsMessage({ isSealed }: Room, kind: string): boolean {
  return MESSAGE_KINDS.has(kind) && !(kind === "file" && isSealed === true);
}

function valueOfRoom(fields: Room): RoomValue {
  const { messageCount, group, receipts, ...more } = fields;
  const { accepted: _accepted, lostReplies: _lostReplies, box: _box, ...room } = more;
  const { invited, invitedByToken, hands, polls, knocks, declined, ...others } = withLists(room);
  const { posted, work, answers, threads, ...value } = others;
  const inBox = { posted, work, answers };
  const lists = { invited, invitedByToken, hands, polls, knocks, declined, ...inBox, threads };
  const rareLists = Object.entries(lists);
  return {
    ...value,
    ...Object.fromEntries(rareLists.filter(([, list]) => list.length > 0)),
    ...(group === undefined ? {} : { group: withLists(group) }),
    ...(receipts === undefined ? {} : { receipts: withLists(receipts) }),
    words: messageCount.value(),
  };
}

function roomOfValue(
  { words, group, receipts, ...value }: RoomValue,
  find: (id: RoomId) => Room | undefined,
): Room {
  const box = boxOf(value.id, find);
  const messageCount = new MessageCount();
  messageCount.load(words);
  const room: Room = {
    ...value,
    members: new Set(value.members),
    admitted: new Set(value.admitted),
    invited: new Map(value.invited),
    invitedByToken: new Set(value.invitedByToken),
    hands: new Set(value.hands),
    polls: new Map(value.polls),
    knocks: new Set(value.knocks),
    declined: new Set(value.declined),
    posted: new Map(value.posted),
    work: new Map(value.work),
    answers: new Map(value.answers),
    threads: new Map(value.threads),
    moderators: new Set(value.moderators),
    // JSON contains null for a permanent mute.
    muted: new Map(value.muted.map(([user, until]) => [user, until ?? undefined])),
    ...(box === undefined ? {} : { box, ...inheritedBy(box) }),
    messageCount,
  };
  if (group !== undefined) room.group = groupOfValue(group);
  if (receipts !== undefined) {
    const { since, by, joined } = receipts;
    room.receipts = { since, by: new Set(by), joined: new Map(joined) };
  }
  return room;
}

const NO_ROOMS: ReadonlySet<Room> = new Set();

/** The head of a kick names the user too, because the body can be erased with its reason. */
export function targetUser(record: FoldedRecord): UserId | undefined {
  const { kind, id } = record.head;
  if (kind === "kick" && id !== "") return id as UserId;
  const user = bodyOf(record, "kick")?.user;
  return user === undefined ? undefined : (user as UserId);
}

function removed({ name, maker, isSealed, isPrivate, retention }: Room): RemovedRoom {
  return {
    maker,
    name,
    isSealed: isSealed || undefined,
    isPrivate: isPrivate || undefined,
    retention,
  };
}

function erase(room: Room, record: FoldedRecord): void {
  for (const seq of erasuresOf(record)) {
    if (room.pins.includes(seq)) room.pins = room.pins.filter((item) => item !== seq);
    room.messageCount.remove(seq);
    room.polls.delete(seq);
    room.work.delete(seq);
    room.answers.delete(seq);
  }
  if (room.threads.size === 0) return;
  const threads = removeReplies(room.threads, new Set(erasuresOf(record)));
  room.lostReplies = { seq: record.head.seq, threads };
}

function applyMute(room: Room, record: FoldedRecord): void {
  const user = targetUser(record);
  if (user === undefined) return;
  const { on, until } = bodyOf(record, "mute") ?? {};
  const end = until === undefined ? undefined : clampUnixMs(until);
  if (on === true) room.muted.set(user, end);
  else room.muted.delete(user);
}

function applyHand(room: Room, record: FoldedRecord, by: UserId): void {
  const user = targetUser(record);
  if (user === undefined) return;
  const { on, call } = bodyOf(record, "hand") ?? {};
  if (on !== true || room.called === user) endHand(room, user);
  if (!room.members.has(user)) return;
  if (on !== true) {
    if (call !== true) return;
    room.called = user;
    room.caller = by;
    room.calledUnixMs = record.head.time;
  } else if (room.hands.size < HANDS_MAX) room.hands.add(user);
}

/** Lowers the user's hand, and ends the call on the user. */
function endHand(room: Room, user: UserId): void {
  room.hands.delete(user);
  if (room.called === user) endCall(room);
}

function endCall(room: Room): void {
  delete room.called;
  delete room.caller;
  delete room.calledUnixMs;
}

function applyWall(room: Room, record: FoldedRecord): void {
  const body = bodyOf(record, "wall");
  const wall = wallOf(body);
  if (wall !== undefined) room.wall = wall;
  // A damaged record leaves the previous state in effect.
  else if (body !== undefined) delete room.wall;
}

function endKnock({ knocks, declined }: Room, user: UserId): void {
  knocks.delete(user);
  declined.delete(user);
}

/** A request that its author withdraws, other than a declined one, may be made again. */
function applyKnock(room: Room, record: FoldedRecord, by: UserId): void {
  const user = targetUser(record);
  const { knocks, declined } = room;
  if (user === undefined) return;
  if (bodyOf(record, "knock")?.on === true) {
    if (knocks.size < KNOCKS_MAX && !room.members.has(user)) knocks.add(user);
  } else if (knocks.delete(user) && user !== by) {
    declined.add(user);
    dropOldest(declined, DECLINED_MAX);
  }
}

function applyTopic(room: Room, record: FoldedRecord, by: UserId): void {
  const topic = bodyOf(record, "topic")?.topic;
  if (topic === undefined) return;
  room.topic = topic;
  room.topicChange = { by, unixMs: record.head.time, seq: record.head.seq };
}

function applyRetention(room: Room, record: FoldedRecord, by: UserId): void {
  const keepMs = bodyOf(record, "retention")?.keepMs;
  if (keepMs !== undefined && keepMs >= RETENTION_MS_MIN) room.retention = { keepMs, by };
  // A damaged record leaves the previous retention in effect.
  else if (record.damaged !== true) delete room.retention;
}

function applyPin(room: Room, record: FoldedRecord): void {
  const { seq = 0, on } = bodyOf(record, "pin") ?? {};
  if (seq < 1 || seq >= record.head.seq) return;
  const others = room.pins.filter((item) => item !== seq);
  room.pins = on === true ? [...others, seq].slice(-PINS_MAX) : others;
}

export function hasReadReceipts({ receipts, pair }: Room): boolean {
  if (receipts === undefined) return false;
  if (pair === undefined) return true;
  return pair[0] !== pair[1] && pair.every((user) => receipts.by.has(user));
}

export function wantsReceipts({ receipts }: Room, user: string): boolean {
  return receipts?.by.has(user as UserId) === true;
}

function receipts(room: Room, record: FoldedRecord, by: UserId): void {
  const before = hasReadReceipts(room);
  if (bodyOf(record, "receipts")?.on !== true) {
    room.receipts?.by.delete(by);
    if (room.pair === undefined || room.receipts?.by.size === 0) delete room.receipts;
    return;
  }
  room.receipts ??= { since: record.head.n, by: new Set(), joined: new Map() };
  room.receipts.by.add(by);
  if (!before) room.receipts.since = record.head.n;
}

function applyGrant(room: Room, record: FoldedRecord): void {
  const user = targetUser(record);
  if (user === undefined) return;
  if (bodyOf(record, "grant")?.on === true) room.moderators.add(user);
  else room.moderators.delete(user);
}

function emptyRoom(head: Pick<FoldedHead, "room" | "by" | "seq" | "n">): Room {
  return {
    id: head.room as RoomId,
    lock: head.room,
    maker: head.by,
    rules: {},
    isClosed: false,
    topic: "",
    pins: [],
    hands: new Set(),
    polls: new Map(),
    knocks: new Set(),
    declined: new Set(),
    posted: new Map(),
    work: new Map(),
    answers: new Map(),
    threads: new Map(),
    members: new Set(),
    admitted: new Set(),
    invited: new Map(),
    invitedByToken: new Set(),
    moderators: new Set(),
    muted: new Map(),
    lastSeq: head.seq,
    lastN: head.n,
    messageCount: new MessageCount(),
  };
}

function boxOf(id: RoomId, find: (id: RoomId) => Room | undefined): Box | undefined {
  const owner = boxOwner(id);
  const of = owner && find(owner.room);
  return of && owner && { of, user: owner.user };
}

/** Shared with the assignment room, so that both always agree. */
function inheritedBy({ of }: Box): Pick<Room, "moderators" | "muted"> {
  return { moderators: of.moderators, muted: of.muted };
}

function namedRoom(head: FoldedHead, body: Body<"room">): Room | undefined {
  const { name, locked, sealed, rules, private: isPrivate, official: isOfficial } = body;
  if (name === undefined || !isName(name)) return undefined;
  const moderators = new Set(head.by === "server" ? [] : [head.by]);
  const lock = nameLock(name);
  const sealing = sealed === true ? { isSealed: true } : {};
  const access = isPrivate === true ? { isPrivate } : {};
  const origin = isOfficial === true ? { isOfficial } : {};
  const initial = rulesOf(fieldsOf("rules", Object(rules) as Record<string, unknown>));
  const join = locked === true ? ({ join: "password" } as const) : {};
  const rulesAtStart = { ...initial, ...join };
  const traits = { ...sealing, ...access, ...origin };
  return { ...emptyRoom(head), name, lock, moderators, ...traits, rules: rulesAtStart };
}

/** Members of a private room from its creation. */
function foundersOf({ private: isPrivate, members = [] }: Body<"room">): readonly UserId[] {
  const users = isPrivate === true ? members : [];
  return users.filter((user) => typeof user === "string").slice(0, GROUP_MEMBERS_MAX) as UserId[];
}

function directRoom(head: FoldedHead, { direct, initiator }: Body<"room">): Room | undefined {
  if (direct === undefined) return undefined;
  const pair = direct as readonly [UserId, UserId];
  const maker = pair.find((user) => user === initiator) ?? head.by;
  return { ...emptyRoom(head), maker, pair };
}
