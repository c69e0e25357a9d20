/** Catch-up, which sends a device the records that it missed before it follows a room live. */

import { assert } from "../../base/assert.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  CATCH_UP_BYTES_MAX,
  CATCH_UP_RECORDS_MAX,
  FIRST_RECORDS,
  FORMER_NAMES_SENT_MAX,
  LINKS_MAX,
  PAGE_BYTES_MAX,
  RECENT_BYTES_MAX,
  RECENT_ROOM_BYTES_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../../base/limits.ts";
import { moderates, muteEnd } from "../../core/rooms/moderation.ts";
import { type Room, targetUser } from "../../core/rooms/rooms.ts";
import { slowEnd } from "../../core/rooms/rules.ts";
import { sentWall } from "../../core/rooms/wall.ts";
import type { PageQuery, RecordPage } from "../../io/log/log.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { hasTrait, MESSAGE_KINDS } from "../../wire/kinds.ts";
import type { WallState } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import { RecordsFrame, recordBytes } from "../../wire/records-frame.ts";
import { isKnownIn, newestVersion } from "../../wire/since.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { LoginRequest } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { MemberState } from "../session/connection-state.ts";
import { type FanOut, roomEntry } from "./broadcast.ts";
import type { CallService } from "./calls.ts";
import type { HistoryQuota } from "./history-quota.ts";
import type { PresenceFeed } from "./presence-feed.ts";
import type { ReadPositionService } from "./read-positions.ts";

interface MissedRecords {
  readonly records: readonly LogRecord[];
  readonly n: number;
  readonly skipped: number;
  readonly upTo: number;
}

interface EncodedBatch {
  readonly first: LogRecord;
  readonly last: LogRecord | undefined;
  readonly namesVersion: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

interface CatchUpOptions extends ServerContext {
  readonly fanOut: FanOut;
  readonly presence: Pick<PresenceFeed, "flush">;
  readonly readPositions: Pick<
    ReadPositionService,
    "upTo" | "unread" | "unreadRange" | "readCalls"
  >;
  readonly calls: Pick<CallService, "inRoom">;
  readonly historyQuota: HistoryQuota;
}

/**
 * Subscribes the reader in the tick in which no record is missing any more, so that no record is
 * lost or duplicated.
 */
export class CatchUp {
  readonly #recent = new RecentRecords();
  readonly #frame = new RecordsFrame();
  #encoded: EncodedBatch | undefined;
  readonly #reading;

