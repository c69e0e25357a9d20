import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { READ_POSITIONS_BYTES_MAX, READ_POSITIONS_KEPT_EVERY_MS } from "../../base/limits.ts";
import { ReadPositions } from "../../core/rooms/read-positions.ts";
import type { Clock } from "../../io/clock.ts";
import type { Disk } from "../../io/disk/disk.ts";
import { readWholeFile, writeWholeFile } from "../../io/disk/whole-file.ts";

/** Where read positions are kept; left out: only in memory. */
export interface ReadPositionFile {
  readonly disk: Disk;
  readonly folder: string;
}

/** A large server spends at most one hundredth of its time on this. */
const REST_PER_WORK = 100;

/**
 * Read positions in `marks.json`, written a while after they moved. They are a convenience: what a
 * crash or a damaged file loses is only counted as unread again.
 */
export class ReadPositionStore {
  readonly #place: ReadPositionFile | undefined;
  readonly #clock: Clock;
  readonly #warn: (fault: Fault) => void;
  #positions = new ReadPositions();
  #cancel: (() => void) | undefined;
  #isDirty = false;
  /** What making the last text took of the event loop. */
  #tookMs = 0;
  #hasFailed = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(place: ReadPositionFile | undefined, clock: Clock, warn: (fault: Fault) => void) {
    this.#place = place;
    this.#clock = clock;
    this.#warn = warn;
  }

  get #path(): string {
    return `${this.#place?.folder}/marks.json`;
  }

  get positions(): ReadPositions {
    return this.#positions;
  }

  /** Starts with what is kept; what cannot be read is a warning. */
  open(): void {
    if (this.#place === undefined) return;
    try {
      const bytes = readWholeFile(this.#place.disk, this.#path, READ_POSITIONS_BYTES_MAX);
      if (bytes === undefined) return;
      const kept = ReadPositions.parse(utf8Decode(bytes));
      if (kept !== undefined) this.#positions = kept;
      else this.#warnOf(new Fault("log-corrupt", "it is not what was written"));
    } catch (error) {
      this.#warnOf(error);
    }
  }

  #warnOf(cause: unknown): void {
    if (!(cause instanceof Error)) throw cause;
    const sentence = `${this.#path} cannot be read; what was read counts as unread again`;
    this.#warn(new Fault("data-foreign", sentence, { cause }));
  }

  /** They have changed. */
  touch(): void {
    this.#isDirty = true;
    if (this.#place === undefined) return;
    const restMs = Math.max(READ_POSITIONS_KEPT_EVERY_MS, this.#tookMs * REST_PER_WORK);
    this.#cancel ??= this.#clock.after(restMs, () => {
      this.#cancel = undefined;
      void this.#write();
    });
  }

  /** Writes what is not on the disk yet. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#write();
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeNow());
    return this.#writing;
  }

  async #writeNow(): Promise<void> {
    if (!this.#isDirty || this.#place === undefined) return;
    this.#isDirty = false;
    const { disk, folder } = this.#place;
    const startedAt = this.#clock.now();
    const bytes = utf8Encode(this.#positions.format());
    this.#tookMs = this.#clock.now() - startedAt;
    try {
      await writeWholeFile(disk, this.#path, bytes, folder);
      this.#hasFailed = false;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#isDirty = true; // The next change tries again.
      if (!this.#hasFailed) this.#warn(error);
      this.#hasFailed = true;
    }
  }
}
