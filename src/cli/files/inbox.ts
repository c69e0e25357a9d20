/** Downloads files from all rooms as they arrive. */

import { Fault, msg } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import type { FileId } from "../../base/ids.ts";
import {
  CONCURRENT_DOWNLOADS_MAX,
  INCOMING_FILES_MAX,
  RECEIVED_FILES_MAX,
} from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { ReaderEvent } from "../../client/event.ts";
import { TransferQueue } from "../../client/files/queue.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { filesIn } from "../../core/rooms/files.ts";
import type { NamingTurn } from "../../io/file/sink.ts";
import { filePages } from "../connect/lists.ts";

export interface IncomingOptions {
  /** Every file up to this seq was received by an earlier run. */
  readonly cursor: number;
  has(file: FileId): boolean;
  download(file: FileId, turn: NamingTurn): Promise<void>;
  /** False if the fault of a download ends the whole transfer. */
  concernsSingleFile(fault: Fault): Promise<boolean>;
  onDownloaded(file: FileId): void;
  onCursor(seq: number): void;
  /** `file` is `undefined` if its record is damaged. */
  onFailed(file: FileId | undefined, fault: Fault): void;
}

/** Refused files that the next run downloads. Above this number, the oldest are skipped. */
const UNSAVED_FILES_MAX = 100;
/** The next run must still know which later files were received. */
const LATER_FILES_MAX = RECEIVED_FILES_MAX / 2;

interface UnsavedFile {
  readonly seqs: ReadonlySet<number>;
  readonly afterFinished: number;
}

export interface IncomingFile {
  readonly file: FileId;
  /** `undefined` if only its download will tell it. */
  readonly name?: string;
}

interface DownloadJob {
  readonly file: FileId;
  name: string | undefined;
  readonly seqs: Set<number>;
  isRetried: boolean;
  /** Begins with a place in the queue, or when a later file of the same name waits for this one. */
  run: Promise<void> | undefined;
}

/**
 * Downloads each arriving file once, oldest first. A download may start during the upload, before
 * the file has a record. Files of one name get their numbers in the order of their messages.
 */
