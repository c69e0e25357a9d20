/** Pinned messages of a room. */

import { PAGE_BYTES_MAX } from "../../base/limits.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { checkReads } from "../../core/rooms/targets.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import { roomEntry, wireRecord } from "./broadcast.ts";
import type { HistoryQuota } from "./history-quota.ts";
import type { RecordLookup } from "./record-lookup.ts";

interface PinsOptions extends ServerContext {
  readonly recordLookup: RecordLookup;
  readonly historyQuota: HistoryQuota;
}

export class Pins {
  readonly #options: PinsOptions;

  constructor(options: PinsOptions) {
    this.#options = options;
  }

  /** @throws Fault room-unknown, user-unknown, not-member, history-limit, too-many, store-… */
  async page(account: Account, { target, before }: RequestOf<"pins">): Promise<Answer<"pins">> {
    const { registry, targets, historyQuota } = this.#options;
    const { room } = targets.resolve(account.id, target);
    if (room === undefined) return { records: [], rooms: [], more: false };
    checkReads(room, account.id);
    historyQuota.check(account.id);
    const seqs = room.pins.filter((seq) => seq < (before ?? Number.POSITIVE_INFINITY));
    const records: LogRecord[] = [];
    let bytes = 0;
    let more = false;
    for (const seq of seqs.sort((one, other) => other - one)) {
      const found = await this.#message(account, seq);
      bytes += found.reduce((sum, one) => sum + (one.bodyBytes?.length ?? 0), 0);
      more = records.length > 0 && bytes > PAGE_BYTES_MAX;
      if (more) break;
      records.push(...found);
    }
    historyQuota.count(account.id, records);
    checkReads(room, account.id); // The account may have left while the disk was read.
    return {
      records: records
        .sort((one, other) => one.head.seq - other.head.seq)
        .map((record) => wireRecord(record, registry)),
      rooms: [roomEntry(room, account.id, registry)],
      more,
    };
  }

  /** The original message and its latest edit. */
  async #message({ id }: Account, seq: number): Promise<readonly LogRecord[]> {
    const { rooms, recordLookup } = this.#options;
    const edit = rooms.editsOf(seq).at(-1);
    const wanted = edit === undefined ? [seq] : [seq, edit];
    const found = await Promise.all(wanted.map((one) => recordLookup.find(id, one)));
    return found.filter((record) => record !== undefined);
  }
}