  constructor(private readonly options: CatchUpOptions) {
    this.#reading = new TaskQueue({
      running: Number.POSITIVE_INFINITY,
      waiting: LINKS_MAX,
      slots: options.pageReads,
    });
  }

  onLogin(client: ClientConnection, member: MemberState, { after }: LoginRequest): void {
    void this.#resume(client, member, after);
  }

  async #resume(
    client: ClientConnection,
    member: MemberState,
    after: number | undefined,
  ): Promise<void> {
    const { rooms, fanOut } = this.options;
    const startHead = rooms.head;
    for (const room of [...rooms.roomsOf(member.account.id)]) {
      if (client.member !== member) return;
      await this.#withRun(client, room, async (run) => {
        const unseen = await this.#missed(room, after, client);
        if (!client.isCatchingUp(room.id, run)) return;
        this.#sendEntry(client, room, unseen);
        await this.#sendRecords(client, room, run, unseen);
      });
    }
    if (client.member !== member) return;
    // `caught-up` confirms that all records up to its seq have been sent.
    if (rooms.head > startHead) fanOut.flush();
    client.notify({ kind: "caught-up", seq: rooms.head });
  }

  /**
   * Notifies the device immediately that older records follow. Otherwise the device would assume
   * that it has them.
   */
  async #sendJoinedRoom(client: ClientConnection, room: Room): Promise<void> {
    await this.#withRun(client, room, async (run) => {
      const n = Math.max(1, room.lastN - FIRST_RECORDS + 1);
      this.#sendEntry(client, room, { n, skipped: 0, behind: true });
      const unseen = await this.#missed(room, undefined, client);
      if (!client.isCatchingUp(room.id, run)) return;
      if (unseen.n > n) {
        this.#sendEntry(client, room, { n: unseen.n, skipped: unseen.n - n, behind: true });
      }
      // Gathered messages must be sent before the entry that marks the room as complete.
      await this.#sendRecords(client, room, run, unseen, () => {
        this.#sendEntry(client, room, { n: nextN(client, room), skipped: 0 });
      });
    });
  }

  /**
   * Omits records that the client does not know, because it would show a line for each. A new entry
   * of the room lets it skip them, before the next record that it knows.
   */
  #sendKnown(client: ClientConnection, room: Room, records: readonly LogRecord[]): void {
    for (let at = 0; at < records.length; ) {
      const next = records.findIndex((record, i) => i >= at && !isKnown(client, record));
      const end = next < 0 ? records.length : next;
      const [first] = records.slice(at, end);
      if (first !== undefined) this.#skipWithheld(client, room, first.head.n);
      const run = records.slice(at, end);
      for (let i = 0; i < run.length; ) i = this.#sendFrom(client, run, i);
      if (next >= 0) client.withheld.set(room.id, withheldIn(client, room) + 1);
      at = end + 1;
    }
  }

  #skipWithheld(client: ClientConnection, room: Room, n: number): void {
    const skipped = withheldIn(client, room);
    client.withheld.delete(room.id);
    if (skipped > 0) this.#sendEntry(client, room, { n, skipped });
  }

  #follow(client: ClientConnection, room: Room, followed?: () => void): void {
    const { fanOut } = this.options;
    if (knowsAll(client)) return fanOut.follow(room, client, followed);
    const unfollow = fanOut.followEach(room, client, (bytes, published) => {
      const isWhole =
        withheldIn(client, room) === 0 && published?.every(({ record }) => isKnown(client, record));
      if (published === undefined || isWhole === true) return client.sendBytes(bytes);
      const records = published.map(({ record }) => record);
      this.#sendKnown(client, room, records);
    });
    client.whenUnfollowed(room.id, unfollow);
    followed?.();
  }

  joined(user: UserId, room: Room): void {
    for (const client of this.options.peers.of(user)) void this.#sendJoinedRoom(client, room);
  }

  left(user: UserId, room: Room): void {
    // Flush first, so that the leaving member receives all records up to the departure.
    this.options.fanOut.flush();
    for (const client of this.options.peers.of(user)) {
      client.unfollow(room.id);
      client.notify({ kind: "room-gone", room: room.id });
    }
  }

  onRecord(room: Room, record: LogRecord): void {
    // Batches of recent records may contain the erased text.
    if (record.head.kind === "erase") this.#encoded = undefined;
    this.#recent.add(room, this.options.archive.current(record));
    if (!MESSAGE_KINDS.has(record.head.kind)) this.#refreshChanged(room, record);
  }

  #refreshChanged(room: Room, record: LogRecord): void {
    const { kind } = record.head;
    const isSealedNow = kind === "group" && room.group?.epoch === 0;
    const isSetting =
      hasTrait(kind, "room-setting") ||
      isSealedNow ||
      (hasTrait(kind, "room-title") && room.isPrivate === true);
    const boxes = this.options.rooms.boxesOf(room);
    if (isSetting || (kind === "rename" && targetUser(record) === undefined))
      for (const one of [room, ...boxes]) this.refresh(one);
    const target = kind === "grant" || kind === "mute" ? targetUser(record) : undefined;
    if (target !== undefined) for (const one of [room, ...boxes]) this.refreshFor(target, one);
    if (kind === "wall") this.#refreshModerators(room);
    if (kind !== "knock" && kind !== "admission" && kind !== "join") return;
    if (room.rules.join === "approval") this.#refreshModerators(room);
  }

  #refreshModerators(room: Room): void {
    for (const user of room.members) if (this.#mayModerate(room, user)) this.refreshFor(user, room);
  }

  #mayModerate(room: Room, user: UserId): boolean {
    const isOperator = this.options.registry.policy.isOperator(user);
    return room.name !== undefined && moderates(room, { user, isOperator });
  }

  refresh(room: Room): void {
    for (const user of room.members) this.refreshFor(user, room);
  }

  refreshFor(user: UserId, room: Room): void {
    for (const client of this.options.peers.of(user)) {
      if (!client.isFollowing(room.id)) continue;
      this.options.fanOut.flush();
      this.#sendEntry(client, room, { n: nextN(client, room), skipped: 0 });
    }
  }

  async #withRun(
    client: ClientConnection,
    room: Room,
    task: (run: symbol) => Promise<void>,
  ): Promise<void> {
    const { member } = client;
    if (member === undefined || !room.members.has(member.account.id)) return;
    // A session without presence receives the room's entry but no live messages.
    if (!member.isPresent) return this.#sendEntry(client, room, { n: room.lastN + 1, skipped: 0 });
    const run = client.beginCatchUp(room.id);
    if (run === undefined) return;
    const fault = await task(run).catch(asFault);
    if (fault instanceof Fault && client.isCatchingUp(room.id, run)) client.close(fault);
  }

  #sendEntry(
    client: ClientConnection,
    room: Room,
    { n, skipped, behind = false }: Pick<MissedRecords, "n" | "skipped"> & { behind?: boolean },
  ): void {
    if (client.account === undefined) return;
    const reader = client.account.id;
    const entry = roomEntry(room, reader, this.options.registry);
    const was = this.#formerNames(room, reader);
    const read = this.options.readPositions.upTo(reader, room.id);
    const unixMs = this.options.clock.expiryUnixMs();
    const unread = this.options.readPositions.unread(client.account, room, n);
    const { first } =
      unread === 0 ? {} : this.options.readPositions.unreadRange(client.account, room);
    client.notify({
      kind: "room",
      ...entry,
      ...(was.length > 0 ? { was } : {}),
      n,
      skipped,
      read,
      unread,
      first,
      ...this.options.calls.inRoom(client.account, room),
      ...this.options.readPositions.readCalls(reader, room.id),
      ...(this.#mayModerate(room, reader)
        ? { moderates: true, wall: this.#wall(room, unixMs), ...this.#knocks(room) }
        : { slowUntil: slowEnd(room, reader, unixMs) }),
      mutedUntil: muteEnd(room, reader, unixMs),
      behind: behind || undefined,
    });
  }

  /** Former targets of a room, a box or the other person, without the sign of a person. */
  #formerNames(room: Room, reader: UserId): string[] {
    const { rooms, registry } = this.options;
    if (room.pair !== undefined) {
      const partner = room.pair.find((user) => user !== reader) ?? reader;
      return registry.formerNamesOf(partner).slice(-FORMER_NAMES_SENT_MAX);
    }
    const of = room.box?.of ?? room;
    const names = [...rooms.formerNamesOf(of), ...(of.name === undefined ? [] : [of.name])];
    if (room.box === undefined) return names.slice(0, -1).slice(-FORMER_NAMES_SENT_MAX);
    const { user } = room.box;
    const owners = [...registry.formerNamesOf(user), registry.nameOf(user) ?? user];
    const targets = names.flatMap((name) => owners.map((owner) => `${name}@${owner}`));
    return targets.slice(0, -1).slice(-FORMER_NAMES_SENT_MAX);
  }

  #wall({ wall }: Room, unixMs: number): WallState | undefined {
    const { registry } = this.options;
    return wall && sentWall(wall, unixMs, (id) => registry.nameOf(id));
  }

  #knocks(room: Room): { readonly knocks?: string[] } {
    const names = [...room.knocks].flatMap((user) => this.options.registry.nameOf(user) ?? []);
    return names.length > 0 ? { knocks: names } : {};
  }

  async #sendRecords(
    client: ClientConnection,
    room: Room,
    run: symbol,
    unseen: MissedRecords,
    followed?: () => void,
  ): Promise<void> {
    const { presence, historyQuota } = this.options;
    let { records, upTo: sentSeq } = unseen;
    for (;;) {
      if (client.account !== undefined) historyQuota.count(client.account.id, records);
      for (let at = 0; at < records.length; ) {
        if (client.link.queuedBytes() > SEND_QUEUE_LOW_BYTES) await client.link.drained();
        if (!client.isCatchingUp(room.id, run)) return;
        if (knowsAll(client)) at = this.#sendFrom(client, records, at);
        else {
          const batch = records.slice(at, at + FIRST_RECORDS);
          this.#sendKnown(client, room, batch);
          at += batch.length;
        }
      }
      sentSeq = records.at(-1)?.head.seq ?? sentSeq;
      if (sentSeq >= room.lastSeq) break;
      // Frees the records, which a slow reader would otherwise keep in memory.
      records = [];
      await client.link.drained(PAGE_BYTES_MAX);
      if (!client.isCatchingUp(room.id, run)) return;
      const recent = this.#recent.since(room, sentSeq);
      records = recent === undefined ? await this.#since(room, sentSeq) : firstPage(recent);
      assert(records.length > 0, "the archive lags behind the log");
      if (!client.isCatchingUp(room.id, run)) return;
    }
    presence.flush(room);
    client.follow(room.id);
    this.#follow(client, room, followed);
  }

  #sendFrom(client: ClientConnection, records: readonly LogRecord[], from: number): number {
    let at = from;
    let record = records[at];
    assert(record !== undefined, "there is a record to send");
    const [first, last] = [record, records.at(-1)];
    const { namesVersion } = this.options.registry;
    const packed = this.#encoded;
    if (packed?.first === first && packed.last === last && packed.namesVersion === namesVersion) {
      client.sendBytes(packed.bytes);
      return from + packed.count;
    }
    while (record !== undefined && this.#frame.hasRoomFor(record)) {
      this.#frame.add(record, this.options.registry.nameOf(record.head.by));
      record = records[++at];
    }
    const bytes = this.#frame.takeMessage();
    this.#encoded = { first, last, namesVersion, count: at - from, bytes };
    client.sendBytes(bytes);
    return at;
  }

  async #missed(
    room: Room,
    after: number | undefined,
    client: ClientConnection,
  ): Promise<MissedRecords> {
    const unseen = await this.#unseen(room, after, client);
    if (knowsAll(client)) return unseen;
    const { records, n, skipped } = unseen;
    // A client that wants only live records asks for those after the highest number.
    if (after === undefined || after > this.options.rooms.head) {
      client.withheld.delete(room.id);
      const first = records.findIndex((record) => isKnown(client, record));
      const known = first < 0 ? [] : records.slice(first);
      return { ...unseen, records: known, n: n + records.length - known.length };
    }
    const withheld = await this.#withheldUntil(room, after, client);
    // The client cannot have missed more records than the room has.
    if (withheld === undefined) return { ...unseen, skipped: room.lastN };
    if (skipped > 0) return { ...unseen, skipped: skipped + withheld };
    client.withheld.set(room.id, withheld);
    return { ...unseen, n: n - withheld };
  }

  /**
   * Number of records before `after` that an earlier link did not send, not even as skipped;
   * `undefined` if there are too many to count.
   */
  async #withheldUntil(
    room: Room,
    after: number,
    client: ClientConnection,
  ): Promise<number | undefined> {
    for (const limit of [1, CATCH_UP_RECORDS_MAX]) {
      const { records } = await this.#page({
        rooms: new Set([room.id]),
        beforeSeq: after + 1,
        from: "newest",
        limit,
        bytesMax: CATCH_UP_BYTES_MAX,
      });
      const last = records.findLastIndex((record) => isKnown(client, record));
      if (last >= 0) return records.length - 1 - last;
      if ((records[0]?.head.n ?? 1) === 1) return records.length;
    }
    return undefined;
  }

  /** Skips all missed records if the reader's quota is used up. */
  async #unseen(
    room: Room,
    after: number | undefined,
    { account }: ClientConnection,
  ): Promise<MissedRecords> {
    // Copy these values now, because further records may be added during the disk read.
    const { lastSeq: upTo, lastN } = room;
    if (after !== undefined && upTo <= after) {
      return { records: [], n: lastN + 1, skipped: 0, upTo };
    }
    if (account !== undefined && this.options.historyQuota.isReached(account.id)) {
      const skipped = after === undefined ? 0 : lastN - (await this.#lastNBefore(room, after));
      return { records: [], n: lastN + 1, skipped, upTo };
    }
    const unseen = await this.#read(room, after, upTo);
    return { ...unseen, upTo: unseen.records.at(-1)?.head.seq ?? upTo };
  }

  async #read(
    room: Room,
    after: number | undefined,
    upTo: number,
  ): Promise<Omit<MissedRecords, "upTo">> {
    const recent =
      after === undefined
        ? this.#recent.newest(room, FIRST_RECORDS)
        : this.#recent.since(room, after);
    const [first] = recent ?? [];
    if (recent !== undefined && first !== undefined) {
      return { records: firstPage(recent), n: first.head.n, skipped: 0 };
    }
    // Read first, because the page would stay in memory while this read waits for its turn.
    const lastN = after === undefined ? undefined : await this.#lastNBefore(room, after);
    const limit = after === undefined ? FIRST_RECORDS : CATCH_UP_RECORDS_MAX;
    const records = await this.#firstToSend(room, { after, upTo, limit });
    const n = records[0]?.head.n;
    assert(n !== undefined, "the archive lags behind the log");
    return { records, n, skipped: lastN === undefined ? 0 : n - lastN - 1 };
  }

  /**
   * Returns the first page of the newest records that a device may receive. Finds its beginning by
   * pages that it drops: a slow reader would keep all records in memory.
   */
  async #firstToSend(
    room: Room,
    { after, upTo, limit }: { readonly after: number | undefined; upTo: number; limit: number },
  ): Promise<readonly LogRecord[]> {
    let [fromSeq, remaining, bytes] = [upTo + 1, limit, CATCH_UP_BYTES_MAX];
    for (;;) {
      const isNewest = fromSeq > upTo;
      const { records, more } = await this.#page({
        rooms: new Set([room.id]),
        afterSeq: after,
        beforeSeq: fromSeq,
        from: "newest",
        limit: remaining,
        bytesMax: PAGE_BYTES_MAX,
      });
      // An erasure during the read would have added a record.
      if (isNewest && room.lastSeq === upTo) this.#recent.refill(room, records);
      const end = records.findLastIndex((record) => {
        bytes -= recordBytes(record);
        return bytes < 0;
      });
      fromSeq = records[end + 1]?.head.seq ?? fromSeq;
      remaining -= records.length;
      if (more && remaining > 0 && bytes > 0) continue;
      return isNewest ? records : await this.#since(room, fromSeq - 1);
    }
  }

  async #lastNBefore(room: Room, seq: number): Promise<number> {
    const { records } = await this.#page({
      rooms: new Set([room.id]),
      beforeSeq: seq + 1,
      from: "newest",
      limit: 1,
      bytesMax: PAGE_BYTES_MAX,
    });
    return records[0]?.head.n ?? 0;
  }

  async #since(room: Room, seq: number): Promise<readonly LogRecord[]> {
    const { records } = await this.#page({
      rooms: new Set([room.id]),
      afterSeq: seq,
      from: "oldest",
      limit: CATCH_UP_RECORDS_MAX,
      bytesMax: PAGE_BYTES_MAX,
    });
    return records;
  }

  #page(query: PageQuery): Promise<RecordPage> {
    return this.#reading.run(() => this.options.archive.page(query));
  }
}

