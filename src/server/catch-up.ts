import { assert } from "../base/assert.ts";
import {
  CATCH_UP_BYTES_MAX,
  CATCH_UP_RECORDS_MAX,
  FIRST_RECORDS,
  PAGE_BYTES_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../base/limits.ts";
import type { Registry } from "../core/registry.ts";
import type { Room } from "../core/room.ts";
import type { Archive } from "../io/log.ts";
import type { LogRecord } from "../wire/record.ts";
import { roomEntry, wireRecord } from "./fan-out.ts";
import type { Peer } from "./peer.ts";

/** What a device has not seen of a room yet. */
export interface Unseen {
  readonly records: readonly LogRecord[];
  /** Unseen records before these. */
  readonly skipped: number;
}

/**
 * Brings one reader up to the present of a room: first what it missed, then, in the tick in which
 * nothing is missing any more, the room's topic. So nothing is lost or doubled in between.
 */
export class CatchUp {
  readonly #archive: Archive;
  readonly #registry: Registry;

  constructor(archive: Archive, registry: Registry) {
    this.#archive = archive;
    this.#registry = registry;
  }

  /** @param after seq up to which the device has seen everything; undefined: it meets the room now */
  async run(peer: Peer, room: Room, after: number | undefined): Promise<void> {
    const era = peer.era;
    const reader = peer.account?.id;
    if (reader === undefined) return;
    const isMember = () => !peer.isClosed && peer.era === era && room.members.has(reader);
    if (peer.following.has(room.id) || !isMember()) return;
    const unseen = await this.#unseen(room, after);
    if (peer.following.has(room.id) || !isMember()) return;
    const first = unseen.records[0];
    const n = first?.head.n ?? room.lastN + 1;
    peer.tell({
      kind: "room",
      ...roomEntry(room, reader, this.#registry),
      n,
      skipped: unseen.skipped,
    });
    let sentSeq = first === undefined ? room.lastSeq : 0;
    let records = unseen.records;
    for (;;) {
      for (const record of records) {
        if (peer.link.queuedBytes() > SEND_QUEUE_LOW_BYTES) await peer.link.drained();
        if (!isMember()) return;
        peer.tell({ kind: "record", ...wireRecord(record, this.#registry) });
        sentSeq = record.head.seq;
      }
      if (sentSeq >= room.lastSeq) break;
      records = await this.#since(room, sentSeq);
      assert(records.length > 0, "the archive lags behind the log");
      if (!isMember()) return;
    }
    peer.follow(room.id);
  }

  async #unseen(room: Room, after: number | undefined): Promise<Unseen> {
    if (after !== undefined && room.lastSeq <= after) return { records: [], skipped: 0 };
    const { records } = await this.#archive.page({
      rooms: new Set([room.id]),
      ...(after === undefined ? {} : { afterSeq: after }),
      from: "newest",
      limit: after === undefined ? FIRST_RECORDS : CATCH_UP_RECORDS_MAX,
      bytesMax: CATCH_UP_BYTES_MAX,
    });
    const first = records[0];
    if (after === undefined || first === undefined) return { records, skipped: 0 };
    return { records, skipped: first.head.n - (await this.#lastNBefore(room, after)) - 1 };
  }

  /** `n` of the room's last record up to `seq`, 0 when there is none. */
  async #lastNBefore(room: Room, seq: number): Promise<number> {
    const { records } = await this.#archive.page({
      rooms: new Set([room.id]),
      beforeSeq: seq + 1,
      from: "newest",
      limit: 1,
      bytesMax: PAGE_BYTES_MAX,
    });
    return records[0]?.head.n ?? 0;
  }

  async #since(room: Room, seq: number): Promise<readonly LogRecord[]> {
    const { records } = await this.#archive.page({
      rooms: new Set([room.id]),
      afterSeq: seq,
      from: "oldest",
      limit: CATCH_UP_RECORDS_MAX,
      bytesMax: PAGE_BYTES_MAX,
    });
    return records;
  }
}
