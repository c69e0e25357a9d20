/** Downloads files from all rooms as they arrive. */

import { Fault, type FaultCode, msg } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { CONCURRENT_DOWNLOADS_MAX, INCOMING_FILES_MAX } from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { ReaderEvent } from "../../client/event.ts";
import { TransferQueue } from "../../client/files/queue.ts";
import { type ChatRecord, fieldsIn } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { filePages } from "../connect/lists.ts";

/** Faults that concern a single file. All others end the whole transfer. */
const SINGLE_FILE_CODES: ReadonlySet<FaultCode> = new Set([
  "file-unknown",
  "checksum-wrong",
  "folder-malformed",
  "too-many", // Otherwise any user could end the transfer with excess uploads.
  "not-member",
  "not-allowed",
  "room-unknown",
]);

export interface IncomingOptions {
  /** Every file up to this seq was received by an earlier run. */
  readonly cursor: number;
  has(file: FileId): boolean;
  download(file: FileId): Promise<void>;
  onDownloaded(file: FileId): void;
  onCursor(seq: number): void;
  /** `file` is `undefined` if its record is damaged. */
  onFailed(file: FileId | undefined, fault: Fault): void;
}

interface DownloadJob {
  readonly file: FileId;
  readonly seqs: Set<number>;
  isRetried: boolean;
}

/**
 * Downloads each arriving file once, oldest first. A download may start during the upload, before
 * the file has a record.
 */
export class IncomingFiles {
  readonly #jobs = new Map<FileId, DownloadJob>();
  readonly #queue = new TransferQueue({
    runningMax: { download: CONCURRENT_DOWNLOADS_MAX },
    removesEnded: true,
  });
  readonly #pendingSeqs = new Set<number>();
  #lastSeq: number;
  #cursor: number;
  #changed = Promise.withResolvers<void>();
  #fault: unknown;

  constructor(private readonly options: IncomingOptions) {
    this.#lastSeq = options.cursor;
    this.#cursor = options.cursor;
  }

  addRecorded(file: FileId, seq: number): void {
    if (seq <= this.#cursor || this.#pendingSeqs.has(seq)) return;
    const isNew = seq > this.#lastSeq;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    if (!isNew || this.options.has(file)) return this.#advance();
    this.#pendingSeqs.add(seq);
    const job = this.#jobs.get(file);
    if (job === undefined) this.#add({ file, seqs: new Set([seq]), isRetried: false });
    else job.seqs.add(seq);
  }

  skipRecord(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    this.#advance();
  }

  reportDamaged(seq: number): void {
    if (seq > this.#lastSeq) {
      const message = msg`record ${seq}, a file, is damaged or withheld`;
      const remedy = "ask the server's owner to run chat verify";
      this.options.onFailed(undefined, new Fault("log-corrupt", message, { remedy }));
    }
    this.skipRecord(seq);
  }

  addOffered(file: FileId): void {
    if (this.#jobs.has(file) || this.options.has(file)) return;
    this.#add({ file, seqs: new Set(), isRetried: false });
  }

  /** @throws the error that ended the transfer */
  async waitForSpace(): Promise<void> {
    while (this.#fault === undefined && this.#jobs.size >= INCOMING_FILES_MAX) {
      await this.#changed.promise;
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** @throws the error that ended the transfer */
  async waitUntilSettled(): Promise<void> {
    while (this.#fault === undefined && this.#jobs.size > 0) await this.#changed.promise;
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Rejects as soon as an error ends the transfer; never resolves. */
  async waitForFailure(): Promise<never> {
    while (this.#fault === undefined) await this.#changed.promise;
    throw this.#fault;
  }

  #add(job: DownloadJob): void {
    const { file } = job;
    this.#jobs.set(file, job);
    void this.#queue.add({
      view: { id: file, kind: "download", file, name: file, to: [] },
      // A running upload may be slow.
      isUrgent: () => job.seqs.size > 0,
      run: () => this.#run(job),
    });
  }

  async #run(job: DownloadJob): Promise<void> {
    try {
      await this.options.download(job.file);
      this.options.onDownloaded(job.file);
      this.#finish(job);
    } catch (error) {
      if (error instanceof Fault && SINGLE_FILE_CODES.has(error.code)) {
        await this.#retryOrFail(job, error);
      } else {
        this.#fault ??= error;
        this.#queue.close();
      }
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #retryOrFail(job: DownloadJob, fault: Fault): Promise<void> {
    const isFirst = !job.isRetried && job.seqs.size > 0;
    job.isRetried = true;
    // The record arrived during the failed download, so the upload is now complete.
    if (isFirst) return this.#run(job);
    if (job.seqs.size > 0) this.options.onFailed(job.file, fault);
    this.#finish(job);
  }

  #finish(job: DownloadJob): void {
    this.#jobs.delete(job.file);
    for (const seq of job.seqs) this.#pendingSeqs.delete(seq);
    this.#advance();
  }

  #advance(): void {
    let cursor = this.#lastSeq;
    for (const seq of this.#pendingSeqs) cursor = Math.min(cursor, seq - 1);
    if (cursor <= this.#cursor) return;
    this.#cursor = cursor;
    this.options.onCursor(cursor);
  }
}

/** Returns early if the link is lost; call again on the next link. */
export async function catchUp(
  client: Client,
  incoming: IncomingFiles,
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

export function noteEvent(incoming: IncomingFiles, event: ReaderEvent, me: string): void {
  if (event.kind === "record") noteRecord(incoming, event.record, me);
  else if (event.kind === "offered" && !isSameName(event.from, me)) incoming.addOffered(event.file);
}

function noteRecord(incoming: IncomingFiles, record: ChatRecord, me: string): void {
  const { seq, kind, state, from } = record;
  if (kind !== "file") return;
  const isTheirs = from !== undefined && !isSameName(from, me);
  const id = state === "whole" && isTheirs ? (fieldsIn(record).file ?? "") : "";
  if (state === "damaged") incoming.reportDamaged(seq);
  else if (isFileId(id)) incoming.addRecorded(id, seq);
  else incoming.skipRecord(seq);
}
