import { equalBytes } from "../../src/base/bytes.ts";
import { erasuresOf } from "../../src/core/log/erasures.ts";
import { parsePostId } from "../../src/core/rooms/dedup.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { Log } from "../../src/io/log/log.ts";
import { MESSAGE_KINDS } from "../../src/wire/kinds.ts";
import { type LogRecord, parseBody } from "../../src/wire/record.ts";
import { BrokenPromise, textOf } from "./disk-world.ts";
import { Settings } from "./settings.ts";

export function demand(condition: boolean, promise: () => string): asserts condition {
  if (!condition) throw new BrokenPromise(promise());
}

/** What a device was told of its words, and which outbox carried each. */
interface Writer {
  readonly fates: ReadonlyMap<string, string>;
  readonly outboxes: ReadonlyMap<string, number>;
}

interface Membership {
  isIn: boolean;
  leftSeq: number;
  leftAt: number;
  readonly joins: number[];
}

interface RoomTruth {
  name: string | undefined;
  isClosed: boolean;
  readonly pair: readonly string[];
  readonly members: Map<string, Membership>;
  readonly records: LogRecord[];
  readonly moderators: Set<string>;
  readonly muted: Set<string>;
}

export const HOSTILE = "mal";
/** Kinds that nobody is shown. */
const HIDDEN: ReadonlySet<string> = new Set(["room"]);
const WORDS: ReadonlySet<string> = new Set(["text", "action", "reaction", "edit", "sealed"]);
const OF_MODERATORS: ReadonlySet<string> = new Set(["kick", "mute", "grant"]);
const OF_KEEPERS: ReadonlySet<string> = new Set(["pin", "receipts"]);
const OF_OPERATORS: ReadonlySet<string> = new Set(["close", "remove", "retention"]);

const DEPARTURES: ReadonlySet<string> = new Set(["leave", "kick"]);

/** The removal of a room that its last member left; in a cluster somebody may have come in time. */
function isReclaim(record: LogRecord): boolean {
  return record.head.kind === "remove" && parseBody(record)?.["vacant"] === true;
}

function isVacant({ members, records, isClosed, pair }: RoomTruth): boolean {
  if (isClosed || pair.length > 0 || [...members.values()].some(({ isIn }) => isIn)) return false;
  const isUsed = records.some(({ head }) => MESSAGE_KINDS.has(head.kind) || head.kind === "group");
  if (isUsed) return false;
  const last = (kind: string) => parseBodyOf(records.findLast(({ head }) => head.kind === kind));
  return (last("topic")["topic"] ?? "") === "" && last("retention")["keepMs"] === undefined;
}

function parseBodyOf(record: LogRecord | undefined) {
  return (record === undefined ? undefined : parseBody(record)) ?? {};
}

/**
 * All that was ever durable and told, and what follows from it: who was in which room when. It
 * shares no code with the server's own fold.
 */
export class Witness {
  readonly records: LogRecord[] = [];
  readonly rooms = new Map<string, RoomTruth>();
  readonly settings = new Settings();
  readonly files = new Map<string, number>();
  readonly #accounts: LogRecord[] = [];
  readonly #names = new Map<string, string>(); // Folded name to account id.
  readonly #texts = new Map<string, LogRecord>();
  readonly #erased = new Set<number>();
  readonly #wereMuted = new Set<string>();
  readonly #operators = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #counters = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The log that a recovery found, against what was told before. */
  recovered(log: "history" | "accounts", found: readonly LogRecord[]): void {
    const told = log === "history" ? this.records : this.#accounts;
    for (const [index, record] of told.entries()) {
      const same = found[index];
      demand(same !== undefined, () => `${log} lost seq ${index + 1}, which was acknowledged`);
      const isSame = equalBytes(same.headBytes, record.headBytes) && same.damaged !== true;
      demand(isSame, () => `${log} has something else at seq ${index + 1}`);
    }
    for (const record of found.slice(told.length)) this.note(log, record);
  }

  /** The server's own fold says of each room who is in. */
  checkFold(membersOf: (room: string) => ReadonlySet<string> | undefined): void {
    for (const [id, { members }] of this.rooms) {
      const isIn = [...members].filter(([, { isIn }]) => isIn).map(([user]) => user);
      const found = [...(membersOf(id) ?? [])];
      const isSame = found.sort().join() === isIn.sort().join();
      demand(isSame, () => `after recovery ${found} are in ${id}, and not ${isIn}`);
    }
  }

  note(log: "history" | "accounts", record: LogRecord): void {
    const told = log === "history" ? this.records : this.#accounts;
    const { head } = record;
    demand(head.seq === told.length + 1, () => `${log}: seq ${head.seq} after ${told.length}`);
    const before = told.at(-1)?.head.time ?? 0;
    demand(head.time >= before, () => `${log}: time falls at seq ${head.seq}`);
    told.push(record);
    if (log === "history") {
      this.#history(record);
      this.settings.noteHistory(record);
    } else {
      this.#account(record);
      this.settings.noteAccount(record);
    }
  }

