/** Upload of one file over any number of data channels. */

import { equalBytes, toHex } from "../../base/bytes.ts";
import { Fault, type FaultCode, ignoreFault, msg, unlessFault } from "../../base/fault.ts";
import { type FileId, ID_BYTES, makeFileId } from "../../base/ids.ts";
import { CHUNK_BYTES, SMALL_FILE_BYTES_MAX } from "../../base/limits.ts";
import type { PauseCause } from "../../core/transfer/progress.ts";
import type { FileSize } from "../../core/transfer/sender.ts";
import type { ChunkRange, Source, StampMatch } from "../../io/blob/interfaces.ts";
import { releaseBuffer } from "../../io/disk/buffer-pool.ts";
import type {
  FoundUpload,
  ResumableUpload,
  ResumableUploads,
  UploadKey,
} from "../../io/state/upload-journal.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { Answer, RequestFields } from "../../wire/messages.ts";
import type { AttachedFile, UploadPurpose } from "../../wire/messages-files.ts";
import { unlessAborted } from "../link/abort.ts";
import type { LoggedInLink } from "../link/active-link.ts";
import type { Connection, EarlyRequest } from "../link/connection.ts";
import { listUploads } from "../link/queries.ts";
import { type ChannelTask, type DataChannelOptions, runOverChannels } from "./data-channel.ts";
import type { Hashing } from "./hashing.ts";
import { Reporter } from "./progress.ts";
import { ReadAhead, type ReadChunk } from "./read-ahead.ts";
import type { UploadedFile, UploadRequest } from "./transfers.ts";
import { UploadChannel } from "./upload-channel.ts";
import { UploadChecksums } from "./upload-checksums.ts";

export interface UploadOptions extends DataChannelOptions {
  /** If `undefined`, no later run can resume an upload. */
  readonly uploads: ResumableUploads | undefined;
  readonly hashing: Hashing;
  /** Returns a promise while it is in doubt whether the server has the history of this device. */
  readonly historyChecked?: (connection: Connection) => Promise<void> | undefined;
}

/** Account whose journal an upload uses. */
export type UploadOwner = Pick<UploadKey, "fingerprint" | "user">;

/** Upload whose source may be encrypted. */
export interface SourceUpload extends UploadRequest {
  readonly purpose?: UploadPurpose;
  /** Identifier in a request that has left with the log-in. */
  readonly sentAs?: FileId | undefined;
  /** The request with the whole content has been sent, and a post may follow it. */
  readonly onRequested?: ((file: AttachedFile) => void) | undefined;
  readonly encryption?: {
    /** Differs from the name in the journal of an unencrypted upload of the same file. */
    readonly journalName: string;
    /** False if the secret for the file is lost. */
    readonly canResume: (file: FileId) => boolean;
  };
}

/**
 * Chunks sent before unproven ones are read again. A shorter interval would interrupt the transfer
 * more often; after a longer one, a log in the folder may have been rotated.
 */
const PROOF_INTERVAL_CHUNKS = 256;
/** Maximum number of times in a row that sent chunks have changed. */
const CHANGES_MAX = 3;

const UNKNOWN_FILE_CODES: ReadonlySet<FaultCode> = new Set(["file-unknown", "not-found"]);

export class Upload implements ChannelTask<UploadedFile> {
  readonly #ahead: ReadAhead;
  /** `undefined` for a stream, which is offered without a size, also on later channels. */
  readonly #sizeBytes: number | undefined;
  readonly #reporter: Reporter;
  #checksums: UploadChecksums;
  #journal: ResumableUpload | undefined;
  #file: FileId;
  /** True if a request with this identifier may have left with the log-in. */
  #isSent: boolean;
  #isJournaled = false;
  #isResumed = false;
  /** True if the journal's checksums must be compared with the file. */
  #isUnsure = false;
  #comparedChunks = 0;
  /** Number of chunks that the server may keep, because a later one has changed. */
  #keep: number | undefined;
  /** True if the server has chunks whose checksums no journal had. */
  #hasUncompared = false;
  #isComparing = false;
  #changeCount = 0;
  #mayResume = false;
  #isChanged = false;
  #resumedBytes: number | undefined;
  #channel: UploadChannel | undefined;
  #waitsAt: PauseCause = "server";
  #progressCount = 0;
  #hasTriedMainLink = false;
  /** Content of a small file, as its request states it. */
  #small: ReadChunk | undefined;

