/** Small files in the data folder, each written as a whole some time after a change. */

import type * as v from "valibot";
import { utf8Encode } from "../../base/bytes.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { Clock } from "../../io/clock.ts";
import { type Disk, readWholeFile, writeWholeFile } from "../../io/disk/disk.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { parseJson } from "../../wire/field.ts";

export interface StateFileLocation {
  readonly disk: Disk;
  readonly folder: string;
  /** False if the folder was removed or replaced. Nothing is then written to it. */
  readonly isPresent?: () => boolean;
}

export interface StateFileOptions<Schema> {
  readonly name: string;
  readonly sizeBytesMax: number;
  readonly writeDelayMs: number;
  readonly clock: Clock;
  readonly warn: (fault: Fault) => void;
  readonly consequence: string;
  readonly schema: Schema;
  readonly format: () => string;
}

/**
 * Pause after a write. Encoding takes about 10 ns per byte, so it uses 1 % of the event loop. Its
 * measured time would also include the time in which other processes ran.
 */
const PAUSE_MS_PER_BYTE = 1e-3;

export class StateFile<Schema extends v.GenericSchema> {
  #cancel: (() => void) | undefined;
  #isDirty = false;
  #sizeBytes = 0;
  #hasFailed = false;
  readonly #queue = new TaskQueue();

  constructor(
    private readonly location: StateFileLocation | undefined,
    private readonly options: StateFileOptions<Schema>,
  ) {}

  get #path(): string {
    return `${this.location?.folder}/${this.options.name}`;
  }

  /** Returns the file's contents, or `undefined`, with a warning if the file is invalid. */
  open(): v.InferOutput<Schema> | undefined {
    if (this.location === undefined) return undefined;
    const { sizeBytesMax, schema, warn, consequence } = this.options;
    try {
      const bytes = readWholeFile(this.location.disk, this.#path, sizeBytesMax);
      if (bytes === undefined) return undefined;
      const value = parseJson(schema, bytes);
      if (value !== undefined) return value;
      throw new Fault("log-corrupt", "invalid contents");
    } catch (cause) {
      warn(new Fault("data-foreign", msg`${this.#path} cannot be read; ${consequence}`, { cause }));
      return undefined;
    }
  }

  markDirty(): void {
    this.#isDirty = true;
    if (this.location === undefined) return;
    const { clock, writeDelayMs } = this.options;
    const delayMs = Math.max(writeDelayMs, this.#sizeBytes * PAUSE_MS_PER_BYTE);
    this.#cancel ??= clock.after(delayMs, () => {
      this.#cancel = undefined;
      void this.#writeOrWarn();
    });
  }

  sync(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    return this.#queue.run(() => this.#write());
  }

  close(): Promise<void> {
    return this.#writeOrWarn();
  }

  async #writeOrWarn(): Promise<void> {
    const fault = await this.sync().catch(asFault);
    if (fault === undefined) return;
    if (!this.#hasFailed) this.options.warn(fault);
    this.#hasFailed = true;
  }

  async #write(): Promise<void> {
    if (!this.#isDirty || this.location === undefined) return;
    if (this.location.isPresent?.() === false) return;
    this.#isDirty = false;
    const bytes = utf8Encode(this.options.format());
    this.#sizeBytes = bytes.length;
    try {
      await writeWholeFile(this.location.disk, this.#path, bytes);
      this.#hasFailed = false;
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }
}