  idOf(user: string): string | undefined {
    return this.#names.get(user.toLowerCase());
  }

  nameOf(account: string): string | undefined {
    return [...this.#names].find(([, id]) => id === account)?.[0];
  }

  /** The newest message but `back` of those that fit; 1: there is none. */
  wordOf(back: number, fits: (head: LogRecord["head"]) => boolean): number {
    let left = back;
    for (let at = this.records.length - 1; at >= 0; at--) {
      const { head } = this.records[at] ?? {};
      if (head === undefined || !MESSAGE_KINDS.has(head.kind) || !fits(head)) continue;
      if (left-- === 0) return head.seq;
    }
    return 1;
  }

  keepsOrder(user: string, room: string): boolean {
    const { pair, moderators } = this.rooms.get(room) ?? {};
    return pair?.includes(user) === true || moderators?.has(user) === true;
  }

  nameOfRoom(id: string): string | undefined {
    return this.rooms.get(id)?.name;
  }

  isMember(user: string, room: string): boolean {
    return this.rooms.get(room)?.members.get(user)?.isIn === true;
  }

  /** Whether the server may send this record to this account at this moment. */
  mayRead(user: string, room: string, seq: number): boolean {
    const membership = this.rooms.get(room)?.members.get(user);
    if (membership === undefined) return false;
    if (membership.isIn) return true;
    // Whoever leaves is told of that much, in the moment of leaving.
    return seq <= membership.leftSeq && membership.leftAt === this.#clock.now();
  }

  /** Whether a reader may have been spared it: it was said before the account came in. */
  isPast(user: string, { head }: LogRecord): boolean {
    const joins = this.rooms.get(head.room)?.members.get(user)?.joins ?? [];
    return joins.some((seq) => seq > head.seq);
  }

  /** What readers are shown of a room, by `n`. */
  shownOf(room: string): LogRecord[] {
    const records = this.rooms.get(room)?.records ?? [];
    return records.filter(({ head }) => !HIDDEN.has(head.kind));
  }

  async checkErased(log: Pick<Log, "read">, name: "history" | "accounts"): Promise<void> {
    const gone = name === "history" ? this.#erased : this.settings.blanked;
    for (const seq of gone) {
      for await (const { bodyBytes } of log.read(seq, seq)) {
        demand(bodyBytes === undefined, () => `the words of ${name} ${seq} outlive its erasing`);
      }
    }
  }

  isErased(seq: number): boolean {
    return this.#erased.has(seq);
  }

  operates(user: string): void {
    const id = this.idOf(user);
    if (id !== undefined) this.#operators.add(id);
  }

  hasAlwaysSpoken(user: string): boolean {
    const id = this.idOf(user) ?? "";
    const [lobby] = this.rooms.values();
    const membership = lobby?.members.get(id);
    const isIn = membership?.isIn === true && membership.joins.length === 1;
    return isIn && this.#wereMuted.has(id) === false;
  }

  /** What a writer was told is durable is recorded, in the order in which it was written. */
  checkOrder({ fates, outboxes }: Writer): void {
    const last = new Map<number, number>();
    for (const [text, fate] of fates) {
      const seq = this.recordOf(text)?.head.seq;
      if (fate === "durable" && seq === undefined) throw new BrokenPromise(`'${text}' is lost`);
      if (fate === "refused" && seq !== undefined) throw new BrokenPromise(`'${text}' is there`);
      if (seq === undefined) continue;
      const outbox = outboxes.get(text) ?? 0;
      demand(
        seq > (last.get(outbox) ?? 0),
        () => `'${text}' (seq ${seq}) stands before an earlier one`,
      );
      last.set(outbox, seq);
    }
  }

  recordOf(text: string): LogRecord | undefined {
    return this.#texts.get(text);
  }

  /** The server said for good that this is not recorded. */
  refused(text: string): void {
    this.#refused.add(text);
    demand(!this.#texts.has(text), () => `'${text}' was refused and is recorded`);
  }

  #history(record: LogRecord): void {
    const { head } = record;
    const room = this.rooms.get(head.room) ?? this.#make(record);
    demand(head.n === room.records.length + 1, () => `${head.room}: n ${head.n} is not dense`);
    room.records.push(record);
    this.#checkRights(room, record);
    if (head.kind === "join") this.#join(room, head.by, head.seq);
    if (head.kind === "leave") this.#leave(room, head.by, head.seq);
    if (OF_MODERATORS.has(head.kind)) this.#keepOrder(room, record);
    this.#manage(room, record);
    if (head.kind === "file") {
      const { file, size } = parseBody(record) ?? {};
      this.files.set(String(file), Number(size));
    }
    if (head.kind === "erase") for (const seq of erasuresOf(record)) this.#erased.add(seq);
    if (head.kind !== "reaction") this.#post(record);
  }

  #checkRights(room: RoomTruth, record: LogRecord): void {
    const { kind, by, seq } = record.head;
    if (WORDS.has(kind) || kind === "topic" || kind === "leave") {
      const isIn = room.members.get(by)?.isIn === true;
      demand(isIn, () => `seq ${seq}: ${kind} by ${by}, who is not in the room`);
    }
    if (WORDS.has(kind)) {
      demand(!room.muted.has(by), () => `seq ${seq}: ${by} speaks, but is muted`);
      demand(!room.isClosed, () => `seq ${seq}: ${by} speaks in a closed room`);
    }
    const isKept = OF_KEEPERS.has(kind);
    if (!isKept && !OF_MODERATORS.has(kind) && !OF_OPERATORS.has(kind)) return;
    const isGone = parseBody(record)?.["removed"] === true;
    const isOperator = this.#operators.has(by) || isGone;
    const isAllowed =
      isOperator ||
      (isReclaim(record) && DEPARTURES.has(room.records.at(-2)?.head.kind ?? "")) ||
      (isKept && room.pair.includes(by)) ||
      (!OF_OPERATORS.has(kind) && room.moderators.has(by));
    demand(isAllowed, () => `seq ${seq}: ${kind} by ${by}, who may not do that`);
  }

