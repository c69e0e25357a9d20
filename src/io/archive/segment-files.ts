/** Reads byte ranges of segments. */

import { join } from "node:path";
import type { Disk, DiskFile, DiskSearch } from "../disk/disk.ts";
import type { LineQuery, LineSpans } from "../disk/line-matcher.ts";
import { segmentName } from "../log/segment.ts";
import type { Stretch } from "./block-index.ts";

/** Stretches per search task: 2 ms of work for a word, a second for the worst text. */
const WAVE_STRETCHES = 24;

/** Concurrent reads: two threads copy while this one searches. */
const READS_AHEAD = 3;

export interface FoundStretch extends Stretch {
  /** Lines that may match; `undefined` if the stretch was not searched yet. */
  readonly lines?: LineSpans;
}

export interface ReadStretch {
  readonly stretch: FoundStretch;
  /** Valid until the next stretch is requested. */
  readonly bytes: Buffer;
  /** Buffer that holds the bytes; it is reused. */
  readonly buffer: Buffer;
}

export class SegmentFiles {
  readonly #disk: Disk;
  readonly #folder: string;
  /** Bounded by the number of segments. */
  readonly #open = new Map<number, DiskFile>();

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  pathOf(firstSeq: number): string {
    return join(this.#folder, segmentName(firstSeq));
  }

  file(firstSeq: number): DiskFile {
    const known = this.#open.get(firstSeq);
    if (known !== undefined) return known;
    const file = this.#disk.open(this.pathOf(firstSeq), "read");
    this.#open.set(firstSeq, file);
    return file;
  }

  /** Reads the stretches in the given order, some ahead, so that reading and searching overlap. */
  async *read(stretches: Iterable<FoundStretch>): AsyncGenerator<ReadStretch> {
    const idle: Buffer[] = [];
    const pending: Promise<ReadStretch>[] = [];
    const begin = (stretch: FoundStretch): void => {
      const sizeBytes = stretch.to - stretch.from;
      const kept = idle.pop();
      const buffer =
        kept !== undefined && kept.length >= sizeBytes ? kept : Buffer.allocUnsafeSlow(sizeBytes);
      const filled = this.#fill(stretch, buffer);
      filled.catch(() => {}); // The caller that awaits it gets the error.
      pending.push(filled);
    };
    try {
      // Read one at first: most pages are full after it.
      let ahead = 1;
      for (const stretch of stretches) {
        begin(stretch);
        if (pending.length <= ahead) continue;
        ahead = Math.min(ahead + 1, READS_AHEAD);
        yield* this.#oldest(pending, idle);
      }
      while (pending.length > 0) yield* this.#oldest(pending, idle);
    } finally {
      // Do not close files while a read is in flight.
      await Promise.allSettled(pending);
    }
  }

  async *#oldest(pending: Promise<ReadStretch>[], idle: Buffer[]): AsyncGenerator<ReadStretch> {
    const ready = await pending[0];
    pending.shift();
    if (ready === undefined) return;
    yield ready;
    idle.push(ready.buffer);
  }

  /** Removes the stretches in which search threads found nothing, keeping the order. */
  async *sift(
    stretches: readonly Stretch[],
    query: LineQuery,
    search: DiskSearch,
  ): AsyncGenerator<FoundStretch> {
    const waves: Promise<FoundStretch[]>[] = [];
    for (let start = 0; start < stretches.length || waves.length > 0; ) {
      // Two waves per thread: one running, one queued.
      while (start < stretches.length && waves.length < 2 * search.width) {
        waves.push(this.#wave(stretches.slice(start, start + WAVE_STRETCHES), query, search));
        start += WAVE_STRETCHES;
      }
      yield* (await waves.shift()) ?? [];
    }
  }

  async #wave(
    stretches: readonly Stretch[],
    query: LineQuery,
    search: DiskSearch,
  ): Promise<FoundStretch[]> {
    const places = stretches.map(({ firstSeq, from, to }) => ({
      path: this.pathOf(firstSeq),
      from,
      to,
    }));
    const found = await search.search(places, query);
    return stretches.flatMap((stretch, index) => foundIn(stretch, found[index]));
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }

  async #fill(stretch: FoundStretch, buffer: Buffer): Promise<ReadStretch> {
    const into = buffer.subarray(0, stretch.to - stretch.from);
    const got = await this.file(stretch.firstSeq).readLater(into, stretch.from);
    return { stretch, bytes: into.subarray(0, got), buffer };
  }
}

/** The part of the stretch that contains all found lines. */
function foundIn(stretch: Stretch, lines: LineSpans | undefined): FoundStretch[] {
  if (lines === undefined) return [stretch];
  const [first] = lines.starts;
  const last = lines.ends.at(-1);
  if (first === undefined || last === undefined) return [];
  const within = {
    starts: lines.starts.map((start) => start - first),
    ends: lines.ends.map((end) => end - first),
  };
  return [{ ...stretch, from: stretch.from + first, to: stretch.from + last + 1, lines: within }];
}
