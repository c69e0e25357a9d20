/** Interfaces of uploads that a later run can resume. */

import type { FileId } from "../../base/ids.ts";

/** Identifies an upload. Repeating a command yields the same key and resumes the upload. */
export interface UploadKey {
  readonly fingerprint: string;
  readonly user: string;
  readonly path: string;
  readonly to: readonly string[];
  readonly name: string;
}

/** An unfinished upload. The checksums of chunks below `upTo` are stored. */
export interface ResumableUpload {
  readonly file: FileId;
  readonly upTo: number;
  /** Appends the checksums of chunks from `upTo` on. */
  addHashes(hashes: readonly Uint8Array[]): void;
  /** Drops the checksums from `upTo` on, because the server has fewer chunks. */
  truncate(upTo: number): void;
  /**
   * Checksums of the chunks below `upTo`, in order; fewer if some were lost.
   * @param from first chunk; default 0
   */
  hashes(from?: number): Generator<Uint8Array>;
  /**
   * Defined if a chunk must never change. Each chunk is then stored before it is sent, and compared
   * when read again.
   * @throws {Fault} file-changed
   */
  check?(from: number, hashes: readonly Uint8Array[]): void;
  /** Call it when the upload is finished or abandoned. */
  remove(): void;
}

export interface FoundUpload {
  readonly upload: ResumableUpload;
  /** The content has changed, so the upload cannot be resumed. */
  readonly isChanged: boolean;
}

/** Journal of uploads. */
export interface ResumableUploads {
  /**
   * @param stamp stamp of the source
   * @throws {Fault} store-…
   */
  find(key: UploadKey, stamp: string): FoundUpload | undefined;
  /**
   * Replaces an upload with the same key.
   * @throws {Fault} store-…
   */
  begin(key: UploadKey, stamp: string, file: FileId, unixMs: number): ResumableUpload;
}