  /** What operators do to whole rooms. */
  #manage(room: RoomTruth, record: LogRecord): void {
    const { kind, seq } = record.head;
    const body = parseBody(record) ?? {};
    if (kind === "close") room.isClosed = body["on"] === true;
    if (kind === "rename" && body["user"] === undefined) room.name = String(body["name"]);
    if (kind !== "remove" || (isReclaim(record) && !isVacant(room))) return;
    room.name = undefined;
    for (const [user, { isIn }] of room.members) if (isIn) this.#leave(room, user, seq);
  }

  #keepOrder(room: RoomTruth, record: LogRecord): void {
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

  #make(record: LogRecord): RoomTruth {
    const { head } = record;
    demand(head.kind === "room", () => `seq ${head.seq}: a room begins with ${head.kind}`);
    const body = JSON.parse(Buffer.from(record.bodyBytes ?? []).toString()) as {
      readonly name?: string;
      readonly direct?: readonly string[];
    };
    const { name, direct = [] } = body;
    for (const other of this.rooms.values()) {
      const isTaken = name !== undefined && other.name?.toLowerCase() === name.toLowerCase();
      demand(!isTaken, () => `two rooms are called '${name}'`);
    }
    const room = {
      name,
      isClosed: false,
      pair: direct,
      members: new Map<string, Membership>(),
      records: [],
      moderators: new Set([head.by]),
      muted: new Set<string>(),
    };
    this.rooms.set(head.room, room);
    for (const user of direct) this.#join(room, user, head.seq);
    return room;
  }

  #join(room: RoomTruth, user: string, seq: number): void {
    const known = room.members.get(user);
    const fresh = { isIn: true, leftSeq: 0, leftAt: -1, joins: [seq] };
    if (known === undefined) room.members.set(user, fresh);
    else {
      demand(!known.isIn || room.pair.length > 0, () => `seq ${seq}: ${user} is in already`);
      known.isIn = true;
      known.joins.push(seq);
    }
  }

  #leave(room: RoomTruth, user: string, seq: number): void {
    const membership = room.members.get(user);
    if (membership === undefined) return;
    membership.isIn = false;
    membership.leftSeq = seq;
    membership.leftAt = this.#clock.now();
  }

  #post(record: LogRecord): void {
    const { head } = record;
    const id = parsePostId(head.id);
    if (id === undefined) return;
    const key = `${head.by} ${id.outbox}`;
    const high = this.#counters.get(key) ?? 0;
    demand(id.counter > high, () => `seq ${head.seq}: counter ${id.counter} after ${high}`);
    this.#counters.set(key, id.counter);
    if (head.kind === "sealed" || head.kind === "file") return; // Looked at elsewhere.
    const text = textOf(record);
    if (head.by === this.idOf(HOSTILE)) return; // Says what others said.
    demand(!this.#texts.has(text), () => `'${text}' is recorded twice`);
    demand(!this.#refused.has(text), () => `'${text}' was refused and is recorded`);
    this.#texts.set(text, record);
  }

  #account(record: LogRecord): void {
    const { kind, room: account } = record.head;
    if (kind !== "account" && kind !== "account-name") return;
    const name = String(parseBody(record)?.["name"]).toLowerCase();
    const isFree = !this.#names.has(name) || (kind !== "account" && this.idOf(name) === account);
    demand(isFree, () => `two accounts are called '${name}'`);
    this.#names.set(name, account); // A former name leads there, too.
  }
}
