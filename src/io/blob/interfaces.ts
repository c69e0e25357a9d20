/** The interfaces of blobs, sources and sinks. */

import type { FileId, UserId } from "../../base/ids.ts";

/** What an upload is about, as its offer said. */
export interface BlobAbout {
  readonly file: FileId;
  readonly by: UserId;
  /** As sent: cleaned only where it meets a disk or a screen. */
  readonly name: string;
  /** Absent: known at the end only. */
  readonly sizeBytes?: number;
  /** Targets as the sender named them. */
  readonly to: readonly string[];
  readonly folder?: FolderSize;
  /** Unix ms of the first offer. */
  readonly sinceMs: number;
}

/** Of a folder that travels as one file. */
export interface FolderSize {
  readonly entries: number;
  readonly manifestBytes: number;
}

/** Chunks that can be read any number of times, in any order. */
export interface ChunkReader {
  /** @throws Fault store-failed, checksum-wrong (the disk gives fewer bytes than were written) */
  read(index: number): Promise<Uint8Array>;
}

/** The content of one file at the server: chunks come in order, each with its checksum. */
export interface Blob extends ChunkReader {
  readonly about: BlobAbout;
  /** Chunks that were appended; those from `durable` on would be lost in a crash. */
  readonly have: number;
  readonly durable: number;
  readonly sizeBytes: number;
  /**
   * Adds the next chunk, whose checksum was checked. Those of one tick are written at once, in the
   * order of the calls.
   * @throws Fault store-full, store-failed: it is not added, nor is what follows
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Makes all that was appended at the call durable. @returns `durable` @throws Fault store-… */
  sync(): Promise<number>;
  /** `count` chunks from `index` on, all of which are there. @throws Fault as `read` */
  readSome(index: number, count: number): Promise<Uint8Array[]>;
  /** Checksum of a chunk that is there. */
  hash(index: number): Promise<Uint8Array>;
  /** SHA-256 over the checksums of all chunks so far, concatenated. */
  digest(): Uint8Array;
  /** Unix ms of the last append, also over a restart. */
  touchedMs(): number;
  close(): void;
}

/** Where a server keeps the content of files, announced or not. */
export interface BlobStore {
  /** All that is there, in no order. Called once, at the start. @throws Fault store-… */
  list(): Promise<BlobAbout[]>;
  /** Makes it; the offer is on the disk when this resolves. @throws Fault store-full, store-… */
  create(about: BlobAbout): Promise<Blob>;
  /**
   * Opens what is there, cut back to what is surely on the disk. The same blob for all who hold it:
   * each closes it once. @returns undefined if there is none
   */
  open(file: FileId): Promise<Blob | undefined>;
  /** Removed, even if it is open. Nothing happens if there is none. */
  remove(file: FileId): Promise<void>;
  /** Bytes that the disk still takes. */
  freeBytes(): Promise<number>;
}

/** What is sent: chunks in order; resumed by reading from a later one. */
export interface Source {
  /** As it is to be called at the other end. */
  readonly name: string;
  /** Undefined until a stream has ended. */
  readonly sizeBytes: number | undefined;
  readonly folder?: FolderSize;
  /** Entries of a folder that do not travel (links, sockets, …), each named with its reason. */
  readonly leftOut: readonly string[];
  /** Absolute path, and all by which a change would show; undefined: cannot be read again. */
  readonly path?: string;
  readonly stamp?: string;
  /**
   * Chunk `index`; undefined: it is after the last. With a path the buffer is the caller's; without
   * one the same bytes may be given again. @throws Fault file-changed, not-found, …
   */
  read(index: number): Promise<Uint8Array | undefined>;
  /** Chunks below are durable elsewhere: a source that cannot be read twice may forget them. */
  release(upTo: number): void;
  /**
   * All was read: whether it still is what it was at the start.
   * @param digest over the checksums of all chunks as they were sent, if they were
   * @throws Fault file-changed
   */
  check(digest?: Uint8Array): Promise<void>;
  /** It is read next for this upload. @throws Fault store-… */
  begin?(file: FileId): Promise<void>;
  close(): void;
}

/** An entry of a folder that could not keep its name; both paths begin in that folder. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
}

/** Where a file arrives: beside its final name until it is whole. */
export interface Sink {
  /** Chunks that were here at the start: go on with this index. */
  readonly have: number;
  /**
   * Adds the next chunk, whose checksum was checked. When this resolves the buffer is not the
   * sink's any more. @throws Fault store-full, store-…
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Calls of `append` that may be under way together, to be written at once. Left out: one. */
  readonly appendsAtOnce?: number;
  /** Bytes are on the disk, and the journal says so. @throws Fault store-… */
  sync(): Promise<void>;
  /** SHA-256 over the checksums of all chunks so far, concatenated. */
  digest(): Uint8Array;
  readonly sizeBytes: number;
  /** Gives it its name, never that of another. @returns where it is now @throws Fault store-… */
  finish(): Promise<string>;
  /** After that: what lies in a folder under another name than the sender's. */
  readonly renamed?: readonly Renamed[];
  /** Forgets what is there, to begin again with chunk 0. */
  restart(): Promise<void>;
  /** Lets go; what is there can be resumed. */
  close(): void;
}
