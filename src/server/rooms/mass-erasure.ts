/** Bulk erasure of records, either of an account or under a room's retention. */

import { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { ERASED_PER_ORDER_MAX, PAGE_BYTES_MAX, PAGE_READS_QUEUED_MAX } from "../../base/limits.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { isPermanent, type RoomAction } from "../../core/rooms/moderation.ts";
import type { PageQuery, RecordPage } from "../../io/log/log.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { kindsWith } from "../../wire/kinds.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";

type ErasureBatch = Omit<Extract<RoomAction, { kind: "erase-many" }>, "kind">;

const AUTHORED_KINDS = kindsWith("authored");
/** Also the other records with a text of the account. */
const KINDS_OF_ACCOUNT = AUTHORED_KINDS.union(kindsWith("erasable"));
const QUEUED_REQUESTS_MAX = 8;

export interface ErasureProgress {
  readonly erased: number;
  readonly last: number | undefined;
  readonly more: boolean;
}

/**
 * Each step is small enough not to delay other requests. An erasure can be repeated, because erased
 * records are skipped.
 */
export class MassErasure {
  readonly #queue = new TaskQueue({ waiting: QUEUED_REQUESTS_MAX });
  readonly #reading;

  constructor(private readonly options: ServerContext) {
    this.#reading = new TaskQueue({
      running: Number.POSITIVE_INFINITY,
      waiting: PAGE_READS_QUEUED_MAX,
      slots: options.pageReads,
    });
  }

  ofAccount(by: UserId, { id }: Account, after: number): Promise<ErasureProgress> {
    return this.#queue.runFor(id, () => this.#eraseNext(by, { by: id, afterSeq: after }));
  }

  ofRoom(
    by: UserId,
    room: RoomId,
    until: Pick<PageQuery, "untilMs" | "beforeSeq">,
    after: number,
  ): Promise<ErasureProgress> {
    const query = { rooms: new Set([room]), ...until, afterSeq: after };
    return this.#queue.runFor(room, () => this.#eraseNext(by, query, { isRetention: true }));
  }

  async #eraseNext(
    by: UserId,
    query: Partial<PageQuery>,
    reason: { readonly isRetention?: true } = {},
  ): Promise<ErasureProgress> {
    const limits = { limit: ERASED_PER_ORDER_MAX, bytesMax: PAGE_BYTES_MAX };
    const kinds = reason.isRetention === true ? AUTHORED_KINDS : KINDS_OF_ACCOUNT;
    const page = await this.#reading.run(() =>
      this.options.archive.page({ ...query, ...limits, kinds, from: "oldest" }),
    );
    let erased = 0;
    for (const [room, seqs] of this.#unerased(page)) {
      if (await this.#erase(by, { room, seqs, ...reason })) erased += seqs.length;
    }
    return { erased, last: page.records.at(-1)?.head.seq, more: page.more };
  }

  #unerased({ records }: RecordPage): Map<RoomId, number[]> {
    const byRoom = new Map<RoomId, number[]>();
    for (const record of records) {
      const { head } = record;
      if (record.erased !== undefined || !this.#hasText(record)) continue;
      const room = head.room as RoomId;
      const seqs = byRoom.get(room);
      if (seqs === undefined) byRoom.set(room, [head.seq]);
      else seqs.push(head.seq);
    }
    return byRoom;
  }

  #hasText(record: LogRecord): boolean {
    const { kind, room: id } = record.head;
    const room = this.options.rooms.get(id as RoomId);
    if (room === undefined || kind === "rename" || isPermanent(room, record)) return false;
    return kind !== "leave" || bodyOf(record, kind)?.reason !== undefined;
  }

  async #erase(by: UserId, batch: ErasureBatch): Promise<boolean> {
    const act = { kind: "erase-many", ...batch } as const;
    try {
      await this.options.kernel.request(by, { kind: "act", isOperator: true, action: act });
      return true;
    } catch (error) {
      if (error instanceof Fault && error.code === "not-found") return false;
      throw error;
    }
  }
}