  constructor(
    private readonly options: UploadOptions,
    private readonly request: SourceUpload,
    readonly stop: AbortSignal,
  ) {
    const { source, onProgress } = request;
    this.#sizeBytes = source.sizeBytes;
    this.#checksums = this.#newChecksums();
    const recordHashes = (first: number, hashes: readonly Uint8Array[]) =>
      this.#isComparing ? undefined : this.#checksums.record(first, hashes);
    this.#ahead = new ReadAhead(source, options.hashing.hashChunk, recordHashes);
    this.#isSent = request.sentAs !== undefined;
    this.#file = request.sentAs ?? makeFileId(options.entropy(ID_BYTES));
    this.#reporter = new Reporter({
      clock: options.clock,
      sizeBytes: source.sizeBytes,
      onProgress,
      status: () => ({
        id: this.#file,
        name: source.name,
        waitsAt: this.#channel?.waitsAt ?? this.#waitsAt,
      }),
    });
  }

  async run(): Promise<UploadedFile> {
    try {
      const sent = await unlessAborted(this.stop, runOverChannels(this.options, this));
      this.#reporter.finish();
      return sent;
    } finally {
      this.#reporter.close();
      this.#ahead.stop();
      this.#flush();
    }
  }

  get file(): FileId {
    return this.#file;
  }

  /** An upload is resumable until a message that lists it is stored. */
  removeJournal(): void {
    // A journal's fault only costs the next run some hashing or an additional request.
    unlessFault(() => this.#journal?.remove());
  }

  /** Saves checksums, so that the next run or channel does not have to read the same chunks. */
  #flush(): void {
    unlessFault(() => this.#checksums.flush());
  }

  progressCount(): number {
    return this.#progressCount;
  }

  channelLost(): void {
    this.#channel = undefined;
    this.#waitsAt = "server";
  }

  /** Sends a small file in one request. */
  async runOnMainLink(active: LoggedInLink): Promise<UploadedFile | undefined> {
    if (this.#hasTriedMainLink) return undefined;
    this.#hasTriedMainLink = true;
    const { connection } = active;
    const { source, onRequested } = this.request;
    if (!this.#isSmall) return undefined;
    // Only a data channel can withdraw what an earlier run has sent.
    if (this.#staleUpload(active) !== undefined) return undefined;
    this.#journal = this.#beginJournal(active);
    if (this.#isUnsure) return undefined;
    if (!(await this.#beginSource())) return undefined;
    // A data channel reports a fault of the file, and withdraws what an earlier run has sent.
    const chunk = await this.#readSmall().catch(ignoreFault);
    if (chunk === undefined) return undefined;
    try {
      await this.#historyChecked(active);
      const sending = connection.request("put", this.#smallFields(chunk));
      onRequested?.(this.#attached(chunk.bytes.length, this.#checksums.next));
      await sending;
      await source.end?.(this.#checksums.digest());
      return this.#uploaded(chunk.bytes.length, this.#checksums.next);
    } catch (error) {
      if (!(error instanceof Fault) || connection.isClosed) throw error;
      // A data channel finds out what the server has of an earlier run.
      if (this.#isResumed) return undefined;
      throw error;
    } finally {
      if (source.path !== undefined) releaseBuffer(chunk.bytes);
    }
  }

  /**
   * A server with a different history receives no file.
   * @throws {Fault} that of the link, which then has ended
   */
  async #historyChecked({ connection }: LoggedInLink): Promise<void> {
    await this.options.historyChecked?.(connection);
    if (connection.isClosed) throw connection.closeFault;
  }

  /** Reads a small file for `earlyRequest`. Returns false if it is not sent in one request. */
  async prepare(): Promise<boolean> {
    const chunk = this.#isSmall ? await this.#readSmall() : undefined;
    this.#small = chunk && { ...chunk, bytes: new Uint8Array(chunk.bytes) };
    return chunk !== undefined;
  }

  /**
   * Begins the journal of a prepared file, so that the later upload of the file sends the same
   * request. Returns `undefined` if an earlier run may have sent it.
   */
  earlyRequest(owner: UploadOwner): EarlyRequest | undefined {
    const key = this.#journalKey(owner);
    if (key === undefined || this.options.uploads?.find(key) !== undefined) return undefined;
    if (this.#small === undefined) return undefined;
    this.#beginJournal(owner);
    this.#isSent = true;
    return ["put", this.#smallFields(this.#small)];
  }

  /** The prepared file, as a post lists it. */
  get prepared(): AttachedFile | undefined {
    const bytes = this.#small?.bytes;
    return bytes && this.#attached(bytes.length, this.#checksums.next);
  }

  /** Identifier in the request that left with the log-in, if one did. */
  get sentAs(): FileId | undefined {
    return this.#isSent ? this.#file : undefined;
  }

  get #isSmall(): boolean {
    const { sizeBytes = Number.POSITIVE_INFINITY } = this.request.source;
    return sizeBytes <= SMALL_FILE_BYTES_MAX;
  }

  /** Returns `undefined` if the content changes while it is read. */
  async #readSmall(): Promise<ReadChunk | undefined> {
    const { source } = this.request;
    this.#checksums.resume(0, this.#journal);
    this.#ahead.seek(0);
    const chunk = await this.#ahead.next(0);
    const size = chunk?.bytes.length ?? 0;
    if (size !== source.sizeBytes) return undefined;
    if (chunk !== undefined) this.#checksums.add(chunk.sha256);
    const { unproven } = source;
    if (unproven !== undefined && !(await this.#prove(unproven))) return undefined;
    if (chunk !== undefined) return chunk;
    const bytes = new Uint8Array();
    return { bytes, sha256: await this.options.hashing.hashChunk(bytes) };
  }

  #smallFields({ bytes, sha256 }: ReadChunk): RequestFields<"put"> {
    const { size: _size, keep: _keep, ...fields } = this.#offerFields();
    return { ...fields, sha256, bytes };
  }

  async runOver(connection: Connection, active: LoggedInLink): Promise<UploadedFile | "reopen"> {
    await this.#historyChecked(active);
    this.#journal = await this.#openJournal(connection, active);
    if (!(await this.#beginSource())) return this.#restart(connection, active);
    try {
      if (this.#isUnsure) await this.#compare(connection);
      if (this.#keep !== undefined && !this.#mayKeep(this.#keep))
        return await this.#startOver(connection, active);
      const offer = await this.#offer(connection);
      if (offer === undefined) return await this.#restart(connection, active);
      if (this.#keep !== undefined && offer.have > this.#keep)
        return await this.#startOver(connection, active);
      this.#keep = undefined;
      this.#hasUncompared = this.#comparedChunks > 0 && offer.have > this.#comparedChunks;
      this.#resume(offer.have);
      await this.#hashUpTo(offer.have, connection);
      const fileSize = await this.#send(connection, offer.window);
      if (fileSize === undefined) {
        connection.close();
        return "reopen";
      }
      return await this.#finish(connection, fileSize);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#flush();
      const isWrong = error.code === "checksum-wrong" && this.#channel?.isAcked === true;
      if (isWrong && this.#hasUncompared && !connection.isClosed)
        return await this.#startOver(connection, active);
      await this.#withdrawIfChanged(error, connection);
      throw error;
    }
  }

  /** Returns false if another program has meanwhile posted the upload that this one resumes. */
  async #beginSource(): Promise<boolean> {
    try {
      await this.request.source.begin?.(this.#file);
      return true;
    } catch (error) {
      const isUnknown = error instanceof Fault && UNKNOWN_FILE_CODES.has(error.code);
      if (isUnknown && this.#isResumed) return false;
      throw error;
    }
  }

  async #openJournal(
    connection: Connection,
    active: LoggedInLink,
  ): Promise<ResumableUpload | undefined> {
    const stale = this.#staleUpload(active);
    if (stale !== undefined) {
      const { upload, stamp } = stale;
      this.#isChanged = matchStamp(this.request.source, stamp) === "other";
      if (!(await isBeingSent(active, upload.file))) await this.#withdraw(connection, upload.file);
    }
    return this.#beginJournal(active);
  }

  #journalKey({ fingerprint, user }: UploadOwner): UploadKey | undefined {
    const { source, to, encryption, copy = 0 } = this.request;
    const { path, stamp } = source;
    if (this.options.uploads === undefined || path === undefined || stamp === undefined)
      return undefined;
    const name = encryption?.journalName ?? source.name;
    // File names never contain a slash.
    return { fingerprint, user, path, to, name: copy > 0 ? `${name}/${copy}` : name };
  }

  /** Upload of an earlier run that cannot be resumed, because the file has changed. */
  #staleUpload(owner: UploadOwner): FoundUpload | undefined {
    const key = this.#journalKey(owner);
    if (key === undefined || this.#isJournaled) return undefined;
    const found = this.#foundUpload(key);
    return found === undefined || this.#mayResumeFound(found) ? undefined : found;
  }

  /** Another program may send the same file, and have begun its own journal. */
  #foundUpload(key: UploadKey): FoundUpload | undefined {
    const found = this.options.uploads?.find(key);
    return this.#isSent && found?.upload.file !== this.#file ? undefined : found;
  }

  #mayResumeFound({ upload, stamp }: FoundUpload): boolean {
    const { source, encryption } = this.request;
    if (matchStamp(source, stamp) === "other") return false;
    return encryption?.canResume(upload.file) ?? true;
  }

  #beginJournal(owner: UploadOwner): ResumableUpload | undefined {
    const { uploads, clock } = this.options;
    const { source } = this.request;
    const key = this.#journalKey(owner);
    const { stamp } = source;
    if (uploads === undefined || key === undefined || stamp === undefined) return undefined;
    const found = this.#foundUpload(key);
    if (this.#isJournaled) return found?.upload.file === this.#file ? found.upload : undefined;
    this.#isJournaled = true;
    if (found === undefined || !this.#mayResumeFound(found))
      return uploads.begin(key, stamp, this.#file, clock.unixMs());
    this.#file = found.upload.file;
    this.#isResumed = true;
    this.#isUnsure = matchStamp(source, found.stamp) === "unsure";
    return found.upload;
  }

  /** Compares the sent chunks with the file, up to the first one that differs. */
  async #compare(connection: Connection): Promise<void> {
    const { source } = this.request;
    const journal = this.#journal;
    const chunks = journal?.upTo ?? 0;
    this.#waitsAt = "source";
    this.#isComparing = true;
    this.#ahead.seek(this.#comparedChunks);
    for (const hash of journal?.hashes(this.#comparedChunks) ?? []) {
      const chunk = await this.#nextAgain(this.#comparedChunks);
      if (connection.isClosed) throw connection.closeFault;
      if (chunk === undefined || !equalBytes(chunk.sha256, hash)) break;
      this.#comparedChunks += 1;
    }
    this.#isComparing = false;
    this.#isUnsure = false;
    const kept = this.#comparedChunks;
    if (kept < chunks) this.#keep = kept;
    if (this.request.encryption === undefined) journal?.truncate(kept);
    if (kept > 0 && source.stamp !== undefined) journal?.setStamp(source.stamp);
  }

  /** Reads a chunk again. */
  async #nextAgain(index: number): Promise<ReadChunk | undefined> {
    if (this.stop.aborted) throw this.stop.reason;
    const chunk = await this.#ahead.next(index);
    if (this.stop.aborted) throw this.stop.reason;
    if (chunk !== undefined && this.request.source.path !== undefined) releaseBuffer(chunk.bytes);
    return chunk;
  }

  /** A secret never encrypts two different contents, so an encrypted upload starts over. */
  #mayKeep(chunks: number): boolean {
    return chunks > 0 && this.request.encryption === undefined;
  }

  async #offer(connection: Connection): Promise<Answer<"offer"> | undefined> {
    const { name, sizeBytes } = this.request.source;
    const fields = this.#offerFields();
    const offer = await connection.request("offer", fields).catch((error: unknown) => {
      const isErased = error instanceof Fault && UNKNOWN_FILE_CODES.has(error.code);
      if (isErased && this.#isResumed && !connection.isClosed) return undefined;
      throw error;
    });
    if (offer === undefined) return undefined;
    if (sizeBytes === undefined || offer.have <= chunkCount(sizeBytes)) return offer;
    throw new Fault("out-of-order", msg`the server has too many chunks of '${name}'`);
  }

  #offerFields(): RequestFields<"offer"> {
    const { source, to, purpose, thread } = this.request;
    const { name, details } = source;
    const folder = source.folder && { ...source.folder };
    return {
      file: this.#file,
      to: [...to],
      name,
      size: this.#sizeBytes,
      folder,
      details,
      purpose,
      keep: this.#keep,
      thread,
    };
  }

  async #startOver(connection: Connection, active: LoggedInLink): Promise<UploadedFile | "reopen"> {
    this.#isChanged = true;
    await this.#withdraw(connection, this.#file);
    return this.#restart(connection, active);
  }

  #restart(connection: Connection, active: LoggedInLink): Promise<UploadedFile | "reopen"> {
    this.#journal?.remove();
    this.#file = makeFileId(this.options.entropy(ID_BYTES));
    this.#checksums = this.#newChecksums();
    this.#isSent = false;
    this.#isJournaled = false;
    this.#isResumed = false;
    this.#isUnsure = false;
    this.#comparedChunks = 0;
    this.#hasUncompared = false;
    this.#keep = undefined;
    this.#resumedBytes = undefined;
    return this.runOver(connection, active);
  }

  #resume(have: number): void {
    const { source } = this.request;
    if (have < this.#checksums.durable && source.path === undefined) {
      throw new Fault(
        "store-failed",
        msg`the server has lost the uploaded part of '${source.name}'`,
        { remedy: msg`send it again; a pipe cannot be read twice` },
      );
    }
    this.#checksums.resume(have, this.#journal);
    source.release(this.#checksums.durable);
    const haveBytes = Math.min(have * CHUNK_BYTES, source.sizeBytes ?? Number.POSITIVE_INFINITY);
    if (this.#resumedBytes === undefined) {
      this.#resumedBytes = haveBytes;
      this.#reporter.resume(haveBytes);
    }
    this.#update(haveBytes);
  }

  /**
   * Hashes chunks that the server has but whose checksums the journal lacks, without sending them.
   */
  async #hashUpTo(have: number, connection: Connection): Promise<void> {
    const checksums = this.#checksums;
    this.#waitsAt = "source";
    this.#ahead.seek(checksums.next);
    while (checksums.next < have) {
      const chunk = await this.#ahead.next(checksums.next);
      if (connection.isClosed) throw connection.closeFault;
      if (chunk === undefined) {
        throw new Fault("file-changed", msg`'${this.request.source.name}' is shorter than before`);
      }
      checksums.add(chunk.sha256);
      if (checksums.isFull || checksums.next === have) checksums.markDurable(checksums.next);
    }
  }

  /** Returns `undefined` if sent chunks have changed. */
  async #send(connection: Connection, windowBytes: number): Promise<FileSize | undefined> {
    const { clock } = this.options;
    const { source } = this.request;
    const [file, ahead, checksums] = [this.#file, this.#ahead, this.#checksums];
    const onChecked = (bytes: number) => {
      this.#progressCount += 1;
      this.#update(bytes);
    };
    const prove = (isEnd: boolean) => this.#proveIfDue(isEnd);
    const options = { clock, file, source, ahead, checksums, onChecked, prove };
    this.#channel = new UploadChannel(options, connection, windowBytes);
    const fileSize = await this.#channel.send();
    if (fileSize !== undefined) await source.end?.(this.#checksums.digest());
    return fileSize;
  }

  #proveIfDue(isEnd: boolean): Promise<boolean> | undefined {
    const { unproven } = this.request.source;
    if (unproven === undefined) return undefined;
    const { next } = this.#checksums;
    const isDue = isEnd || next - unproven.from >= PROOF_INTERVAL_CHUNKS;
    return isDue && next >= unproven.end ? this.#prove(unproven) : undefined;
  }

  /**
   * Reads chunks again. If none differs, their content existed at the moment between both reads.
   * Otherwise, the server must drop the chunks from the first different one on.
   */
  async #prove({ from, end }: ChunkRange): Promise<boolean> {
    const { source } = this.request;
    this.#isComparing = true;
    this.#ahead.seek(from);
    for (let index = from; index < end; index++) {
      const chunk = await this.#nextAgain(index);
      if (chunk !== undefined && this.#checksums.isSame(index, chunk.sha256)) continue;
      this.#isComparing = false;
      this.#changeCount += 1;
      if (this.#changeCount >= CHANGES_MAX) throw this.#unstable(index);
      this.#keep = index;
      return false;
    }
    this.#isComparing = false;
    this.#changeCount = 0;
    source.proven?.();
    return true;
  }

  /** A single file can be resumed after its last change, unlike a folder without the file. */
  #unstable(index: number): Fault {
    const { source } = this.request;
    this.#mayResume = source.relist === undefined;
    const message = msg`'${source.name}' changed while it was sent`;
    return source.unstableAt?.(index) ?? new Fault("file-changed", message);
  }

  async #finish(connection: Connection, { sizeBytes, chunks }: FileSize): Promise<UploadedFile> {
    const file = this.#file;
    const digest = this.#checksums.digest();
    this.#reporter.setSize(sizeBytes);
    await connection.request("finish", { file, size: sizeBytes, chunks, digest });
    return this.#uploaded(sizeBytes, chunks);
  }

  #attached(size: number, chunks: number): AttachedFile {
    return { file: this.#file, size, chunks, digest: this.#checksums.digest() };
  }

  #uploaded(sizeBytes: number, chunks: number): UploadedFile {
    this.#update(sizeBytes);
    return {
      id: this.#file,
      name: this.request.source.name,
      sizeBytes,
      chunks,
      digest: toHex(this.#checksums.digest()),
      resumedBytes: this.#resumedBytes ?? 0,
      changed: this.#isChanged,
    };
  }

  async #withdrawIfChanged({ code }: Fault, connection: Connection): Promise<void> {
    // If the server has acknowledged all chunks, only the digest can be wrong.
    const isWrong = code === "checksum-wrong" && this.#channel?.isAcked === true;
    if (isWrong) this.removeJournal();
    const isChanged = code === "file-changed" && !this.#mayResume;
    if (connection.isClosed || !(isWrong || isChanged)) return;
    this.#channel = undefined;
    const withdrawn = this.#withdraw(connection, this.#file);
    await withdrawn.then(() => this.removeJournal()).catch(ignoreFault);
  }

  async #withdraw(connection: Connection, file: FileId): Promise<void> {
    try {
      await connection.request("withdraw", { file });
    } catch (error) {
      if (!(error instanceof Fault) || connection.isClosed) throw error;
      // The server refuses if the upload is finished or unknown, and then there is nothing to
      // withdraw.
    }
  }

  #update(bytes: number): void {
    this.#reporter.update(bytes);
  }

  #newChecksums(): UploadChecksums {
    const isEncrypted = this.request.encryption !== undefined;
    return new UploadChecksums(this.options.hashing.newHash, isEncrypted);
  }
}

function matchStamp(source: Source, stored: string): StampMatch {
  return source.matchStamp?.(stored) ?? (stored === source.stamp ? "same" : "other");
}

/** Whether another program is sending the upload, which then must not be withdrawn. */
async function isBeingSent({ connection }: LoggedInLink, file: FileId): Promise<boolean> {
  const uploads = await listUploads((kind, fields) => connection.request(kind, fields)).catch(
    ignoreFault,
  );
  return uploads?.some((upload) => upload.file === file && upload.sending) ?? false;
}
