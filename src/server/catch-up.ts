import { assert } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import {
  CATCH_UP_BYTES_MAX,
  CATCH_UP_RECORDS_MAX,
  FIRST_RECORDS,
  LINKS_MAX,
  PAGE_BYTES_MAX,
  PAGES_READ_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../base/limits.ts";
import { moderates } from "../core/moderate.ts";
import type { Registry } from "../core/registry.ts";
import type { Room } from "../core/room.ts";
import type { Archive, Page, PageQuery } from "../io/log.ts";
import type { LogRecord } from "../wire/record.ts";
import { type FanOut, roomEntry, wireRecord } from "./fan-out.ts";
import type { Peer } from "./peer.ts";
import type { Reading } from "./reading.ts";
import { WorkQueue } from "./work-queue.ts";

/** What a device has not seen of a room yet. */
interface Unseen {
  readonly records: readonly LogRecord[];
  /** `n` of the first of them, or of the next that there will be. */
  readonly n: number;
  /** Unseen records before these. */
  readonly skipped: number;
  /** Seq of the room's last record at the time of asking. */
  readonly upTo: number;
}

/**
 * Brings one reader up to the present of a room: first what it missed, then, in the tick in which
 * nothing is missing any more, the room's topic. So nothing is lost or doubled in between.
 */
export class CatchUp {
  readonly #archive: Archive;
  readonly #registry: Registry;
  readonly #fanOut: FanOut;
  readonly #marks: Pick<Reading, "upTo">;
  readonly #reading = new WorkQueue(PAGES_READ_MAX, LINKS_MAX);

  constructor(archive: Archive, registry: Registry, fanOut: FanOut, marks: Pick<Reading, "upTo">) {
    this.#archive = archive;
    this.#registry = registry;
    this.#fanOut = fanOut;
    this.#marks = marks;
  }

  /**
   * At log-in: until `caught-up` the device believes nothing to be complete.
   * @param after seq up to which the device has seen everything; undefined: it was never here
   */
  async resume(peer: Peer, room: Room, after: number | undefined): Promise<void> {
    await this.#guarded(peer, room, async (run) => {
      const unseen = await this.#unseen(room, after);
      if (!peer.isCatchingUp(room.id, run)) return;
      this.#tell(peer, room, unseen);
      await this.#send(peer, room, run, unseen);
    });
  }

  /**
   * The account has just come into this room, on a device to which other rooms go on: it must know
   * at once that older records follow, or it would take itself to have seen all up to theirs.
   */
  async meet(peer: Peer, room: Room): Promise<void> {
    await this.#guarded(peer, room, async (run) => {
      const n = Math.max(1, room.lastN - FIRST_RECORDS + 1);
      this.#tell(peer, room, { n, skipped: 0, behind: true });
      const unseen = await this.#unseen(room, undefined);
      if (!peer.isCatchingUp(room.id, run)) return;
      if (unseen.n > n) {
        this.#tell(peer, room, { n: unseen.n, skipped: unseen.n - n, behind: true });
      }
      await this.#send(peer, room, run, unseen);
      if (!peer.following.has(room.id)) return;
      this.#fanOut.flush(); // What is gathered since then comes before what says that all is there.
      this.#tell(peer, room, { n: room.lastN + 1, skipped: 0 });
    });
  }

  /** What the reader may do in a room has changed: the room is told again, in its place. */
  again(peer: Peer, room: Room): void {
    if (!peer.following.has(room.id)) return; // It is told anyway.
    this.#fanOut.flush();
    this.#tell(peer, room, { n: room.lastN + 1, skipped: 0 });
  }

  /** A device that cannot be brought up to date is closed: it comes again and resumes. */
  async #guarded(peer: Peer, room: Room, work: (run: symbol) => Promise<void>): Promise<void> {
    const reader = peer.account?.id;
    if (reader === undefined || !room.members.has(reader)) return;
    const run = peer.beginCatchUp(room.id);
    if (run === undefined) return;
    try {
      await work(run);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (peer.isCatchingUp(room.id, run)) peer.close(error);
    }
  }

  #tell(
    peer: Peer,
    room: Room,
    { n, skipped, behind = false }: Pick<Unseen, "n" | "skipped"> & { behind?: boolean },
  ): void {
    const reader = peer.account?.id;
    if (reader === undefined) return;
    const entry = roomEntry(room, reader, this.#registry);
    const read = this.#marks.upTo(reader, room.id);
    const isOperator = this.#registry.rules.isOperator(reader);
    const mayModerate = room.name !== undefined && moderates(room, { user: reader, isOperator });
    peer.tell({
      kind: "room",
      ...entry,
      n,
      skipped,
      read,
      ...(mayModerate ? { moderates: true } : {}),
      ...(behind ? { behind } : {}),
    });
  }

  /** Ends in the tick in which the topic is followed, or when the run is over otherwise. */
  async #send(peer: Peer, room: Room, run: symbol, unseen: Unseen): Promise<void> {
    let { records, upTo: sentSeq } = unseen;
    for (;;) {
      for (const record of records) {
        if (peer.link.queuedBytes() > SEND_QUEUE_LOW_BYTES) await peer.link.drained();
        if (!peer.isCatchingUp(room.id, run)) return;
        peer.tell({ kind: "record", ...wireRecord(record, this.#registry) });
        sentSeq = record.head.seq;
      }
      if (sentSeq >= room.lastSeq) break;
      records = await this.#since(room, sentSeq);
      assert(records.length > 0, "the archive lags behind the log");
      if (!peer.isCatchingUp(room.id, run)) return;
    }
    this.#fanOut.flush(); // What is still gathered was in the archive: it must not come again.
    peer.follow(room.id);
  }

  async #unseen(room: Room, after: number | undefined): Promise<Unseen> {
    const { lastSeq: upTo, lastN } = room; // Now: more may come while the disk is read.
    if (after !== undefined && upTo <= after) {
      return { records: [], n: lastN + 1, skipped: 0, upTo };
    }
    const { records } = await this.#page({
      rooms: new Set([room.id]),
      ...(after === undefined ? {} : { afterSeq: after }),
      beforeSeq: upTo + 1,
      from: "newest",
      limit: after === undefined ? FIRST_RECORDS : CATCH_UP_RECORDS_MAX,
      bytesMax: CATCH_UP_BYTES_MAX,
    });
    const n = records[0]?.head.n;
    assert(n !== undefined, "the archive lags behind the log");
    const skipped = after === undefined ? 0 : n - (await this.#lastNBefore(room, after)) - 1;
    return { records, n, skipped, upTo };
  }

  /** `n` of the room's last record up to `seq`, 0 when there is none. */
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

  #page(query: PageQuery): Promise<Page> {
    return this.#reading.run(() => this.#archive.page(query));
  }
}
