/** The interfaces of blobs, sources and sinks. */

import type { FileId, UserId } from "../../base/ids.ts";

/** Metadata of an upload, from its offer. */
export interface BlobAbout {
  readonly file: FileId;
  readonly by: UserId;
  /** As sent: cleaned only before it is used on a disk or a screen. */
  readonly name: string;
  /** `undefined` until the end if the sender does not know it. */
  readonly sizeBytes?: number;
  /** Targets as the sender named them. */
  readonly to: readonly string[];
  readonly folder?: FolderSize;
  /** Unix ms of the first offer. */
  readonly sinceMs: number;
}

/** Size of a folder that is sent as one file. */
export interface FolderSize {
  readonly entries: number;
  readonly manifestBytes: number;
}

/** Chunks that can be read any number of times, in any order. */
export interface ChunkReader {
  /** @throws Fault store-failed, checksum-wrong (the disk gives fewer bytes than were written) */
  read(index: number): Promise<Uint8Array>;
}

/** The content of one file at the server: chunks are appended in order with their checksums. */
export interface Blob extends ChunkReader {
  readonly about: BlobAbout;
  /** Number of appended chunks; those from `durable` on would be lost in a crash. */
  readonly have: number;
  readonly durable: number;
  readonly sizeBytes: number;
  /**
   * Adds the next chunk, whose checksum was verified. Chunks of one tick are written together, in
   * the order of the calls.
   * @throws Fault store-full, store-failed: neither this chunk nor later ones are added
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /**
   * Makes everything appended before the call durable.
   * @returns `durable`
   * @throws Fault store-…
   */
  sync(): Promise<number>;
  /**
   * Reads `count` existing chunks from `index` on.
   * @throws Fault as `read`
   */
  readSome(index: number, count: number): Promise<Uint8Array[]>;
  /** Checksum of an existing chunk. */
  hash(index: number): Promise<Uint8Array>;
  /** SHA-256 over the checksums of all chunks so far, concatenated. */
  digest(): Uint8Array;
  /** Unix ms of the last append; survives a restart. */
  touchedMs(): number;
  close(): void;
}

/** Stores the content of a server's files, announced or not. */
export interface BlobStore {
  /**
   * Lists all files, in no order. Called once, at the start.
   * @throws Fault store-…
   */
  list(): Promise<BlobAbout[]>;
  /**
   * Creates a blob; the offer is on disk when this resolves.
   * @throws Fault store-full, store-…
   */
  create(about: BlobAbout): Promise<Blob>;
  /**
   * Opens a blob, cut back to its durable part. All holders share one blob: each closes it once.
   * @returns undefined if it does not exist
   */
  open(file: FileId): Promise<Blob | undefined>;
  /** Removes a blob, even an open one. No-op if it does not exist. */
  remove(file: FileId): Promise<void>;
  /** Free bytes of the disk. */
  freeBytes(): Promise<number>;
}

/** The content of an upload: chunks in order; an upload resumes at a later chunk. */
export interface Source {
  /** Name for the receiver. */
  readonly name: string;
  /** `undefined` until a stream has ended. */
  readonly sizeBytes: number | undefined;
  readonly folder?: FolderSize;
  /** Entries of a folder that are not sent (links, sockets, …), each named with its reason. */
  readonly leftOut: readonly string[];
  /** Absolute path with everything that shows a change; `undefined` if it cannot be read again. */
  readonly path?: string;
  readonly stamp?: string;
  /**
   * Reads chunk `index`; `undefined` after the last. The caller owns the buffer if the source has a
   * path; otherwise the same bytes may be returned again.
   * @throws Fault file-changed, not-found, …
   */
  read(index: number): Promise<Uint8Array | undefined>;
  /** Chunks below are durable elsewhere: a stream source may drop them. */
  release(upTo: number): void;
  /**
   * Checks at the end that the source did not change since the start.
   * @param digest over the checksums of all chunks as sent, if they were
   * @throws Fault file-changed
   */
  check(digest?: Uint8Array): Promise<void>;
  /**
   * Called before it is read for this upload.
   * @throws Fault store-…
   */
  begin?(file: FileId): Promise<void>;
  close(): void;
}

/** An entry of a folder whose name was changed; both paths are relative to that folder. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
}

/** Destination of a received file, kept beside its final name until it is complete. */
export interface Sink {
  /** Chunks present at the start: resume with this index. */
  readonly have: number;
  /**
   * Adds the next chunk, whose checksum was verified. When this resolves the caller may reuse the
   * buffer.
   * @throws Fault store-full, store-…
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Concurrent calls of `append` that are written together. `undefined` means one. */
  readonly appendsAtOnce?: number;
  /**
   * Makes the bytes and the journal durable.
   * @throws Fault store-…
   */
  sync(): Promise<void>;
  /** SHA-256 over the checksums of all chunks so far, concatenated. */
  digest(): Uint8Array;
  readonly sizeBytes: number;
  /**
   * Moves the file to its final name; never replaces another file.
   * @returns the final path
   * @throws Fault store-…
   */
  finish(): Promise<string>;
  /** Available after `finish`: entries of a folder whose names differ from the sender's. */
  readonly renamed?: readonly Renamed[];
  /** Drops the content, to begin again with chunk 0. */
  restart(): Promise<void>;
  /** Closes the files; the content can be resumed. */
  close(): void;
}
