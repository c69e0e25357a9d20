/** Uploads and timers of one waiting message. */

import { toHex } from "../base/bytes.ts";
import { asFault, Fault, type FaultCode } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import { SMALL_FILE_BYTES_MAX } from "../base/limits.ts";
import { defined } from "../base/values.ts";
import {
  type OutgoingEffect,
  type OutgoingInput,
  OutgoingMessage,
  type UploadedContent,
  type WaitingFile,
  type WaitingMessage,
} from "../core/client/outgoing.ts";
import type { Clock } from "../io/clock.ts";
import type { TaskQueue } from "../io/task-queue.ts";
import type { TransferProgress } from "./files/progress.ts";
import type { CompleteUpload } from "./files/transfers.ts";

export type OutgoingOrder<Stored> = Exclude<OutgoingEffect<Stored>, { kind: "upload" }>;

export interface UploadCallbacks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TransferProgress) => void;
}

export interface OutgoingRunOptions<Stored> {
  readonly clock: Clock;
  /** Limits the uploads of files that are not small. */
  readonly uploads: TaskQueue;
  /** @param isRetry the author wants the file even if it has changed */
  readonly upload: (
    file: WaitingFile<Stored>,
    isRetry: boolean,
    callbacks: UploadCallbacks,
  ) => Promise<CompleteUpload>;
  /** Called after the stored message contains the content of the file. */
  readonly uploaded?: (file: WaitingFile<Stored>) => void;
  /** An upload has ended before `stop` is performed. */
  readonly perform: (order: OutgoingOrder<Stored>) => void;
  /** The message, which still waits, or the progress of a file has changed. */
  readonly changed: () => void;
}

/** The link or the session has ended, which says nothing about the message. */
const PAUSING_CODES: ReadonlySet<FaultCode> = new Set([
  "interrupted",
  "not-logged-in",
  "link-closed",
  "timeout",
  "no-majority",
  "unreachable",
]);
const PAUSE_MS = 5_000;

export class OutgoingRun<Stored> {
  /** Progress of the running uploads, by the ids of their files. */
  readonly progress = new Map<number, TransferProgress>();
  readonly #machine: OutgoingMessage<Stored>;
  readonly #uploads = new Map<number, AbortController>();
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(
    message: WaitingMessage<Stored>,
    private readonly options: OutgoingRunOptions<Stored>,
  ) {
    this.#machine = new OutgoingMessage(message);
  }

  get message(): WaitingMessage<Stored> {
    return this.#machine.message;
  }

  get isStuck(): boolean {
    return this.#machine.isStuck;
  }

  get isGone(): boolean {
    return this.#machine.isGone;
  }

  handle(input: OutgoingInput<Stored>): void {
    if (this.#isClosed) return;
    const { clock, changed } = this.options;
    const machine = this.#machine;
    const effects = machine.handle(input, clock.now());
    for (const effect of effects) this.#perform(effect);
    this.#cancelTimer?.();
    const deadline = machine.deadline();
    this.#cancelTimer =
      deadline === undefined
        ? undefined
        : clock.after(Math.max(1, deadline - clock.now()), () => this.handle({ kind: "tick" }));
    if (effects.length > 0 && machine.actions.length > 0) changed();
  }

  /** Ends the uploads. Later inputs have no effect. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    for (const stop of this.#uploads.values()) stop.abort();
  }

  #perform(effect: OutgoingEffect<Stored>): void {
    if (effect.kind === "upload") return void this.#upload(effect.file, effect.isRetry);
    if (effect.kind === "stop") this.#uploads.get(effect.file)?.abort();
    this.options.perform(effect);
  }

  async #upload(file: WaitingFile<Stored>, isRetry: boolean): Promise<void> {
    const { id, size = Number.POSITIVE_INFINITY } = file;
    const { uploads, upload, uploaded, changed } = this.options;
    const stop = new AbortController();
    const { signal } = stop;
    this.#uploads.set(id, stop);
    const onProgress = (progress: TransferProgress) => {
      if (signal.aborted) return;
      this.progress.set(id, progress);
      changed();
    };
    const send = async () => {
      signal.throwIfAborted();
      return await upload(file, isRetry, { signal, onProgress });
    };
    try {
      const complete = await (size <= SMALL_FILE_BYTES_MAX ? send() : uploads.run(send));
      // The machine withdraws the content of an upload that was stopped.
      this.handle({ kind: "uploaded", file: id, content: uploadedContent(complete) });
      uploaded?.(file);
    } catch (error) {
      const fault = pausing(asFault(error));
      if (!signal.aborted) this.handle({ kind: "failed", file: id, fault });
    } finally {
      if (this.#uploads.get(id) === stop) {
        this.#uploads.delete(id);
        this.progress.delete(id);
      }
    }
  }
}

function pausing(fault: Fault): Fault {
  if (!PAUSING_CODES.has(fault.code)) return fault;
  return new Fault(fault.code, fault.message, { cause: fault, retryAfterMs: PAUSE_MS });
}

export function uploadedContent({ entry }: CompleteUpload): UploadedContent {
  const { file, size, chunks, digest, preview } = entry;
  const content = { file: file as FileId, size, chunks, digest: toHex(digest) };
  if (preview === undefined) return content;
  const shown = { ...preview, file: preview.file as FileId, digest: toHex(preview.digest) };
  return { ...content, preview: defined(shown) };
}
