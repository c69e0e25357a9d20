/** Interfaces for stored files, upload sources and download sinks. */

import type { Fault } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import type { SkippedEntry } from "../../core/transfer/folder-list.ts";
import type { Renamed } from "../../core/transfer/folder-plan.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import type { UploadPurpose } from "../../wire/messages-files.ts";
import type { FileProperty } from "../disk/disk.ts";

export interface BlobMetadata {
  readonly file: FileId;
  readonly by: UserId;
  readonly name: string;
  readonly sizeBytes?: number;
  readonly to: readonly string[];
  readonly folder?: FolderSize;
  readonly details?: FileDetails;
  readonly purpose?: UploadPurpose;
  readonly sinceMs: number;
}

export interface FolderSize {
  readonly entries: number;
  readonly manifestBytes: number;
}

/** Chunks from `from` up to but excluding `end`. */
export interface ChunkRange {
  readonly from: number;
  readonly end: number;
}

export interface ChunkReader {
  /** Space that the content uses on its disk, less than its size if it is a sparse file. */
  readonly diskBytes?: number | undefined;
  read(index: number): Promise<Uint8Array>;
  /**
   * If the content may have changed, returns a function that makes the fault for a chunk with
   * another checksum.
   */
  changed?(): (() => Fault) | undefined;
}

export interface Blob extends ChunkReader {
  readonly metadata: BlobMetadata;
  readonly have: number;
  readonly durable: number;
  readonly sizeBytes: number;
  /**
   * Appends a chunk, which the caller has verified.
   * @throws {Fault} store-full or store-failed if this or an earlier write failed
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Keeps the first `count` chunks. No append may be in progress. */
  truncate(count: number): Promise<void>;
  sync(): Promise<number>;
  readSome(index: number, count: number): Promise<Uint8Array[]>;
  hash(index: number): Promise<Uint8Array>;
  digest(): Uint8Array;
  /** Unix milliseconds. Survives restarts. */
  lastAppendMs(): number;
  close(): void;
}

export interface BlobStore {
  list(): Promise<BlobMetadata[]>;
  create(about: BlobMetadata): Promise<Blob>;
  /** All callers that open a file share its blob, and each must close it. */
  open(file: FileId): Promise<Blob | undefined>;
  remove(file: FileId): Promise<void>;
  freeBytes(): Promise<number>;
}

/**
 * - `same`: the content has not changed
 * - `unsure`: only a comparison of the content shows whether it has changed
 * - `other`: the size has changed
 */
export type StampMatch = "same" | "unsure" | "other";

/** File of a source, which can be read in part before it is sent. */
export interface ReadableFile {
  /** Name, or path in a folder beginning with the folder's name. */
  readonly name: string;
  /** @returns fewer bytes at the end; `undefined` for bytes of a stream that arrive later */
  readonly peek: (at: number, length: number) => Promise<Uint8Array | undefined>;
}

export interface Source {
  readonly name: string;
  /** `undefined` for a stream that has not ended. */
  readonly sizeBytes: number | undefined;
  readonly folder?: FolderSize | undefined;
  /** `undefined` for a stream, and for the content of an encrypted file. */
  readonly details?: FileDetails | undefined;
  /** Entries of a folder that are not sent. `relist` adds further ones at the end. */
  readonly skipped: readonly SkippedEntry[];
  /** Files that have grown, of which only the bytes that were there when listed are sent. */
  readonly grown?: readonly string[];
  /**
   * Absolute path; `undefined` if the source cannot be read again. `stamp` changes with the
   * content.
   */
  readonly path?: string;
  readonly stamp?: string;
  /** Space that a file uses on its disk, less than its size if it is a sparse file. */
  readonly diskBytes?: number | undefined;
  /** Compares a stored stamp of the same path with the present content. Default: equality. */
  matchStamp?(stored: string): StampMatch;
  /**
   * Returns `undefined` after the last chunk. If the source has a path, the caller owns the buffer.
   * @throws {Fault} file-changed, not-found, … if the source cannot be read
   */
  read(index: number): Promise<Uint8Array | undefined>;
  /**
   * Chunks that timestamps do not prove to be of one moment. After `read` has returned all of them,
   * the caller reads them again. If they are the same, the content existed between both reads, and
   * the caller calls `proven`. If they differ, the caller reads on from the first different chunk.
   */
  readonly unproven?: ChunkRange | undefined;
  proven?(): void;
  /** True if the content may have changed since it was first read. Never becomes false. */
  readonly mayHaveChanged?: boolean;
  /**
   * Returns the fault for a source that keeps changing at this chunk. A folder can be listed again
   * without the file.
   */
  unstableAt?(index: number): Fault;
  /**
   * Lists a folder again after a file of the list could not be read to its end. Returns false if
   * this does not help.
   */
  relist?(): Promise<boolean>;
  release(upTo: number): void;
  /** @param digest digest over the checksums of all sent chunks */
  end?(digest: Uint8Array): Promise<void>;
  begin?(file: FileId): Promise<void>;
  close(): void;
}

/** Source whose files can be examined before they are sent. */
export interface LocalSource extends Source {
  files(): Iterable<ReadableFile>;
}

/** Chunks that another server has sent, for a file that may be the same. */
export interface ForeignChunks {
  /** Number of chunks that a folder's manifest needs. */
  readonly chunksMin: number;
  digest(chunks: number): Promise<Uint8Array>;
  /** Keeps the first chunks, and discards the others. */
  adopt(chunks: number): Promise<void>;
}

/** Destination of a download. The file has a temporary name until it is complete. */
export interface Sink {
  readonly have: number;
  /**
   * True if a complete copy exists, which an earlier run received. A sink may find it after the
   * first chunks of a folder; `sizeBytes` is then the size of the whole content.
   */
  readonly isExisting?: boolean;
  /** Present while the chunks come from another server, which the caller must compare first. */
  readonly foreign?: ForeignChunks | undefined;
  /**
   * Appends a verified chunk. The caller may reuse the buffer after the promise resolves.
   * @throws {Fault} store-full if the disk is full, store-… if it fails
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  readonly concurrentAppends?: number;
  sync(): Promise<void>;
  digest(): Uint8Array;
  readonly sizeBytes: number;
  /** Moves the file to its final path, which it returns. Never replaces another file. */
  finish(): Promise<string>;
  readonly renamed?: readonly Renamed[];
  /** Properties of the sender's files that the disk refused to store, such as their times. */
  readonly notKept?: readonly FileProperty[];
  /** Discards the chunks. `sizeBytes` is then 0, or the size of another partial file. */
  restart(): Promise<void>;
  close(): void;
}
