/** Room preferences, saved messages and followed threads of an account. */

import { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { PREFS_BURST, PREFS_PER_SECOND } from "../../base/limits.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import {
  EVERYWHERE,
  lostPrefsDrafts,
  type PrefsChange,
  prefsChangeOf,
  prefsDrafts,
  prefsEraseDraft,
} from "../../core/rooms/prefs.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
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
    prefs: (_, { account: { prefs } }) => ({
      rooms: [...(prefs?.rooms ?? [])].map(([room, settings]) => ({ room, ...settings })),
      saved: [...(prefs?.saved ?? [])].map(([seq, room]) => ({ room, seq })),
      follows: [...(prefs?.follows ?? [])].map(([seq, follow]) => ({ seq, ...follow })),
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
    if (record.head.kind !== "prefs") return;
    const change = prefsChangeOf(parseBody(record) ?? {});
    if (change === undefined) return;
    const { room } = change;
    const notice =
      change.kind === "prefs-set" ? { kind: change.kind, room, ...change.prefs } : change;
    for (const client of this.options.peers.of(record.head.room as UserId)) client.notify(notice);
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
    throw new Fault("not-member", "you are not a member of this room");
  }
}
