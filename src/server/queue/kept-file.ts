/** Small files of the data folder that are written whole, some time after a change. */

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
  /** Milliseconds from a change until it is written. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly warn: (fault: Fault) => void;
  /** Consequence of an unreadable file, for the warning. */
  readonly lost: string;
  readonly format: () => string;
  /** @returns false if the text is invalid */
  readonly parse: (text: string) => boolean;
}

/** At most one hundredth of the event loop's time is spent on encoding. */
const REST_PER_WORK = 100;

/** Written some time after a change, or on request. */
export class KeptFile {
  readonly #place: KeptFilePlace | undefined;
  readonly #options: KeptFileOptions;
  #cancel: (() => void) | undefined;
  #isDirty = false;
  /** Milliseconds of the event loop that the last encoding took. */
  #tookMs = 0;
  #hasFailed = false;
  readonly #mutex = new Mutex();

  /** @param place `undefined` for memory only */
  constructor(place: KeptFilePlace | undefined, options: KeptFileOptions) {
    this.#place = place;
    this.#options = options;
  }

  get #path(): string {
    return `${this.#place?.folder}/${this.#options.name}`;
  }

  /** Loads the file; an unreadable file is a warning. */
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

  /** Resolves when the current content is durable. @throws Fault store-… */
  sync(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    return this.#mutex.run(() => this.#write());
  }

  /** Writes pending changes to disk. */
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
      this.#isDirty = true; // Retried with the next change.
      throw error;
    }
  }
}
