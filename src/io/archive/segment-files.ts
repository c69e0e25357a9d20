/** Reads byte ranges from segment files. */

import { join } from "node:path";
import type { Disk, DiskFile, DiskSearch, LineQuery, LineSpans } from "../disk/disk.ts";
import { segmentName } from "../log/segment.ts";
import type { ByteRange } from "./block-index.ts";

const WAVE_RANGES = 24;

const CONCURRENT_READS_MAX = 3;

export interface SearchedRange extends ByteRange {
  readonly lines?: LineSpans;
}

export interface ReadRange {
  readonly range: SearchedRange;
  readonly bytes: Buffer;
  readonly buffer: Buffer;
}

export class SegmentFiles {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #open = new Map<number, DiskFile>();

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  pathOf(firstSeq: number): string {
    return join(this.#folder, segmentName(firstSeq));
  }

  file(firstSeq: number): DiskFile {
    const openFile = this.#open.get(firstSeq);
    if (openFile !== undefined) return openFile;
    const file = this.#disk.open(this.pathOf(firstSeq), "read");
    this.#open.set(firstSeq, file);
    return file;
  }

  async *read(ranges: Iterable<SearchedRange>): AsyncGenerator<ReadRange> {
    const idle: Buffer[] = [];
    const pending: Promise<ReadRange>[] = [];
    const begin = (range: SearchedRange): void => {
      const sizeBytes = range.to - range.from;
      const reusable = idle.pop();
      const buffer =
        reusable !== undefined && reusable.length >= sizeBytes
          ? reusable
          : Buffer.allocUnsafeSlow(sizeBytes);
      const filled = this.#fill(range, buffer);
      filled.catch(() => {}); // The caller that awaits the read receives this error.
      pending.push(filled);
    };
    try {
      let readAhead = 1;
      for (const range of ranges) {
        begin(range);
        if (pending.length <= readAhead) continue;
        readAhead = Math.min(readAhead + 1, CONCURRENT_READS_MAX);
        yield* this.#oldest(pending, idle);
      }
      while (pending.length > 0) yield* this.#oldest(pending, idle);
    } finally {
      // Wait, because a file must not be closed during a read.
      await Promise.allSettled(pending);
    }
  }

  async *#oldest(pending: Promise<ReadRange>[], idle: Buffer[]): AsyncGenerator<ReadRange> {
    const ready = await pending[0];
    pending.shift();
    if (ready === undefined) return;
    yield ready;
    idle.push(ready.buffer);
  }

  async *filterBySearch(
    ranges: readonly ByteRange[],
    query: LineQuery,
    search: DiskSearch,
  ): AsyncGenerator<SearchedRange> {
    const waves: Promise<SearchedRange[]>[] = [];
    for (let start = 0; start < ranges.length || waves.length > 0; ) {
      while (start < ranges.length && waves.length < 2 * search.width) {
        waves.push(this.#wave(ranges.slice(start, start + WAVE_RANGES), query, search));
        start += WAVE_RANGES;
      }
      yield* (await waves.shift()) ?? [];
    }
  }

  async #wave(
    ranges: readonly ByteRange[],
    query: LineQuery,
    search: DiskSearch,
  ): Promise<SearchedRange[]> {
    const locations = ranges.map(({ firstSeq, from, to }) => ({
      path: this.pathOf(firstSeq),
      from,
      to,
    }));
    const found = await search.search(locations, query);
    return ranges.flatMap((range, index) => narrowToLines(range, found[index]));
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }

  async #fill(range: SearchedRange, buffer: Buffer): Promise<ReadRange> {
    const into = buffer.subarray(0, range.to - range.from);
    const bytesRead = await this.file(range.firstSeq).readLater(into, range.from);
    return { range, bytes: into.subarray(0, bytesRead), buffer };
  }
}

function narrowToLines(range: ByteRange, lines: LineSpans | undefined): SearchedRange[] {
  if (lines === undefined) return [range];
  const [first] = lines.starts;
  const last = lines.ends.at(-1);
  if (first === undefined || last === undefined) return [];
  const relative = {
    starts: lines.starts.map((start) => start - first),
    ends: lines.ends.map((end) => end - first),
  };
  return [{ ...range, from: range.from + first, to: range.from + last + 1, lines: relative }];
}
