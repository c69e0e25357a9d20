/** Room preferences, saved messages and followed threads of an account. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { FOLLOWS_MAX, PREFS_BURST, PREFS_PER_SECOND } from "../../base/limits.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import {
  type CountedFollow,
  EVERYWHERE,
  type Follow,
  lostPrefsDrafts,
  type PrefsChange,
  prefsChangeOf,
  prefsDrafts,
  prefsEraseDraft,
} from "../../core/rooms/prefs.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { countReplies, type Thread, threadsWith } from "../../core/rooms/threads.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { bodyOf, type LogRecord, parseBody } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";

/** Maximum number of records that a server adds between a `fork` record and the first request. */
const OWN_RECORDS_MAX = 16;

export class PrefsService {
  readonly #rates = new TokenBuckets(PREFS_PER_SECOND, PREFS_BURST);
  /** Serialises changes, because each change depends on earlier changes. */
  readonly #changes = new TaskQueue();

  constructor(private readonly options: ServerContext) {}

  readonly handlers = {
    prefs: (_, { account }) => ({
      rooms: [...(account.prefs?.rooms ?? [])].map(([room, settings]) => ({ room, ...settings })),
      saved: [...(account.prefs?.saved ?? [])].map(([seq, room]) => ({ room, seq })),
      follows: this.followsOf(account),
    }),
    "prefs-set": async (request, { account }) => {
      const room = request.room as RoomId;
      const { muted, favourite, hidden, unread, notify } = request;
      const { status, statusUntil, keywords, unreadFirst } = request;
      const own = room === EVERYWHERE ? { status, statusUntil, keywords, unreadFirst } : {};
      const prefs = { muted, favourite, hidden, unread, notify, ...own };
      if (Object.values(prefs).some((value) => value !== undefined && value !== false)) {
        this.#checkReads(account, room);
      }
      await this.#record(account, { kind: "prefs-set", room, prefs });
    },
    save: async ({ room: id, seq, on }, { account }) => {
      const room = id as RoomId;
      if (on) this.#checkReads(account, room, seq);
      await this.#record(account, { kind: "save", room, seq, on });
    },
    follow: async ({ room: id, seq, on, read }, { account }) => {
      const room = id as RoomId;
      if (on) this.#checkReads(account, room, Math.max(seq, read));
      await this.#record(account, { kind: "follow", room, seq, on, read });
    },
  } satisfies SomeHandlers;

  /** Drops what refers to lost records, before other records get their numbers. */
  async start(): Promise<void> {
    const { rooms, registry, sequencer, kernel } = this.options;
    if (sequencer.isShared) return;
    const endOf = (room: RoomId) => rooms.endOf(room);
    const draftsOf = ({ id, prefs }: Account, end: number) =>
      prefs === undefined ? [] : lostPrefsDrafts(id, prefs, { end, endOf });
    const candidates = [...registry.all()].filter(
      (account) => draftsOf(account, rooms.head - OWN_RECORDS_MAX).length > 0,
    );
    if (candidates.length === 0) return;
    const end = await this.#keptEnd();
    for (const account of candidates) {
      const decide = () => draftsOf(account, end);
      if (decide().length > 0) await kernel.transact(decide);
    }
  }