function firstPage(records: readonly LogRecord[]): readonly LogRecord[] {
  let bytes = 0;
  const end = records.findIndex((record) => {
    bytes += recordBytes(record);
    return bytes > PAGE_BYTES_MAX;
  });
  return end < 0 ? records : records.slice(0, Math.max(1, end));
}

function knowsAll({ handshake }: ClientConnection): boolean {
  return handshake === undefined || handshake.knows === newestVersion();
}

function isKnown({ handshake }: ClientConnection, { head }: LogRecord): boolean {
  return isKnownIn(handshake?.knows ?? newestVersion(), head.kind);
}

/** Number of records that the client was not sent, after the last one that it was sent. */
function withheldIn({ withheld }: ClientConnection, { id }: Room): number {
  return withheld.get(id) ?? 0;
}

/** `n` of the next record that the client receives, as far as it knows. */
function nextN(client: ClientConnection, room: Room): number {
  return room.lastN + 1 - withheldIn(client, room);
}

/** Records kept per room when its cache is trimmed. New members receive FIRST_RECORDS of them. */
const RECENT_RECORDS_MAX = 128;

interface Recent {
  readonly records: LogRecord[];
  bytes: number;
}

/**
 * Serves records synchronously, because new records would arrive during a disk read and users who
 * join together would fall behind again.
 *
 * @internal
 */
