/** Receives the files of a room as they arrive. */

import { Fault, type FaultCode, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { isFileId } from "../../base/ids.ts";
import { CONCURRENT_DOWNLOADS_MAX, INCOMING_FILES_MAX } from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { ReaderEvent } from "../../client/event.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { filePages } from "../connect/lists.ts";
import { fileBody } from "../output/records.ts";

/** Faults of one file. All other faults end the whole transfer. */
const SINGLE_FILE_CODES: ReadonlySet<FaultCode> = new Set([
  "file-unknown",
  "checksum-wrong",
  "folder-malformed",
  "too-many", // Otherwise any user could end the transfer for all.
  "not-member",
  "not-allowed",
  "room-unknown",
]);

export interface IncomingOptions {
  /** Seq up to which earlier runs have received everything. */
  readonly cursor: number;
  /** Whether this or an earlier run has received it. */
  has(file: FileId): boolean;
  download(file: FileId): Promise<void>;
  /** Notes that a file was received, so that it is not fetched again. */
  onDownloaded(file: FileId): void;
  /** Everything up to this seq was received, or cannot be. */
  onCursor(seq: number): void;
  /** Reports a file that cannot be fetched; `undefined` if its record is damaged. */
  onFailed(file: FileId | undefined, fault: Fault): void;
}

interface Job {
  readonly file: FileId;
  /** Seqs of its records; empty while it is being sent. Bounded by the targets of one file. */
  readonly seqs: Set<number>;
  /** Its record arrived while a fetch of the running upload failed: try once more. */
  isRetried: boolean;
}

/**
 * Receives all arriving files, a few concurrently, oldest first, each once, and tracks where the
 * next run has to resume. A running upload may be received before its record exists.
 */
export class Incoming {
  readonly #options: IncomingOptions;
  readonly #jobs = new Map<FileId, Job>(); // At most INCOMING_FILES_MAX: see `room`.
  readonly #queue: Job[] = []; // Those that have not started.
  /** Records whose files are not received yet. */
  readonly #open = new Set<number>(); // As many as the jobs have.
  #running = 0;
  #lastSeq: number;
  #cursor: number;
  #changed = Promise.withResolvers<void>();
  #fault: unknown;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#lastSeq = options.cursor;
    this.#cursor = options.cursor;
  }

  /** Records arrive in order of their seq, but may be repeated. */
  recorded(file: FileId, seq: number): void {
    if (seq <= this.#cursor || this.#open.has(seq)) return;
    const isNew = seq > this.#lastSeq;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    if (!isNew || this.#options.has(file)) return this.#advance();
    this.#open.add(seq);
    const job = this.#jobs.get(file);
    if (job === undefined) this.#add({ file, seqs: new Set([seq]), isRetried: false });
    else job.seqs.add(seq);
  }

  /** A record that is not a file of another user. */
  skipped(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    this.#advance();
  }

  /** The record of a file, which the server cannot or will not show. */
  damaged(seq: number): void {
    if (seq > this.#lastSeq) {
      const message = msg`record ${seq}, a file, is damaged or withheld`;
      const remedy = "ask the server's owner to run chat verify";
      this.#options.onFailed(undefined, new Fault("log-corrupt", message, { remedy }));
    }
    this.skipped(seq);
  }

  /** An upload has started. */
  offered(file: FileId): void {
    if (this.#jobs.has(file) || this.#options.has(file)) return;
    this.#add({ file, seqs: new Set(), isRetried: false });
  }

  /**
   * Resolves when more files are accepted. @throws the error that ended a fetch, and with it
   * everything
   */
  async waitForSpace(): Promise<void> {
    while (this.#fault === undefined && this.#jobs.size >= INCOMING_FILES_MAX) {
      await this.#changed.promise;
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Resolves when all files were received. @throws as `room` */
  async settled(): Promise<void> {
    while (this.#fault === undefined && this.#jobs.size > 0) await this.#changed.promise;
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Never resolves. @throws as `room`, as soon as it happens */
  async failed(): Promise<never> {
    while (this.#fault === undefined) await this.#changed.promise;
    throw this.#fault;
  }

  #add(job: Job): void {
    this.#jobs.set(job.file, job);
    this.#queue.push(job);
    this.#begin();
  }

  /** Complete files go first: a running upload may be slow. */
  #begin(): void {
    while (this.#running < CONCURRENT_DOWNLOADS_MAX && this.#fault === undefined) {
      const whole = this.#queue.findIndex(({ seqs }) => seqs.size > 0);
      const [job] = this.#queue.splice(Math.max(0, whole), 1);
      if (job === undefined) return;
      this.#running++;
      void this.#run(job);
    }
  }

  async #run(job: Job): Promise<void> {
    try {
      await this.#options.download(job.file);
      this.#options.onDownloaded(job.file);
      this.#done(job);
    } catch (error) {
      if (!(error instanceof Fault) || !SINGLE_FILE_CODES.has(error.code)) this.#fault ??= error;
      else this.#retryOrFail(job, error);
    }
    this.#running--;
    this.#begin();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #retryOrFail(job: Job, fault: Fault): void {
    const isFirst = !job.isRetried && job.seqs.size > 0;
    job.isRetried = true;
    // The upload has ended and its record has arrived meanwhile: the file is complete now.
    if (isFirst) this.#queue.push(job);
    else {
      if (job.seqs.size > 0) this.#options.onFailed(job.file, fault);
      this.#done(job);
    }
  }

  #done(job: Job): void {
    this.#jobs.delete(job.file);
    for (const seq of job.seqs) this.#open.delete(seq);
    this.#advance();
  }

  #advance(): void {
    let cursor = this.#lastSeq;
    for (const seq of this.#open) cursor = Math.min(cursor, seq - 1);
    if (cursor <= this.#cursor) return;
    this.#cursor = cursor;
    this.#options.onCursor(cursor);
  }
}

/**
 * Lists the files that arrived while this client was away. If the link is lost, retries on the next
 * one.
 */
export async function catchUp(
  client: Client,
  incoming: Incoming,
  cursor: number,
  me: string,
): Promise<void> {
  try {
    for await (const page of filePages(client, cursor)) {
      for (const record of page) {
        noteRecord(incoming, record, me);
        await incoming.waitForSpace();
      }
    }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "link-closed") throw error;
  }
}

export function noteEvent(incoming: Incoming, event: ReaderEvent, me: string): void {
  if (event.kind === "record") noteRecord(incoming, event.record, me);
  else if (event.kind === "offered" && !isSameName(event.from, me)) incoming.offered(event.file);
}

/** Complete files of other users; erased ones are skipped. */
function noteRecord(incoming: Incoming, record: ChatRecord, me: string): void {
  const { seq, kind, state, body, from } = record;
  if (kind !== "file") return;
  const isTheirs = from !== undefined && !isSameName(from, me);
  const id = state === "whole" && isTheirs ? fileBody(body ?? {}).id : "";
  if (state === "damaged") incoming.damaged(seq);
  else if (isFileId(id)) incoming.recorded(id, seq);
  else incoming.skipped(seq);
}
