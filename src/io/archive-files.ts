import { join } from "node:path";
import type { Disk, DiskFile } from "./disk.ts";
import type { Stretch } from "./index-blocks.ts";
import { segmentName } from "./log-segment.ts";

/** Reads under way at once: two threads stay busy with copying while this one searches. */
const READS_AHEAD = 3;

export interface ReadStretch {
  readonly stretch: Stretch;
  /** Valid until the next stretch is asked for. */
  readonly bytes: Buffer;
  /** What the bytes lie in; it is used again. */
  readonly buffer: Buffer;
}

/** The segments that one page looks into, each opened once. */
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

  /** Reads them in the given order, some ahead, so that looking and reading overlap. */
  async *read(stretches: Iterable<Stretch>): AsyncGenerator<ReadStretch> {
    const idle: Buffer[] = [];
    const pending: Promise<ReadStretch>[] = [];
    const begin = (stretch: Stretch): void => {
      const sizeBytes = stretch.to - stretch.from;
      const kept = idle.pop();
      const buffer =
        kept !== undefined && kept.length >= sizeBytes ? kept : Buffer.allocUnsafeSlow(sizeBytes);
      pending.push(this.#fill(stretch, buffer));
    };
    try {
      // One at first, for most pages are full after that.
      let ahead = 1;
      for (const stretch of stretches) {
        begin(stretch);
        if (pending.length <= ahead) continue;
        ahead = Math.min(ahead + 1, READS_AHEAD);
        yield* this.#oldest(pending, idle);
      }
      while (pending.length > 0) yield* this.#oldest(pending, idle);
    } finally {
      // Nobody may close the files under a read that is still under way.
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

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }

  async #fill(stretch: Stretch, buffer: Buffer): Promise<ReadStretch> {
    const into = buffer.subarray(0, stretch.to - stretch.from);
    const got = await this.file(stretch.firstSeq).readLater(into, stretch.from);
    return { stretch, bytes: into.subarray(0, got), buffer };
  }
}
