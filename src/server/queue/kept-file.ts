import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { Clock } from "../../io/clock.ts";
import type { Disk } from "../../io/disk/disk.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import { readWholeFile, writeWholeFile } from "../../io/disk/whole-file.ts";

export interface KeptFilePlace {
  readonly disk: Disk;
  readonly folder: string;
}

export interface KeptFileOptions {
  readonly name: string;
  readonly sizeBytesMax: number;
  /** From a change until it is written. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly warn: (fault: Fault) => void;
  /** What it means that it cannot be read. */
  readonly lost: string;
  readonly format: () => string;
  /** @returns false if it is not what was written */
  readonly parse: (text: string) => boolean;
}

/** A large server spends at most one hundredth of its time on this. */
const REST_PER_WORK = 100;

/** A small file of the data folder: written whole a while after it changed, or when asked. */
export class KeptFile {
  readonly #place: KeptFilePlace | undefined;
  readonly #options: KeptFileOptions;
  #cancel: (() => void) | undefined;
  #isDirty = false;
  /** What making the last text took of the event loop. */
  #tookMs = 0;
  #hasFailed = false;
  readonly #mutex = new Mutex();

  /** @param place undefined: it is in memory alone */
  constructor(place: KeptFilePlace | undefined, options: KeptFileOptions) {
    this.#place = place;
    this.#options = options;
  }

  get #path(): string {
    return `${this.#place?.folder}/${this.#options.name}`;
  }

  /** Starts with what is kept; what cannot be read is a warning. */
  open(): void {
    if (this.#place === undefined) return;
    const { sizeBytesMax, parse } = this.#options;
    try {
      const bytes = readWholeFile(this.#place.disk, this.#path, sizeBytesMax);
      if (bytes === undefined || parse(utf8Decode(bytes))) return;
      this.#warnOf(new Fault("log-corrupt", "it is not what was written"));
    } catch (error) {
      this.#warnOf(error);
    }
  }

  #warnOf(cause: unknown): void {
    if (!(cause instanceof Error)) throw cause;
    const { warn, lost } = this.#options;
    warn(new Fault("data-foreign", msg`${this.#path} cannot be read; ${lost}`, { cause }));
  }

  /** It has changed. */
  touch(): void {
    this.#isDirty = true;
    if (this.#place === undefined) return;
    const { clock, everyMs } = this.#options;
    const restMs = Math.max(everyMs, this.#tookMs * REST_PER_WORK);
    this.#cancel ??= clock.after(restMs, () => {
      this.#cancel = undefined;
      void this.#writeOrWarn();
    });
  }

  /** Resolves when what has changed by now is on the disk. @throws Fault store-… */
  sync(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    return this.#mutex.run(() => this.#write());
  }

  /** Writes what is not on the disk yet. */
  close(): Promise<void> {
    return this.#writeOrWarn();
  }

  async #writeOrWarn(): Promise<void> {
    try {
      await this.sync();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!this.#hasFailed) this.#options.warn(error);
      this.#hasFailed = true;
    }
  }

  async #write(): Promise<void> {
    if (!this.#isDirty || this.#place === undefined) return;
    this.#isDirty = false;
    const { disk, folder } = this.#place;
    const { clock, format } = this.#options;
    const startedAt = clock.now();
    const bytes = utf8Encode(format());
    this.#tookMs = clock.now() - startedAt;
    try {
      await writeWholeFile(disk, this.#path, bytes, folder);
      this.#hasFailed = false;
    } catch (error) {
      this.#isDirty = true; // The next change tries again.
      throw error;
    }
  }
}
