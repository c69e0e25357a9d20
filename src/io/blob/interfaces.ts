/** Interfaces of stored files, upload sources and download sinks. */

import type { FileId, UserId } from "../../base/ids.ts";

export interface BlobMetadata {
  readonly file: FileId;
  readonly by: UserId;
  readonly name: string;
  /** Size in bytes. Absent if the sender does not know the size before the end. */
  readonly sizeBytes?: number;
  readonly to: readonly string[];
  readonly folder?: FolderSize;
  /** Time of the first offer, in Unix milliseconds. */
  readonly sinceMs: number;
}

export interface FolderSize {
  readonly entries: number;
  readonly manifestBytes: number;
}

export interface ChunkReader {
  /**
   * @throws {Fault} store-failed if the disk fails, checksum-wrong if the disk returns too few
   * bytes
   */
  read(index: number): Promise<Uint8Array>;
}

/** Content of a file on the server. Chunks are appended in order with their checksums. */
export interface Blob extends ChunkReader {
  readonly metadata: BlobMetadata;
  /** Number of appended chunks. A crash may lose the chunks from `durable` on. */
  readonly have: number;
  readonly durable: number;
  readonly sizeBytes: number;
  /**
   * Appends the next chunk, which the caller has verified. Chunks appended in one tick share a
   * write, in call order.
   * @throws {Fault} store-full or store-failed if this or an earlier write failed
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Makes earlier appends durable. @returns the new value of `durable` */
  sync(): Promise<number>;
  /**
   * Reads `count` existing chunks from `index` on.
   * @throws {Fault} store-failed, checksum-wrong like `read`
   */
  readSome(index: number, count: number): Promise<Uint8Array[]>;
  hash(index: number): Promise<Uint8Array>;
  /** Returns the SHA-256 over the concatenated checksums of all chunks so far. */
  digest(): Uint8Array;
  /** Returns the time of the last append in Unix milliseconds. Survives restarts. */
  lastAppendMs(): number;
  close(): void;
}

export interface BlobStore {
  list(): Promise<BlobMetadata[]>;
  /**
   * Creates a blob. Resolves when its metadata is on disk.
   * @throws {Fault} store-full if the disk is full, store-… if it fails
   */
  create(about: BlobMetadata): Promise<Blob>;
  /**
   * Opens the durable content of a blob. All holders share the blob, and each must close it.
   * @returns `undefined` if the blob does not exist
   */
  open(file: FileId): Promise<Blob | undefined>;
  remove(file: FileId): Promise<void>;
  freeBytes(): Promise<number>;
}

/** Content of an upload in chunks. A resumed upload starts at a later chunk. */
export interface Source {
  readonly name: string;
  /** Size in bytes; `undefined` for a stream that has not ended. */
  readonly sizeBytes: number | undefined;
  readonly folder?: FolderSize;
  /** Names of folder entries that cannot be sent (links, sockets, …), each with the reason. */
  readonly skipped: readonly string[];
  /**
   * Absolute path of the source; `undefined` if the source cannot be read again. The stamp changes
   * with the content.
   */
  readonly path?: string;
  readonly stamp?: string;
  /**
   * Reads chunk `index`; `undefined` after the last chunk. If the source has a path, the caller
   * owns the buffer.
   * @throws {Fault} file-changed, not-found, … if the source cannot be read
   */
  read(index: number): Promise<Uint8Array | undefined>;
  /** Allows the source to discard the chunks below `upTo`. */
  release(upTo: number): void;
  /**
   * Checks that the source has not changed since it was opened.
   * @param digest digest over the checksums of all sent chunks
   * @throws {Fault} file-changed if the source has changed
   */
  check(digest?: Uint8Array): Promise<void>;
  /** Called before the first read for this upload. */
  begin?(file: FileId): Promise<void>;
  close(): void;
}

/** A folder entry that was stored under another name. Both paths are relative to the folder. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
}

/**
 * Destination of a received file. Until the file is complete, it lies next to its final path under
 * a temporary name.
 */
export interface Sink {
  /** Number of chunks present at the start, which is the index of the chunk at which to resume. */
  readonly have: number;
  /**
   * Appends the next chunk, which the caller has verified. The caller may reuse the buffer after
   * the promise resolves.
   * @throws {Fault} store-full if the disk is full, store-… if it fails
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Number of concurrent appends that share a write. Default: 1. */
  readonly concurrentAppends?: number;
  sync(): Promise<void>;
  /** Returns the SHA-256 over the concatenated checksums of all chunks so far. */
  digest(): Uint8Array;
  readonly sizeBytes: number;
  /** Moves the file to its final name. Never replaces another file. @returns the final path */
  finish(): Promise<string>;
  /** Renamed folder entries, available after `finish`. */
  readonly renamed?: readonly Renamed[];
  /** Discards the content, so that the transfer restarts at chunk 0. */
  restart(): Promise<void>;
  close(): void;
}
