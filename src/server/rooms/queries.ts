/** Read-only queries: rooms, members and history. */

import type { RoomId, UserId } from "../../base/ids.ts";
import {
  PAGE_BYTES_MAX,
  PAGE_RECORDS_MAX,
  PAGE_REST_MS_MAX,
  PAGE_REST_TIMES,
  PAGES_READ_MAX,
  PAGES_READ_PER_ACCOUNT_MAX,
  PAGES_WAITING_MAX,
  PRESENCE_MEMBERS_MAX,
  REQUESTS_IN_FLIGHT_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../../base/limits.ts";
import { checkName, foldName } from "../../base/names.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { checkReads, namedPerson, namedRoom, TargetResolver } from "../../core/rooms/targets.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { PageQuery } from "../../io/log/log.ts";
import { WorkQueue } from "../../io/work-queue.ts";
import { READ_KINDS, RECORD_KINDS, type RecordKind } from "../../wire/kinds.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import { FairQueue } from "../queue/work-queue.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { roomEntry, wireRecord } from "./broadcast.ts";
import type { HistoryQuota } from "./history-quota.ts";
import type { ReadPositionService } from "./read-positions.ts";

export interface QueriesOptions extends ServerContext {
  readonly reading: Pick<ReadPositionService, "unread">;
  readonly historyQuota: HistoryQuota;
}

/**
 * Minimum milliseconds between sorts of a large room's members: thousands may ask when they join.
 */
const LARGE_SORTED_EVERY_MS = 1_000;
/** Sorting all accounts may take at most a twentieth of the time: 100,000 accounts take 0.3 s. */
const SORT_REST_TIMES = 20;
/** For readers that count records, also those of unknown kinds. */
const EVERY_KIND = "all";

export class Queries {
  readonly #options: QueriesOptions;
  readonly #targets: TargetResolver;
  readonly #reading = new WorkQueue(PAGES_READ_MAX, PAGES_WAITING_MAX);
  readonly #turns: FairQueue;
  /** By session: the next page waits until the last ones were taken. */
  readonly #readers = new FairQueue(1, REQUESTS_IN_FLIGHT_MAX);
  /**
   * Sorted members of rooms above PRESENCE_MEMBERS_MAX, with the time until which they are reused.
   */
  readonly #large = new WeakMap<
    Room,
    { readonly people: readonly Entry[]; readonly until: number }
  >();
  /**
   * All accounts sorted, with the time until which they are reused and the version of the names.
   */
  #everyone: { people: readonly Entry[]; until: number; version: number } | undefined;

  constructor(options: QueriesOptions) {
    this.#options = options;
    // Messages of removed users can still be read.
    this.#targets = new TargetResolver({
      rooms: options.rooms,
      directory: options.registry.everyone,
      sha256,
    });
    const rest = { clock: options.clock, times: PAGE_REST_TIMES, msMax: PAGE_REST_MS_MAX };
    this.#turns = new FairQueue(PAGES_READ_PER_ACCOUNT_MAX, PAGES_WAITING_MAX, rest);
  }

  /** In order of creation. @throws Fault room-unknown */
  listRooms(account: Account, { after }: RequestOf<"rooms">): Answer<"rooms"> {
    const rooms = [];
    let isBefore = after !== undefined;
    const last = after === undefined ? undefined : namedRoom(this.#options.rooms, checkName(after));
    for (const room of this.#options.rooms.named()) {
      if (isBefore) {
        isBefore = room !== last;
        continue;
      }
      if (rooms.length === PAGE_RECORDS_MAX) return { rooms, more: true };
      const joined = room.members.has(account.id);
      // A room with a password shows both only to its members.
      const isTold = joined || !room.locked;
      rooms.push({
        room: room.name ?? "",
        topic: isTold ? room.topic : "",
        members: isTold ? room.members.size : 0,
        joined,
        sealed: room.isSealed === true,
        locked: room.locked,
        ...(joined ? { unread: this.#options.reading.unread(account.id, room) } : {}),
      });
    }
    return { rooms, more: false };
  }

  /**
   * Members of a room that the asker is in, or all accounts; pages ordered by name.
   * @throws Fault
   */
  who(account: Account, { room: target, after }: RequestOf<"who">): Answer<"who"> {
    const { engine } = this.#options;
    const [room] = target === undefined ? [] : this.#readable(account, target);
    const people = target === undefined ? this.#allPeople() : this.#members(room);
    const next = after === undefined ? 0 : indexBehind(people, foldName(checkName(after)));
    const page = people.slice(next, next + PAGE_RECORDS_MAX);
    const users = page.map(({ account: { id, name } }) => {
      return { user: name as string, online: engine.isOnline(id), role: this.#role(id, room) };
    });
    return { users, more: next + users.length < people.length };
  }

  #role(user: UserId, room: Room | undefined): "operator" | "moderator" | "member" {
    if (this.#options.registry.policy.isOperator(user)) return "operator";
    return room?.moderators.has(user) === true ? "moderator" : "member";
  }

  /**
   * Sorted again when an account was made, removed or renamed; large lists at most once a second.
   */
  #allPeople(): readonly Entry[] {
    const { clock, registry } = this.#options;
    const version = registry.namesVersion;
    const kept = this.#everyone;
    const isLarge = (kept?.people.length ?? 0) > PRESENCE_MEMBERS_MAX;
    const isFresh = kept?.version === version || (isLarge && clock.now() < (kept?.until ?? 0));
    if (kept !== undefined && isFresh) return kept.people;
    const begun = clock.now();
    const people = byName([...registry.all()].filter(({ isGone }) => !isGone));
    const tookMs = clock.now() - begun;
    const restMs = Math.max(LARGE_SORTED_EVERY_MS, SORT_REST_TIMES * tookMs);
    this.#everyone = { people, until: begun + restMs, version };
    return people;
  }

  /** @throws Fault room-unknown, user-unknown, not-member, too-many, history-limit */
  history(
    { id, link }: Pick<ClientConnection, "id" | "link">,
    account: Account,
    request: RequestOf<"history">,
  ): Promise<Answer<"history">> {
    return this.#readers.run(`${id}`, async () => {
      if (link.queuedBytes() > SEND_QUEUE_LOW_BYTES) await link.drained();
      return this.#page(account, request);
    });
  }

  async #page(account: Account, request: RequestOf<"history">): Promise<Answer<"history">> {
    const { archive, registry, historyQuota } = this.#options;
    const readable = this.#readable(account, request.target);
    const query = this.#query(request, new Set(readable.map((room) => room.id)));
    historyQuota.check(account.id);
    const page = await this.#turns.run(account.id, () =>
      this.#reading.run(() => archive.page(query)),
    );
    historyQuota.count(account.id, page.records);
    // The account may have left or been removed while the disk was read.
    const records = page.records.filter((record) => {
      const room = this.#options.rooms.get(record.head.room as RoomId);
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

  #query(request: RequestOf<"history">, rooms: ReadonlySet<RoomId>): PageQuery {
    const { from, since, until, grep, ignoreCase, after, before, limit } = request;
    const by =
      from === undefined
        ? undefined
        : namedPerson(this.#options.registry.everyone, checkName(from)).id;
    return {
      rooms,
      kinds: kindsOf(request),
      ...(by === undefined ? {} : { by }),
      ...(since === undefined ? {} : { sinceMs: since }),
      ...(until === undefined ? {} : { untilMs: until }),
      ...(grep === undefined || grep === "" ? {} : { grep }),
      ...(ignoreCase === undefined ? {} : { ignoreCase }),
      ...(after === undefined ? {} : { afterSeq: after }),
      ...(before === undefined ? {} : { beforeSeq: before }),
      from: after === undefined ? "newest" : "oldest",
      limit,
      bytesMax: PAGE_BYTES_MAX,
    };
  }

  #readable(account: Account, target: string | undefined): Room[] {
    if (target === undefined) return [...this.#options.rooms.of(account.id)];
    const { room } = this.#targets.resolve(account.id, target);
    if (room === undefined) return [];
    checkReads(room, account.id);
    return [room];
  }

  #members(room: Room | undefined): readonly Entry[] {
    if (room === undefined) return [];
    const { clock, registry } = this.#options;
    const kept = this.#large.get(room);
    if (kept !== undefined && clock.now() < kept.until) return kept.people;
    const members = [...room.members].map((id) => registry.get(id));
    const people = byName(
      members.filter((member) => member !== undefined).filter(({ isGone }) => !isGone),
    );
    if (room.members.size > PRESENCE_MEMBERS_MAX) {
      this.#large.set(room, { people, until: clock.now() + LARGE_SORTED_EVERY_MS });
    }
    return people;
  }
}

function kindsOf({ files, kinds }: RequestOf<"history">): ReadonlySet<RecordKind> {
  if (kinds?.includes(EVERY_KIND) === true) return RECORD_KINDS;
  const readable = files === true ? (["file"] as const) : READ_KINDS;
  return new Set([...readable].filter((kind) => kinds?.includes(kind) ?? true));
}

interface Entry {
  readonly account: Account;
  readonly key: string;
}

/** Index of the first name after this one. */
function indexBehind(people: readonly Entry[], name: string): number {
  let [low, high] = [0, people.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((people[middle]?.key ?? "") > name) high = middle;
    else low = middle + 1;
  }
  return low;
}

function byName(people: readonly Account[]): Entry[] {
  const entries = people.map((account) => ({ account, key: foldName(account.name) }));
  return entries.sort((one, other) => (one.key < other.key ? -1 : 1));
}