  /**
   * Returns the seq of the newest record that is not the server's own after a loss. A `fork` record
   * follows the records that remain.
   */
  async #keptEnd(): Promise<number> {
    const { history, rooms } = this.options;
    let end = rooms.head;
    for await (const { head } of history.read(Math.max(1, rooms.head - OWN_RECORDS_MAX))) {
      if (head.kind === "fork") end = Math.min(end, head.seq - 1);
      else if (head.by !== "server") end = rooms.head;
    }
    return end;
  }

  onAccountRecord(record: LogRecord): void {
    if (record.head.kind === "ignore") this.#recount(record);
    if (record.head.kind !== "prefs") return;
    const change = prefsChangeOf(parseBody(record) ?? {});
    if (change === undefined) return;
    const { room } = change;
    const user = record.head.room as UserId;
    const account = this.options.registry.get(user);
    const notice =
      change.kind === "prefs-set"
        ? { kind: change.kind, room, ...change.prefs }
        : change.kind === "follow" && account !== undefined
          ? { ...change, ...this.#counted(account, change.seq, change) }
          : change;
    for (const client of this.options.peers.of(user)) client.notify(notice);
  }

  /** A client cannot know who wrote the replies that it has not loaded. */
  #recount(record: LogRecord): void {
    const account = this.options.registry.get(record.head.room as UserId);
    const author = bodyOf(record, "ignore")?.user;
    const peers = account === undefined ? [] : this.options.peers.of(account.id);
    if (account === undefined || peers.length === 0) return;
    for (const follow of this.followsOf(account)) {
      const { replies = [] } = this.options.rooms.get(follow.room)?.threads.get(follow.seq) ?? {};
      if (!replies.some(([seq, by]) => by === author && seq > follow.read)) continue;
      for (const client of peers) client.notify({ kind: "follow", ...follow });
    }
  }

  /** A client cannot know whether an erased reply that it has not loaded was unread. */
  onRecord(room: Room, record: LogRecord): void {
    const { seq: erasure, threads } = room.lostReplies ?? {};
    if (record.head.kind !== "erase" || erasure !== record.head.seq || threads?.size === 0) return;
    const erased = new Set(erasuresOf(record));
    for (const user of room.members) {
      const peers = this.options.peers.of(user);
      const account = peers.length === 0 ? undefined : this.options.registry.get(user);
      if (account === undefined) continue;
      for (const [seq, thread] of threads ?? []) {
        const left = room.threads.get(seq) ?? { ...thread, replies: [] };
        const follow = followOf(account, room.id, seq, left);
        const isUnread = ([reply, by]: readonly [number, UserId]) =>
          by !== user && erased.has(reply) && reply > (follow?.read ?? 0);
        if (follow?.on !== true || !thread.replies.some(isUnread)) continue;
        const notice = { kind: "follow", seq, ...this.#counted(account, seq, follow) } as const;
        for (const client of peers) client.notify(notice);
      }
    }
  }

  /**
   * Returns the threads that the account follows or has unfollowed, and those that its clients have
   * not begun to follow, because the replies came while none was connected.
   */
  followsOf(account: Account): (CountedFollow & { readonly seq: number })[] {
    const { rooms } = this.options;
    const known = account.prefs?.follows ?? new Map<number, Follow>();
    const others = [...rooms.roomsOf(account.id)].flatMap(({ id: room, threads }) =>
      [...threadsWith(threads, account.id)]
        .filter(([seq]) => !known.has(seq))
        .map(([seq, read]) => [seq, { room, on: true, read }] as const),
    );
    const fitting = Math.max(0, FOLLOWS_MAX - known.size);
    const newest = others.sort(([a], [b]) => b - a).slice(0, fitting);
    return [...newest.reverse(), ...known].map(([seq, follow]) => ({
      seq,
      ...this.#counted(account, seq, follow),
    }));
  }

  #counted(account: Account, seq: number, { room: id, on, read }: Follow): CountedFollow {
    const room = this.options.rooms.get(id);
    const follow = { room: id, on, read };
    if (room?.members.has(account.id) !== true || room.isSealed === true) return follow;
    return { ...follow, ...countReplies(room.threads, seq, read, account) };
  }

  #record(account: Account, change: PrefsChange): Promise<void> {
    const message = "too many changes of settings";
    this.#rates.check(account.id, this.options.clock.now(), "too-many", message);
    return this.#changes.runFor(account, () => this.#recordNow(account, change));
  }

  async #recordNow(account: Account, change: PrefsChange): Promise<void> {
    const { kernel, sequencer } = this.options;
    const { id } = account;
    const decide = () => (account.isRemoved ? [] : prefsDrafts(id, change, account.prefs));
    if (decide().length === 0 && !(await sequencer.waitUntilCurrent())) {
      const message = "this server has not caught up with its cluster";
      throw new Fault("no-majority", message, { retryAfterMs: 1_000 });
    }
    const record = await kernel.transact(decide);
    if (record === undefined) return;
    // The account was removed during the write, so its removal did not erase this record.
    if (!account.isRemoved || record.head.kind !== "prefs") return;
    await kernel.transact(() => [prefsEraseDraft(id, [record.head.seq])]);
  }

  #checkReads({ id }: Account, room: RoomId, seq = 0): void {
    const { rooms } = this.options;
    if (room === EVERYWHERE && seq === 0) return;
    if (rooms.get(room)?.members.has(id) === true && seq <= rooms.head) return;
    throw new Fault("not-member", msg`you are not a member of this room`);
  }
}

/** Returns what the account follows of the thread, also if its clients have not begun to. */
function followOf(
  { id, prefs }: Account,
  room: RoomId,
  root: number,
  thread: Thread,
): Follow | undefined {
  const known = prefs?.follows?.get(root);
  if (known !== undefined) return known;
  const [implied] = threadsWith(new Map([[root, thread]]), id);
  return implied && { room, on: true, read: implied[1] };
}
