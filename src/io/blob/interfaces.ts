/** Interfaces of blobs, sources and sinks. */

import type { FileId, UserId } from "../../base/ids.ts";

export interface BlobMetadata {
  readonly file: FileId;
  readonly by: UserId;
  readonly name: string;
  /** `undefined` until the end if the sender does not know it. */
  readonly sizeBytes?: number;
  readonly to: readonly string[];
  readonly folder?: FolderSize;
  /** Time of the first offer, Unix milliseconds. */
  readonly sinceMs: number;
}

export interface FolderSize {
  readonly entries: number;
  readonly manifestBytes: number;
}

export interface ChunkReader {
  /**
   * @throws {Fault} store-failed; checksum-wrong if the disk returns fewer bytes than were written
   */
  read(index: number): Promise<Uint8Array>;
}

/** A file's content on the server. Chunks are appended in order with their checksums. */
export interface Blob extends ChunkReader {
  readonly metadata: BlobMetadata;
  /** Number of appended chunks. A crash would lose those from `durable` on. */
  readonly have: number;
  readonly durable: number;
  readonly sizeBytes: number;
  /**
   * Appends the next chunk, whose checksum was verified. Chunks of one tick share a write, in call
   * order.
   * @throws {Fault} store-full, store-failed, for this chunk and all later ones
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Makes earlier appends durable. @returns `durable` */
  sync(): Promise<number>;
  /**
   * Reads `count` existing chunks from `index` on.
   * @throws {Fault} like `read`
   */
  readSome(index: number, count: number): Promise<Uint8Array[]>;
  hash(index: number): Promise<Uint8Array>;
  /** SHA-256 over the concatenated checksums of all chunks so far. */
  digest(): Uint8Array;
  /** Time of the last append, Unix milliseconds. Survives restarts. */
  lastAppendMs(): number;
  close(): void;
}

export interface BlobStore {
  list(): Promise<BlobMetadata[]>;
  /**
   * Creates a blob. Resolves when its metadata is on disk.
   * @throws {Fault} store-full, store-…
   */
  create(about: BlobMetadata): Promise<Blob>;
  /**
   * Opens the durable part of a blob. All holders share one blob, and each closes it once.
   * @returns `undefined` if it does not exist
   */
  open(file: FileId): Promise<Blob | undefined>;
  remove(file: FileId): Promise<void>;
  /** Free bytes on the disk. */
  freeBytes(): Promise<number>;
}

/** Content of an upload, in chunks. A resumed upload starts at a later chunk. */
export interface Source {
  readonly name: string;
  /** `undefined` until a stream has ended. */
  readonly sizeBytes: number | undefined;
  readonly folder?: FolderSize;
  /** Entries of a folder that are not sent (links, sockets, …), each with its reason. */
  readonly skipped: readonly string[];
  /**
   * Absolute path, and metadata that changes with the content. `undefined` if it cannot be read
   * again.
   */
  readonly path?: string;
  readonly stamp?: string;
  /**
   * Reads chunk `index`; `undefined` after the last one. The caller owns the buffer if the source
   * has a path.
   * @throws {Fault} file-changed, not-found, …
   */
  read(index: number): Promise<Uint8Array | undefined>;
  /** Allows a stream source to drop the chunks below `upTo`. */
  release(upTo: number): void;
  /**
   * Checks that the source has not changed since the start.
   * @param digest over the checksums of all chunks sent
   * @throws {Fault} file-changed
   */
  check(digest?: Uint8Array): Promise<void>;
  /** Called before it is read for this upload. */
  begin?(file: FileId): Promise<void>;
  close(): void;
}

/** A renamed entry of a folder. Both paths are relative to that folder. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
}

/** Destination of a received file, stored beside its final name until complete. */
export interface Sink {
  /** Chunks present at the start, and so the index at which to resume. */
  readonly have: number;
  /**
   * Appends the next chunk, whose checksum was verified. The caller may reuse the buffer when this
   * resolves.
   * @throws {Fault} store-full, store-…
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Concurrent appends that share a write. Default: one. */
  readonly concurrentAppends?: number;
  sync(): Promise<void>;
  /** SHA-256 over the concatenated checksums of all chunks so far. */
  digest(): Uint8Array;
  readonly sizeBytes: number;
  /** Moves the file to its final name, without replacing another file. @returns the final path */
  finish(): Promise<string>;
  /** Renamed entries of a folder, after `finish`. */
  readonly renamed?: readonly Renamed[];
  /** Drops the content, to begin again with chunk 0. */
  restart(): Promise<void>;
  close(): void;
}