export class RecentRecords {
  readonly #rooms = new Map<RoomId, Recent>();
  #bytes = 0;

  add(room: Room, record: LogRecord): void {
    const { id } = room;
    const { kind } = record.head;
    // Erased records must not be sent with their former content.
    if (kind === "erase" || kind === "remove") return this.#forget(id);
    const recent = this.#rooms.get(id) ?? { records: [], bytes: 0 };
    this.#rooms.delete(id);
    this.#rooms.set(id, recent);
    recent.records.push(record);
    this.#count(recent, recordBytes(record));
    // Drop half of the records together, so that not every new record moves all others.
    if (recent.records.length > 2 * RECENT_RECORDS_MAX) this.#drop(recent, RECENT_RECORDS_MAX);
    while (recent.bytes > RECENT_ROOM_BYTES_MAX && recent.records.length > 1) this.#drop(recent, 1);
    for (const oldest of this.#rooms.keys()) {
      if (this.#bytes <= RECENT_BYTES_MAX) break;
      this.#forget(oldest);
    }
  }

  /**
   * Adds records from the disk, so that devices that reconnect together share one read.
   * @param records without a gap, up to the room's last record
   */
  refill(room: Room, records: readonly LogRecord[]): void {
    const known = this.#rooms.get(room.id)?.records.length ?? 0;
    const newest = records.slice(-2 * RECENT_RECORDS_MAX);
    if (newest.length <= known) return;
    this.#forget(room.id);
    for (const record of newest) this.add(room, record);
  }

  since(room: Room, seq: number): readonly LogRecord[] | undefined {
    const records = this.#rooms.get(room.id)?.records;
    const first = records?.[0]?.head;
    if (records === undefined || first === undefined) return undefined;
    if (first.n > 1 && seq < first.seq - 1) return undefined;
    const at = records.findIndex(({ head }) => head.seq > seq);
    return at < 0 ? [] : records.slice(at);
  }

  newest(room: Room, count: number): readonly LogRecord[] | undefined {
    const records = this.#rooms.get(room.id)?.records;
    if (records === undefined) return undefined;
    const isEnough = records.length >= count || records[0]?.head.n === 1;
    return isEnough ? records.slice(-count) : undefined;
  }

  #drop(recent: Recent, count: number): void {
    for (const record of recent.records.splice(0, count)) this.#count(recent, -recordBytes(record));
  }

  #count(recent: Recent, bytes: number): void {
    recent.bytes += bytes;
    this.#bytes += bytes;
  }

  #forget(id: RoomId): void {
    this.#bytes -= this.#rooms.get(id)?.bytes ?? 0;
    this.#rooms.delete(id);
  }
}
