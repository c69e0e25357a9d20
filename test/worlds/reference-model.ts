import { equalBytes } from "../../src/base/bytes.ts";
import { erasuresOf } from "../../src/core/log/erasures.ts";
import { parsePostId } from "../../src/core/rooms/dedup.ts";
import { filesIn } from "../../src/core/rooms/files.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { Log } from "../../src/io/log/log.ts";
import { MESSAGE_KINDS } from "../../src/wire/kinds.ts";
import { type LogRecord, parseBody } from "../../src/wire/record.ts";
import { InvariantViolation, textOf } from "./disk-world.ts";
import { Settings } from "./settings.ts";

export function check(condition: boolean, promise: () => string): asserts condition {
  if (!condition) throw new InvariantViolation(promise());
}

interface Writer {
  readonly postStates: ReadonlyMap<string, string>;
  readonly outboxes: ReadonlyMap<string, number>;
}

interface Membership {
  isMember: boolean;
  leftSeq: number;
  leftAt: number;
  readonly joins: number[];
}

interface RoomModel {
  name: string | undefined;
  isClosed: boolean;
  readonly pair: readonly string[];
  /** Operators have no rights in a private room, and a member must add each new one. */
  readonly isPrivate: boolean;
  readonly members: Map<string, Membership>;
  readonly records: LogRecord[];
  readonly moderators: Set<string>;
  rules: Readonly<Record<string, unknown>>;
  /** People who may join in spite of the rules. */
  readonly admitted: Set<string>;
  /** Time of each member's last message in slow mode. */
  readonly posted: Map<string, number>;
  wasLimited: boolean;
  readonly muted: Set<string>;
}

export const HOSTILE = "mal";
const HIDDEN_KINDS: ReadonlySet<string> = new Set(["room"]);
const CONTENT_KINDS: ReadonlySet<string> = new Set([
  "text",
  "action",
  "reaction",
  "edit",
  "sealed",
]);
const MODERATOR_KINDS: ReadonlySet<string> = new Set(["kick", "mute", "grant"]);
const MODERATOR_OR_PAIR_KINDS: ReadonlySet<string> = new Set(["pin", "receipts"]);
const OPERATOR_KINDS: ReadonlySet<string> = new Set(["close", "remove", "retention"]);

const DEPARTURES: ReadonlySet<string> = new Set(["leave", "kick"]);

/**
 * Reports whether a record removes a room after its last member left. In a cluster, someone may
 * have joined in time.
 */
function isVacantRemoval(record: LogRecord): boolean {
  return record.head.kind === "remove" && parseBody(record)?.["vacant"] === true;
}

function isVacant({ members, records, isClosed, pair }: RoomModel): boolean {
  if (isClosed || pair.length > 0 || [...members.values()].some(({ isMember }) => isMember))
    return false;
  const isUsed = records.some(({ head }) => MESSAGE_KINDS.has(head.kind) || head.kind === "group");
  if (isUsed) return false;
  const last = (kind: string) => parseBodyOf(records.findLast(({ head }) => head.kind === kind));
  return (last("topic")["topic"] ?? "") === "" && last("retention")["keepMs"] === undefined;
}

function parseBodyOf(record: LogRecord | undefined) {
  return (record === undefined ? undefined : parseBody(record)) ?? {};
}

interface PollModel {
  readonly by: string;
  readonly many: boolean;
  readonly anonymous: boolean;
}

