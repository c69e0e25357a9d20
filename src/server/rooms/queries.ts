/** Read-only queries: rooms, members, profiles, history, pins and read receipts. */

import { firstIndex } from "../../base/binary-search.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  HANDED_NAMES_MAX,
  HANDED_USERS_MAX,
  PAGE_BYTES_MAX,
  PAGE_READS_PER_ACCOUNT_MAX,
  PAGE_READS_QUEUED_MAX,
  PAGE_RECORDS_MAX,
  PRESENCE_MEMBERS_MAX,
  READERS_NAMED_MAX,
  REQUESTS_IN_FLIGHT_MAX,
} from "../../base/limits.ts";
import { checkName, foldName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { invitedToSealed } from "../../core/rooms/group-state.ts";
import { isInvited, muteEnd } from "../../core/rooms/moderation.ts";
import { statusOf } from "../../core/rooms/prefs.ts";
import { hasReadReceipts, type Room } from "../../core/rooms/rooms.ts";
import { companyOf, missingGuide } from "../../core/rooms/server-rules.ts";
import { replyTo } from "../../core/rooms/stamps.ts";
import {
  requireCollector,
  requireMember,
  requireRoom,
  requireUser,
  TargetResolver,
} from "../../core/rooms/targets.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { PageQuery } from "../../io/log/log.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { READ_KINDS, RECORD_KINDS, type RecordKind } from "../../wire/kinds.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import { isKnownIn, newestVersion, type Version } from "../../wire/since.ts";
import { isOperatorAnywhere } from "../auth/operator-link.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import { roomEntry, wireRecord } from "./broadcast.ts";
import type { HistoryQuota } from "./history-quota.ts";
import type { ReadPositionService } from "./read-positions.ts";
import type { RecordLookup } from "./record-lookup.ts";

export interface QueriesOptions extends ServerContext {
  readonly readPositions: Pick<ReadPositionService, "unread" | "upTo">;
  readonly recordLookup: RecordLookup;
  readonly historyQuota: HistoryQuota;
}

/**
 * Milliseconds between two sorts. Thousands of users may query a large room's members when they
 * join.
 */
const LARGE_SORT_INTERVAL_MS = 1_000;
/**
 * A sorted list is reused for this multiple of the sort's duration, which limits sorting to a
 * twentieth of the time. Sorting 100,000 accounts takes 0.3 s.
 */
const SORT_PAUSE_FACTOR = 20;
const ALL_KINDS = "all";

export class Queries {
  readonly #targets;
  readonly #reading;
  readonly #readers = new TaskQueue({ waiting: REQUESTS_IN_FLIGHT_MAX });
  readonly #largeRooms = new WeakMap<
    Room,
    { readonly people: readonly Entry[]; readonly until: number }
  >();
  #allAccounts: { people: readonly Entry[]; until: number; version: number } | undefined;

  constructor(private readonly options: QueriesOptions) {
    this.#targets = new TargetResolver({
      rooms: options.rooms,
      directory: options.registry.allNames,
      sha256,
    });
    this.#reading = new TaskQueue({
      running: PAGE_READS_PER_ACCOUNT_MAX,
      waiting: PAGE_READS_QUEUED_MAX,
      slots: options.pageReads,
      pauseClock: options.clock,
    });
  }

  readonly handlers = {
    rooms: (request, { account }) => this.#listRooms(account, request),
    who: ({ room: target, after }, { account }) => {
      const { clock, engine } = this.options;
      const unixMs = clock.expiryUnixMs();
      const [room] = target === undefined ? [] : this.#readable(account, target);
      const people = target === undefined ? this.#sortedAccounts() : this.#members(room);
      const next = after === undefined ? 0 : indexAfter(people, foldName(checkName(after)));
      const page = people.slice(next, next + PAGE_RECORDS_MAX);
      const users = page.map(({ account: { id, name, isBot, prefs, displayName } }) => {
        const mutedUntil = room && muteEnd(room, id, unixMs);
        const person = { user: name as string, online: engine.isOnline(id) };
        const role = this.#role(id, room);
        const invited = (room !== undefined && !room.members.has(id)) || undefined;
        const marks = { mutedUntil, bot: isBot || undefined, displayName, invited };
        return { ...person, role, ...statusOf(prefs, unixMs), ...marks };
      });
      return { users, more: next + users.length < people.length };
    },
    whois: ({ user: named }, { account: requester }) => {
      const { registry, rooms, engine, clock } = this.options;
      const { id, name, sinceUnixMs, isBot, prefs, displayName } = requireUser(
        registry,
        checkName(named, "person's name"),
      );
      const shared = [...rooms.roomsOf(requester.id)].filter(({ members }) => members.has(id));
      return {
        user: name,
        since: sinceUnixMs,
        online: engine.isOnline(id),
        role: this.#role(id, undefined),
        rooms: shared.flatMap((room) => (room.isPrivate === true ? [] : (room.name ?? []))).sort(),
        ...defined({
          bot: isBot || undefined,
          status: statusOf(prefs, clock.expiryUnixMs()).status,
          displayName,
        }),
      };
    },
    "write-limit": ({ target }, { account }) => {
      const { rooms, registry } = this.options;
      const { room, peer } = this.#targets.resolve(account.id, target);
      if (room !== undefined) requireMember(room, account.id);
      const company = peer === undefined ? room && companyOf(room) : [account.id, peer];
      const rights = { rooms, policy: registry.policy };
      return defined({ only: company && missingGuide(rights, company) });
    },
    history: (request, { client: { id, link, handshake }, account }) =>
      this.#readers.runFor(`${id}`, async () => {
        if (link.queuedBytes() > PAGE_BYTES_MAX) await link.drained(PAGE_BYTES_MAX);
        return this.#page(account, request, handshake?.knows ?? newestVersion());
      }),
    pins: (request, { account }) => this.#pins(account, request),
    handed: (request, { account }) => this.#handed(account, request),
    readers: ({ seq }, { account }) => this.#readersTo(account, seq),
  } satisfies SomeHandlers;

  #listRooms(account: Account, { after }: RequestOf<"rooms">): Answer<"rooms"> {
    const rooms = [];
    let isBefore = after !== undefined;
    const last =
      after === undefined
        ? undefined
        : requireRoom(this.options.rooms, checkName(after), account.id);
    for (const room of this.options.rooms.named()) {
      if (isBefore) {
        isBefore = room !== last;
        continue;
      }
      if (room.isPrivate === true) continue;
      if (rooms.length === PAGE_RECORDS_MAX) return { rooms, more: true };
      const joined = room.members.has(account.id);
      // Non-members see neither the topic nor the size of a room with a password.
      const { join } = room.rules;
      const isVisible = joined || join !== "password";
      rooms.push({
        room: room.name ?? "",
        title: room.title,
        face: room.face,
        topic: isVisible ? room.topic : "",
        members: isVisible ? room.members.size : 0,
        joined,
        sealed: room.isSealed === true,
        locked: join === "password",
        approval: join === "approval" || undefined,
        unread: joined ? this.options.readPositions.unread(account, room) : undefined,
      });
    }
    return { rooms, more: false };
  }

  #role(user: UserId, room: Room | undefined): "operator" | "moderator" | "member" {
    if (isOperatorAnywhere(this.options, user)) return "operator";
    return room?.moderators.has(user) === true ? "moderator" : "member";
  }

  #sortedAccounts(): readonly Entry[] {
    const { clock, registry } = this.options;
    const version = registry.namesVersion;
    const cached = this.#allAccounts;
    const isLarge = (cached?.people.length ?? 0) > PRESENCE_MEMBERS_MAX;
    const isFresh = cached?.version === version || (isLarge && clock.now() < (cached?.until ?? 0));
    if (cached !== undefined && isFresh) return cached.people;
    const startedAt = clock.now();
    const people = byName([...registry.all()].filter(({ isRemoved: isGone }) => !isGone));
    const durationMs = clock.now() - startedAt;
    const reuseMs = Math.max(LARGE_SORT_INTERVAL_MS, SORT_PAUSE_FACTOR * durationMs);
    this.#allAccounts = { people, until: startedAt + reuseMs, version };
    return people;
  }

  async #page(
    account: Account,
    request: RequestOf<"history">,
    knows: Version,
  ): Promise<Answer<"history">> {
    const { archive, registry, historyQuota } = this.options;
    const readable = this.#readable(account, request.target);
    const query = this.#query(request, new Set(readable.map((room) => room.id)), knows);
    historyQuota.check(account.id);
    const page = await this.#reading.runFor(account.id, () => archive.page(query));
    historyQuota.count(account.id, page.records);
    // The account may have left a room during the disk read. An empty page of one room would say
    // that the room has no records.
    this.#readable(account, request.target);
    const records = page.records.filter((record) => {
      const room = this.options.rooms.get(record.head.room as RoomId);
      return room?.members.has(account.id) === true;
    });
    const named = new Set(records.map((record) => record.head.room));
    return {
      records: records.map((record) => wireRecord(record, registry)),
      rooms: readable
        .filter((room) => named.has(room.id))
        .map((room) => roomEntry(room, account.id, registry)),
      more: page.more,
    };
  }

  async #pins(account: Account, { target, before }: RequestOf<"pins">): Promise<Answer<"pins">> {
    const { registry, rooms, targets, historyQuota, recordLookup } = this.options;
    const { room } = targets.resolve(account.id, target);
    if (room === undefined) return { records: [], rooms: [], more: false };
    requireMember(room, account.id);
    historyQuota.check(account.id);
    const seqs = room.pins.filter((seq) => seq < (before ?? Number.POSITIVE_INFINITY));
    const records: LogRecord[] = [];
    let bytes = 0;
    let more = false;
    for (const seq of seqs.sort((a, b) => b - a)) {
      const found = await recordLookup.message(account.id, seq, rooms);
      bytes += found.reduce((sum, record) => sum + (record.bodyBytes?.length ?? 0), 0);
      more = records.length > 0 && bytes > PAGE_BYTES_MAX;
      if (more) break;
      records.push(...found);
    }
    historyQuota.count(account.id, records);
    requireMember(room, account.id);
    return {
      records: records
        .sort((a, b) => a.head.seq - b.head.seq)
        .map((record) => wireRecord(record, registry)),
      rooms: [roomEntry(room, account.id, registry)],
      more,
    };
  }

  /**
   * Answers only the author of a message that was posted after receipts were enabled.
   * @throws {Fault} not-found, not-allowed or too-many
   */
  async #readersTo(account: Account, seq: number): Promise<Answer<"readers">> {
    const { rooms, recordLookup } = this.options;
    const head = (await recordLookup.find(account.id, seq))?.head;
    const room = head === undefined ? undefined : rooms.get(head.room as RoomId);
    if (head?.by !== account.id || room?.members.has(account.id) !== true) {
      throw new Fault("not-found", msg`only the author of message ${seq} sees who has read it`, {
        remedy: msg`ask them`,
      });
    }
    if (!hasReadReceipts(room)) {
      const message = "read receipts are off in this room";
      throw new Fault("not-allowed", message, {
        remedy: msg`a moderator can turn them on: ${"/receipts on"}`,
      });
    }
    return this.#readersOf(room, account.id, head.n);
  }

  #readersOf(room: Room, author: UserId, n: number): Answer<"readers"> {
    const { registry, readPositions } = this.options;
    const { since, joined } = room.receipts ?? { since: Number.POSITIVE_INFINITY };
    const users: string[] = [];
    let readers = 0;
    for (const user of room.members) {
      const isReader =
        user !== author &&
        n > since &&
        readPositions.upTo(user, room.id) >= n &&
        (joined?.get(user) ?? 0) < n;
      if (!isReader) continue;
      readers++;
      const name = users.length < READERS_NAMED_MAX ? registry.nameOf(user) : undefined;
      if (name !== undefined) users.push(name);
    }
    return { readers, of: room.members.size - 1, users: users.sort() };
  }

  #handed({ id }: Account, { room: name, after, user }: RequestOf<"handed">): Answer<"handed"> {
    const { rooms, registry, engine, clock } = this.options;
    const room = requireCollector(rooms, id, checkName(name, "room's name"));
    const boxes = rooms.boxesOf(room);
    const boxBy = new Map(boxes.map((box) => [box.box?.user, box]));
    const pupils = [...room.members].filter((user) => !room.moderators.has(user));
    const owners = boxes.flatMap(({ box }) => box?.user ?? []);
    const unixMs = clock.expiryUnixMs();
    const invited = [...room.invited.keys()].filter((id) => isInvited(room, id, registry, unixMs));
    const all = [...new Set([...pupils, ...owners, ...invited])];
    const only = user === undefined ? undefined : requireUser(registry, checkName(user)).id;
    const listed = only === undefined ? all : all.filter((person) => person === only);
    const people = byName(listed.flatMap((person) => registry.get(person) ?? []));
    const next = after === undefined ? 0 : indexAfter(people, foldName(checkName(after)));
    const users = people.slice(next, next + HANDED_USERS_MAX).map(({ account }) => {
      const box = boxBy.get(account.id);
      const files = box === undefined ? [] : [...engine.files.sentTo(box.id, account.id)];
      const names = files.slice(-HANDED_NAMES_MAX).map(({ name }) => name);
      const times = [...(box?.work.values() ?? [])];
      const isOpen = invited.includes(account.id);
      return defined({
        user: account.name as string,
        messages: box?.work.size ?? 0,
        files: files.length,
        names: names.length === 0 ? undefined : names,
        first: times[0],
        at: times.at(-1),
        ...(box && replyTo(box)),
        left: room.members.has(account.id) || isOpen ? undefined : true,
        invited: isOpen || undefined,
      });
    });
    return {
      users,
      ...defined({ due: room.rules.due }),
      more: next + users.length < people.length,
    };
  }

  #query(request: RequestOf<"history">, rooms: ReadonlySet<RoomId>, knows: Version): PageQuery {
    const { from, since, until, grep, ignoreCase, words, re, after, before, limit } = request;
    const by =
      from === undefined
        ? undefined
        : requireUser(this.options.registry.allNames, checkName(from)).id;
    return defined({
      rooms,
      kinds: this.#kindsOf(request, rooms, knows),
      files: request.files,
      by,
      sinceMs: since,
      untilMs: until,
      grep: grep === "" ? undefined : grep,
      ignoreCase,
      words,
      re,
      afterSeq: after,
      beforeSeq: before,
      from: after === undefined ? "newest" : "oldest",
      limit,
      bytesMax: PAGE_BYTES_MAX,
    });
  }

  /** Without the kinds that the client would show as unreadable, unless it checks all records. */
  #kindsOf(
    { files, kinds }: RequestOf<"history">,
    rooms: ReadonlySet<RoomId>,
    knows: Version,
  ): ReadonlySet<RecordKind> {
    if (kinds?.includes(ALL_KINDS) === true) return RECORD_KINDS;
    const isWanted = (kind: RecordKind) =>
      isKnownIn(knows, kind) && (kinds?.includes(kind) ?? true);
    if (files !== true) return new Set([...READ_KINDS].filter(isWanted));
    // A query for a single kind is faster.
    const isSealed = [...rooms].some((id) => this.options.rooms.get(id)?.isSealed === true);
    const listing: readonly RecordKind[] = isSealed ? ["file", "sealed"] : ["file"];
    return new Set(listing.filter(isWanted));
  }

  #readable(account: Account, target: string | undefined): Room[] {
    if (target === undefined) return [...this.options.rooms.roomsOf(account.id)];
    const { room } = this.#targets.resolve(account.id, target);
    if (room === undefined) return [];
    requireMember(room, account.id);
    return [room];
  }

  #members(room: Room | undefined): readonly Entry[] {
    if (room === undefined) return [];
    const { clock, registry } = this.options;
    const cached = this.#largeRooms.get(room);
    if (cached !== undefined && clock.now() < cached.until) return cached.people;
    const members = [...room.members, ...invitedToSealed(room)].map((id) => registry.get(id));
    const people = byName(
      members.filter((member) => member !== undefined).filter(({ isRemoved: isGone }) => !isGone),
    );
    if (room.members.size > PRESENCE_MEMBERS_MAX) {
      this.#largeRooms.set(room, { people, until: clock.now() + LARGE_SORT_INTERVAL_MS });
    }
    return people;
  }
}

interface Entry {
  readonly account: Account;
  readonly key: string;
}

function indexAfter(people: readonly Entry[], name: string): number {
  return firstIndex(people.length, (index) => (people[index]?.key ?? "") <= name);
}

function byName(people: readonly Account[]): Entry[] {
  const entries = people.map((account) => ({ account, key: foldName(account.name) }));
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}
