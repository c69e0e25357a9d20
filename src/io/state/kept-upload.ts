/** Uploads that a later run can resume. */

import type { FileId } from "../../base/ids.ts";

/** Identifies an upload: a repeated command with the same key resumes the same file. */
export interface UploadKey {
  readonly fingerprint: string;
  readonly user: string;
  /** Absolute. */
  readonly path: string;
  readonly to: readonly string[];
  readonly name: string;
}

/** An unfinished upload. The checksums of chunks below `upTo` are known. */
export interface ResumableUpload {
  readonly file: FileId;
  readonly upTo: number;
  /** Adds the checksums of chunks `upTo`, `upTo` + 1, … */
  note(hashes: readonly Uint8Array[]): void;
  /** The server has fewer chunks: later ones are forgotten. */
  cut(upTo: number): void;
  /**
   * Checksums of the chunks below `upTo`, in order; fewer if some were lost.
   * @param from first chunk; default 0
   */
  hashes(from?: number): Generator<Uint8Array>;
  /**
   * Set if a chunk must never differ when it is read again: then each is noted before it is sent,
   * and compared with the earlier note.
   * @throws Fault file-changed
   */
  check?(from: number, hashes: readonly Uint8Array[]): void;
  /** The upload is finished or abandoned. */
  end(): void;
}

export interface FoundUpload {
  readonly upload: ResumableUpload;
  /** It was begun with other content, so that it cannot be resumed. */
  readonly changed: boolean;
}

/** Journal of uploads, so that a later run can resume them. */
export interface ResumableUploads {
  /**
   * @param stamp stamp of the source
   * @throws Fault store-…
   */
  find(key: UploadKey, stamp: string): FoundUpload | undefined;
  /**
   * Replaces an upload with the same key.
   * @throws Fault store-…
   */
  begin(key: UploadKey, stamp: string, file: FileId, unixMs: number): ResumableUpload;
}