/** State derived from all durable records. Shares no code with the server's fold. */
export class ReferenceModel {
  readonly records: LogRecord[] = [];
  readonly rooms = new Map<string, RoomModel>();
  settings = new Settings();
  readonly files = new Map<string, number>();
  checksSlowMode = true;
  readonly #accounts: LogRecord[] = [];
  readonly #names = new Map<string, string>();
  readonly #texts = new Map<string, LogRecord>();
  readonly #erased = new Set<number>();
  /** Open polls by the seq of their text. */
  readonly #polls = new Map<number, PollModel>();
  readonly #wereMuted = new Set<string>();
  readonly #operators = new Set<string>();
  /** Operators by their accounts' role, and not by a token. */
  readonly #roles = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #counters = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The server's data has been replaced, so the next recovery determines all records. */
  reset(): void {
    this.records.length = 0;
    this.#accounts.length = 0;
    this.settings = new Settings();
    const maps = [this.rooms, this.files, this.#names, this.#texts, this.#polls, this.#counters];
    // Operators by token remain, because the log does not name them.
    const sets = [this.#erased, this.#wereMuted, this.#roles, this.#refused];
    for (const state of [...maps, ...sets]) state.clear();
  }

  checkRecovered(log: "history" | "accounts", found: readonly LogRecord[]): void {
    const stored = log === "history" ? this.records : this.#accounts;
    for (const [index, record] of stored.entries()) {
      const same = found[index];
      check(same !== undefined, () => `${log} lost seq ${index + 1}, which was acknowledged`);
      const isSame = equalBytes(same.headBytes, record.headBytes) && same.damaged !== true;
      check(isSame, () => `${log} has something else at seq ${index + 1}`);
    }
    for (const record of found.slice(stored.length)) this.note(log, record);
  }

  checkFold(membersOf: (room: string) => ReadonlySet<string> | undefined): void {
    for (const [id, { members }] of this.rooms) {
      const isMember = [...members].filter(([, { isMember: isIn }]) => isIn).map(([user]) => user);
      const found = [...(membersOf(id) ?? [])];
      const isSame = found.sort().join() === isMember.sort().join();
      check(isSame, () => `after recovery ${found} are in ${id}, and not ${isMember}`);
    }
  }

  note(log: "history" | "accounts", record: LogRecord): void {
    const stored = log === "history" ? this.records : this.#accounts;
    const { head } = record;
    check(head.seq === stored.length + 1, () => `${log}: seq ${head.seq} after ${stored.length}`);
    const before = stored.at(-1)?.head.time ?? 0;
    // The server corrects the time of a log that it has written with a wrong clock.
    const isCorrection = head.kind === "clock" || head.kind === "server-clock";
    const isAscending = head.time >= before || isCorrection;
    check(isAscending, () => `${log}: time falls at seq ${head.seq}`);
    stored.push(record);
    if (log === "history") {
      this.#noteHistory(record);
      this.settings.noteHistory(record);
    } else {
      this.#noteAccount(record);
      this.settings.noteAccount(record);
    }
  }

  idOf(user: string): string | undefined {
    return this.#names.get(user.toLowerCase());
  }

  nameOf(account: string): string | undefined {
    return [...this.#names].find(([, id]) => id === account)?.[0];
  }

  /**
   * Returns the `seq` of a matching message, `back` messages before the newest; 1 if there is none.
   */
  messageSeq(back: number, fits: (head: LogRecord["head"]) => boolean): number {
    let left = back;
    for (let at = this.records.length - 1; at >= 0; at--) {
      const { head } = this.records[at] ?? {};
      if (head === undefined || !MESSAGE_KINDS.has(head.kind) || !fits(head)) continue;
      if (left-- === 0) return head.seq;
    }
    return 1;
  }

  canModerate(user: string, room: string): boolean {
    const { pair, moderators } = this.rooms.get(room) ?? {};
    return pair?.includes(user) === true || moderators?.has(user) === true;
  }

  roomsModeratedBy(user = ""): string[] {
    return [...this.rooms.values()].flatMap(({ name, moderators }) =>
      name !== undefined && moderators.has(user) ? [name] : [],
    );
  }

  nameOfRoom(id: string): string | undefined {
    return this.rooms.get(id)?.name;
  }

  isMember(user: string, room: string): boolean {
    return this.rooms.get(room)?.members.get(user)?.isMember === true;
  }

  mayRead(user: string, room: string, seq: number): boolean {
    const membership = this.rooms.get(room)?.members.get(user);
    if (membership === undefined) return false;
    if (membership.isMember) return true;
    // A user who leaves still receives the records up to the leave.
    return seq <= membership.leftSeq && membership.leftAt === this.#clock.now();
  }

  /** Reports whether a record precedes a join of the account, so that the server may omit it. */
  isBeforeJoin(user: string, { head }: LogRecord): boolean {
    const joins = this.rooms.get(head.room)?.members.get(user)?.joins ?? [];
    return joins.some((seq) => seq > head.seq);
  }

  visibleRecords(room: string): LogRecord[] {
    const records = this.rooms.get(room)?.records ?? [];
    return records.filter(({ head }) => !HIDDEN_KINDS.has(head.kind));
  }

  async checkErased(log: Pick<Log, "read">, name: "history" | "accounts"): Promise<void> {
    const erased = name === "history" ? this.#erased : this.settings.blanked;
    for (const seq of erased) {
      for await (const { bodyBytes } of log.read(seq, seq)) {
        check(bodyBytes === undefined, () => `the words of ${name} ${seq} outlive its erasing`);
      }
    }
  }

  isErased(seq: number): boolean {
    return this.#erased.has(seq);
  }

  addOperator(user: string): void {
    const id = this.idOf(user);
    if (id !== undefined) this.#operators.add(id);
  }

  couldAlwaysPost(user: string): boolean {
    const id = this.idOf(user) ?? "";
    const [lobby] = this.rooms.values();
    const membership = lobby?.members.get(id);
    const isMember = membership?.isMember === true && membership.joins.length === 1;
    return isMember && lobby?.wasLimited === false && this.#wereMuted.has(id) === false;
  }

  checkOrder({ postStates, outboxes }: Writer): void {
    const last = new Map<number, number>();
    for (const [text, postState] of postStates) {
      const seq = this.recordOf(text)?.head.seq;
      if (postState === "durable" && seq === undefined)
        throw new InvariantViolation(`'${text}' is lost`);
      if (postState === "refused" && seq !== undefined)
        throw new InvariantViolation(`'${text}' is there`);
      if (seq === undefined) continue;
      const outbox = outboxes.get(text) ?? 0;
      check(
        seq > (last.get(outbox) ?? 0),
        () => `'${text}' (seq ${seq}) stands before an earlier one`,
      );
      last.set(outbox, seq);
    }
  }

  recordOf(text: string): LogRecord | undefined {
    return this.#texts.get(text);
  }

  noteRefused(text: string): void {
    this.#refused.add(text);
    check(!this.#texts.has(text), () => `'${text}' was refused and is recorded`);
  }

  #noteHistory(record: LogRecord): void {
    const { head } = record;
    if (head.kind === "clock") return;
    const room = this.rooms.get(head.room) ?? this.#createRoom(record);
    check(head.n === room.records.length + 1, () => `${head.room}: n ${head.n} is not dense`);
    room.records.push(record);
    this.#checkRights(room, record);
    this.#checkRules(room, record);
    if (head.kind === "join") this.#join(room, head.by, head.seq);
    if (head.kind === "leave") this.#leave(room, head.by, head.seq);
    if (MODERATOR_KINDS.has(head.kind)) this.#moderate(room, record);
    this.#manage(room, record);
    if (head.kind === "file") {
      for (const { file, size } of filesIn(parseBody(record))) this.files.set(file, size);
    }
    for (const seq of head.kind === "erase" ? erasuresOf(record) : []) {
      this.#erased.add(seq);
      this.#polls.delete(seq);
    }
    if (head.kind !== "reaction") this.#notePost(record);
  }

  /** Judges a record by the rules at its place. */
  #checkRules(room: RoomModel, record: LogRecord): void {
    const { kind, by, seq, time } = record.head;
    const body = parseBody(record) ?? {};
    const { post, topic, slow, join } = room.rules;
    const isModerator = room.moderators.has(by) || this.#roles.has(by);
    // An operator by token has rights only in requests that change other records.
    const isActor = isModerator || this.#operators.has(by);
    const isPost = MESSAGE_KINDS.has(kind) && by !== "server";
    const isForbidden = (isPost && !isModerator) || (kind === "edit" && !isActor);
    check(
      post !== "moderators" || !isForbidden,
      () => `seq ${seq}: ${kind} by ${by}, but only moderators may post`,
    );
    check(
      isModerator || topic !== "moderators" || kind !== "topic",
      () => `seq ${seq}: topic by ${by}, who is no moderator`,
    );
    if (typeof slow === "number" && MESSAGE_KINDS.has(kind) && kind !== "file") {
      const last = room.posted.get(by) ?? Number.NEGATIVE_INFINITY;
      check(
        isModerator || !this.checksSlowMode || time - last >= slow * 1_000,
        () => `seq ${seq}: ${by} posts ${time - last} ms after the last message`,
      );
      room.posted.set(by, time);
    }
    if (kind === "join") {
      const isAdded = body["addedBy"] !== undefined;
      check(
        !room.isPrivate || isAdded,
        () => `seq ${seq}: ${by} joins a private room that nobody added them to`,
      );
      const isFree = join !== "approval" || isAdded || room.rules["newcomers"] === true;
      check(isFree || room.admitted.has(by), () => `seq ${seq}: ${by} joins without approval`);
      room.admitted.add(by);
    }
    if (kind === "knock") {
      const isOwn = body["user"] === by;
      const mayKnock = isOwn || (isActor && body["on"] === false);
      check(mayKnock, () => `seq ${seq}: ${by} changes the request of ${body["user"]}`);
    }
    if (kind === "admission") {
      if (body["on"] === true) room.admitted.add(String(body["user"]));
    }
    if (kind === "kick" && join !== undefined) room.admitted.delete(String(body["user"]));
    if (kind !== "rules") return;
    check(isActor, () => `seq ${seq}: rules by ${by}, who is no moderator`);
    if (join === undefined && body["join"] !== undefined) {
      for (const [user, { isMember }] of room.members) if (!isMember) room.admitted.delete(user);
    }
    if (body["slow"] === undefined) room.posted.clear();
    room.wasLimited ||= body["post"] !== undefined || body["slow"] !== undefined;
    room.rules = body;
  }

  #checkRights(room: RoomModel, record: LogRecord): void {
    const { kind, by, seq } = record.head;
    if (CONTENT_KINDS.has(kind) || kind === "topic" || kind === "leave") {
      const isMember = room.members.get(by)?.isMember === true;
      check(isMember, () => `seq ${seq}: ${kind} by ${by}, who is not in the room`);
    }
    if (kind === "admission") {
      const mayInvite = room.members.get(by)?.isMember === true || this.#operators.has(by);
      check(mayInvite, () => `seq ${seq}: ${by} invites to a room without being in it`);
    }
    if (CONTENT_KINDS.has(kind)) {
      check(!room.muted.has(by), () => `seq ${seq}: ${by} speaks, but is muted`);
      check(!room.isClosed, () => `seq ${seq}: ${by} speaks in a closed room`);
    }
    if (kind === "hand") {
      const { user, on } = parseBody(record) ?? {};
      const isOwn = user === by && room.members.get(by)?.isMember === true && !room.muted.has(by);
      const isLowered = on === false && (room.moderators.has(by) || this.#operators.has(by));
      check(isOwn || isLowered, () => `seq ${seq}: ${by} moves the hand of ${user}`);
    }
    if (kind === "wall") {
      const isLed = room.moderators.has(by) || (this.#operators.has(by) && !room.isPrivate);
      check(isLed, () => `seq ${seq}: ${by}, who is no moderator, shows a wall`);
    }
    const { stamp } = parseBody(record) ?? {};
    check(stamp === undefined, () => `seq ${seq}: ${by} stamps what is no work`);
    if (kind === "text") this.#startPoll(record);
    if (kind === "poll") this.#endPoll(room, record);
    if (kind === "vote") this.#checkVote(room, record);
    const isPinOrReceipts = MODERATOR_OR_PAIR_KINDS.has(kind);
    if (!isPinOrReceipts && !MODERATOR_KINDS.has(kind) && !OPERATOR_KINDS.has(kind)) return;
    const isRemoval = parseBody(record)?.["removed"] === true;
    // Operators can remove a group without reading it.
    const isGroupRemoval = kind === "remove" && room.pair.length === 0;
    const isManaged = !room.isPrivate || isGroupRemoval;
    const isOperator = (this.#operators.has(by) && isManaged) || isRemoval;
    const isPrivatePin = room.isPrivate && room.members.get(by)?.isMember === true;
    const isAllowed =
      isOperator ||
      (isVacantRemoval(record) && DEPARTURES.has(room.records.at(-2)?.head.kind ?? "")) ||
      (isPinOrReceipts && (room.pair.includes(by) || isPrivatePin)) ||
      (!OPERATOR_KINDS.has(kind) && room.moderators.has(by));
    check(isAllowed, () => `seq ${seq}: ${kind} by ${by}, who may not do that`);
  }

  #startPoll(record: LogRecord): void {
    const { by, seq } = record.head;
    const rules = parseBody(record)?.["poll"] as Partial<PollModel> | undefined;
    if (rules === undefined) return;
    const { many = false, anonymous = false } = rules;
    this.#polls.set(seq, { by, many, anonymous });
  }

  /** An erasure ends a poll too, also one that has ended. */
  #endPoll(room: RoomModel, record: LogRecord): void {
    const { by, seq } = record.head;
    const ended = Number(parseBody(record)?.["seq"]);
    const isActor = room.moderators.has(by) || this.#operators.has(by);
    const author = this.#polls.get(ended)?.by ?? by;
    check(author === by || isActor, () => `seq ${seq}: ${by} ends the poll ${ended}`);
    this.#polls.delete(ended);
  }

  /** A vote counts for a poll that is open at the vote's place in the log. */
  #checkVote(room: RoomModel, record: LogRecord): void {
    const { by, seq } = record.head;
    const body = parseBody(record) ?? {};
    const isServer = by === "server";
    const isMember = room.members.get(by)?.isMember === true && !room.muted.has(by);
    const poll = this.#polls.get(Number(body["re"]));
    check(!room.isClosed, () => `seq ${seq}: a vote in a closed room`);
    const choices = body["choices"] as readonly number[];
    const isValid = poll?.many === true || choices.length <= 1;
    check(poll !== undefined && isValid, () => `seq ${seq}: a vote for no open poll`);
    check(isServer ? poll?.anonymous === true : isMember, () => `seq ${seq}: ${by} votes`);
  }

  #manage(room: RoomModel, record: LogRecord): void {
    const { kind, seq } = record.head;
    const body = parseBody(record) ?? {};
    if (kind === "close") room.isClosed = body["on"] === true;
    if (kind === "rename" && body["user"] === undefined) room.name = String(body["name"]);
    if (kind !== "remove" || (isVacantRemoval(record) && !isVacant(room))) return;
    room.name = undefined;
    for (const [user, { isMember }] of room.members) if (isMember) this.#leave(room, user, seq);
  }