export class IncomingFiles {
  readonly #jobs = new Map<FileId, DownloadJob>();
  readonly #queue = new TransferQueue({
    runningMax: { download: CONCURRENT_DOWNLOADS_MAX },
    removesEnded: true,
  });
  /** Number of files of each record that are neither downloaded nor abandoned. */
  readonly #pendingFiles = new Map<number, number>();
  /** Files that the disk refused, oldest first. */
  readonly #unsaved: UnsavedFile[] = [];
  #finishedCount = 0;
  #lastSeq: number;
  #cursor: number;
  #changed = Promise.withResolvers<void>();
  #fault: unknown;

  constructor(private readonly options: IncomingOptions) {
    this.#lastSeq = options.cursor;
    this.#cursor = options.cursor;
  }

  addRecord(seq: number, files: readonly Required<IncomingFile>[]): void {
    if (seq <= this.#cursor || this.#pendingFiles.has(seq)) return;
    const isNew = seq > this.#lastSeq;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    const missing = isNew ? files.filter(({ file }) => !this.options.has(file)) : [];
    if (missing.length === 0) return this.#advance();
    this.#pendingFiles.set(seq, missing.length);
    for (const { file, name } of missing) {
      const job = this.#jobs.get(file);
      if (job === undefined) this.#add({ file, name }, [seq]);
      else {
        job.seqs.add(seq);
        job.name ??= comparedName(name);
      }
    }
    this.#notifyChange();
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

  addOffered(offered: IncomingFile): void {
    if (this.#jobs.has(offered.file) || this.options.has(offered.file)) return;
    this.#add(offered, []);
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

  #add({ file, name }: IncomingFile, seqs: readonly number[]): void {
    const job: DownloadJob = {
      file,
      name: name === undefined ? undefined : comparedName(name),
      seqs: new Set(seqs),
      isRetried: false,
      run: undefined,
    };
    this.#jobs.set(file, job);
    void this.#queue.add({
      view: { id: file, kind: "download", file, name: file, to: [] },
      // A running upload may be slow.
      isUrgent: () => job.seqs.size > 0,
      run: () => this.#begin(job),
    });
  }

  #begin(job: DownloadJob): Promise<void> {
    job.run ??= this.#run(job);
    return job.run;
  }

  /** Waits for the files of the same name that precede this one. */
  async #turn(job: DownloadJob, name: string): Promise<void> {
    job.name ??= comparedName(name);
    while (this.#fault === undefined) {
      const earlier = this.#earlierOfName(job);
      if (earlier.length === 0) return;
      // They may have no place in the queue, because files that wait for them have all of them.
      for (const each of earlier) void this.#begin(each);
      await this.#changed.promise;
    }
  }

  /** Files without a record come last, in the order in which their uploads began. */
  #earlierOfName(job: DownloadJob): readonly DownloadJob[] {
    const ofName = [...this.#jobs.values()].filter(({ name }) => name === job.name);
    const seqOf = ({ seqs }: DownloadJob) => Math.min(...seqs);
    const sorted = ofName.toSorted((a, b) => {
      const [left, right] = [seqOf(a), seqOf(b)];
      return left === right ? 0 : left - right;
    });
    return sorted.slice(0, sorted.indexOf(job));
  }

  #notifyChange(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #run(job: DownloadJob): Promise<void> {
    try {
      const fault = await this.#download(job);
      if (fault === undefined) {
        this.options.onDownloaded(job.file);
        this.#finish(job);
      } else {
        await this.#retryOrFail(job, fault);
      }
    } catch (error) {
      this.#fault ??= error;
      this.#queue.close();
    }
    this.#notifyChange();
  }

  /** @returns a fault that concerns only this file */
  async #download(job: DownloadJob): Promise<Fault | undefined> {
    try {
      await this.options.download(job.file, (name) => this.#turn(job, name));
      return undefined;
    } catch (error) {
      if (error instanceof Fault && (await this.options.concernsSingleFile(error))) return error;
      throw error;
    }
  }

  async #retryOrFail(job: DownloadJob, fault: Fault): Promise<void> {
    const isOfDisk = fault.scope === "disk";
    const isFirst = !job.isRetried && job.seqs.size > 0;
    job.isRetried = true;
    // The record arrived during the failed download, so the upload is now complete.
    if (isFirst && !isOfDisk) return this.#run(job);
    if (job.seqs.size > 0) this.options.onFailed(job.file, fault);
    if (isOfDisk) this.#leaveForNextRun(job);
    else this.#finish(job);
  }

  /** Keeps the cursor before the file, because the next run may have more space. */
  #leaveForNextRun(job: DownloadJob): void {
    this.#jobs.delete(job.file);
    this.#unsaved.push({ seqs: job.seqs, afterFinished: this.#finishedCount });
    this.#abandonOldest();
    this.#advance();
  }

  #abandonOldest(): void {
    for (let oldest = this.#unsaved[0]; oldest !== undefined; oldest = this.#unsaved[0]) {
      const laterCount = this.#finishedCount - oldest.afterFinished;
      if (this.#unsaved.length <= UNSAVED_FILES_MAX && laterCount < LATER_FILES_MAX) return;
      this.#unsaved.shift();
      this.#settle(oldest.seqs);
    }
  }

  #finish(job: DownloadJob): void {
    this.#jobs.delete(job.file);
    this.#finishedCount += 1;
    this.#settle(job.seqs);
    this.#abandonOldest();
    this.#advance();
  }

  /** Counts a file of these records as downloaded or abandoned. */
  #settle(seqs: ReadonlySet<number>): void {
    for (const seq of seqs) {
      const count = (this.#pendingFiles.get(seq) ?? 0) - 1;
      if (count > 0) this.#pendingFiles.set(seq, count);
      else this.#pendingFiles.delete(seq);
    }
  }

  #advance(): void {
    let cursor = this.#lastSeq;
    for (const seq of this.#pendingFiles.keys()) cursor = Math.min(cursor, seq - 1);
    if (cursor <= this.#cursor) return;
    this.#cursor = cursor;
    this.options.onCursor(cursor);
  }
}

/** Whether files of a sender are downloaded: not one's own, and not those of ignored people. */
export type SenderTest = (user: string) => boolean;

/** Returns early if the link is lost; call again on the next link. */
export async function catchUp(
  client: Client,
  incoming: IncomingFiles,
  cursor: number,
  isWanted: SenderTest,
): Promise<void> {
  try {
    for await (const page of filePages(client, cursor)) {
      for (const record of page) {
        noteRecord(incoming, record, isWanted);
        await incoming.waitForSpace();
      }
    }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "link-closed") throw error;
  }
}

export function noteEvent(incoming: IncomingFiles, event: ReaderEvent, isWanted: SenderTest): void {
  if (event.kind === "record") noteRecord(incoming, event.record, isWanted);
  else if (event.kind === "offered" && isWanted(event.from))
    incoming.addOffered({ file: event.file as FileId, name: event.name });
}

/** Disks that ignore case also number names that differ by it. */
function comparedName(name: string): string {
  return cleanFileName(name).normalize("NFC").toLowerCase();
}

function noteRecord(incoming: IncomingFiles, record: ChatRecord, isWanted: SenderTest): void {
  const { seq, kind, state, from } = record;
  if (kind !== "file") return;
  const files =
    state === "whole" && from !== undefined && isWanted(from) ? filesIn(record.body) : [];
  if (state === "damaged") incoming.reportDamaged(seq);
  else incoming.addRecord(seq, files);
}