  #moderate(room: RoomModel, record: LogRecord): void {
    const { kind, seq } = record.head;
    const { user, on } = parseBody(record) as { readonly user: string; readonly on?: boolean };
    if (kind === "kick") {
      this.#leave(room, user, seq);
      room.moderators.delete(user);
      return;
    }
    if (kind === "mute") this.#wereMuted.add(user);
    const set = kind === "mute" ? room.muted : room.moderators;
    if (on === true) set.add(user);
    else set.delete(user);
  }

  #createRoom(record: LogRecord): RoomModel {
    const { head } = record;
    const isFirst = head.kind === "room" || head.kind === "fork";
    check(isFirst, () => `seq ${head.seq}: a room begins with ${head.kind}`);
    const body = JSON.parse(Buffer.from(record.bodyBytes ?? []).toString()) as {
      readonly name?: string;
      readonly direct?: readonly string[];
      readonly locked?: boolean;
      readonly private?: boolean;
      readonly members?: readonly string[];
      readonly rules?: Readonly<Record<string, unknown>>;
    };
    const { name, direct = [], members = [] } = body;
    for (const other of this.rooms.values()) {
      const isTaken = name !== undefined && other.name?.toLowerCase() === name.toLowerCase();
      check(!isTaken, () => `two rooms are called '${name}'`);
    }
    const room = {
      name,
      isClosed: false,
      pair: direct,
      isPrivate: body.private === true,
      members: new Map<string, Membership>(),
      records: [],
      moderators: new Set([head.by]),
      rules: { ...body.rules, ...(body.locked === true ? { join: "password" } : {}) },
      admitted: new Set([head.by, ...direct]),
      posted: new Map<string, number>(),
      wasLimited: false,
      muted: new Set<string>(),
    };
    this.rooms.set(head.room, room);
    for (const user of [...direct, ...members]) this.#join(room, user, head.seq);
    return room;
  }

  #join(room: RoomModel, user: string, seq: number): void {
    const membership = room.members.get(user);
    const fresh = { isMember: true, leftSeq: 0, leftAt: -1, joins: [seq] };
    if (membership === undefined) room.members.set(user, fresh);
    else {
      check(
        !membership.isMember || room.pair.length > 0,
        () => `seq ${seq}: ${user} is in already`,
      );
      membership.isMember = true;
      membership.joins.push(seq);
    }
  }

  #leave(room: RoomModel, user: string, seq: number): void {
    const membership = room.members.get(user);
    if (membership === undefined) return;
    membership.isMember = false;
    membership.leftSeq = seq;
    membership.leftAt = this.#clock.now();
  }

  #notePost(record: LogRecord): void {
    const { head } = record;
    const id = parsePostId(head.id);
    if (id === undefined) return;
    const key = `${head.by} ${id.outbox}`;
    const high = this.#counters.get(key) ?? 0;
    check(id.counter > high, () => `seq ${head.seq}: counter ${id.counter} after ${high}`);
    this.#counters.set(key, id.counter);
    if (head.kind === "sealed" || head.kind === "file") return;
    const text = textOf(record);
    if (head.by === this.idOf(HOSTILE)) return;
    check(!this.#texts.has(text), () => `'${text}' is recorded twice`);
    check(!this.#refused.has(text), () => `'${text}' was refused and is recorded`);
    this.#texts.set(text, record);
  }

  #noteAccount(record: LogRecord): void {
    const { kind, room: account } = record.head;
    if (kind === "role") {
      if (parseBody(record)?.["operator"] === true) this.#roles.add(account);
      else this.#roles.delete(account);
    }
    if (kind === "account-gone") this.#roles.delete(account);
    if (kind !== "account" && kind !== "account-name") return;
    const name = String(parseBody(record)?.["name"]).toLowerCase();
    const isFree = !this.#names.has(name) || (kind !== "account" && this.idOf(name) === account);
    check(isFree, () => `two accounts are called '${name}'`);
    this.#names.set(name, account);
  }
}
