/** Uploads that a later run can resume. */

import type { FileId } from "../../base/ids.ts";

/** What makes two sendings the same: a repeated command goes on with the same file. */
export interface UploadKey {
  readonly fingerprint: string;
  readonly user: string;
  /** Absolute. */
  readonly path: string;
  readonly to: readonly string[];
  readonly name: string;
}

/** One upload that is not finished. The checksums of chunks below `upTo` are known. */
export interface ResumableUpload {
  readonly file: FileId;
  readonly upTo: number;
  /** The checksums of chunks `upTo`, `upTo` + 1, … */
  note(hashes: readonly Uint8Array[]): void;
  /** The server has fewer than that: what follows is forgotten. */
  cut(upTo: number): void;
  /**
   * The checksums of the chunks below `upTo`, in order; fewer, where some were lost.
   * @param from the first of them; 0 if left out
   */
  hashes(from?: number): Generator<Uint8Array>;
  /**
   * Only where a chunk may never be another one when it is read again: then each is noted before it
   * goes out, and checked against what was noted of it before.
   * @throws Fault file-changed
   */
  check?(from: number, hashes: readonly Uint8Array[]): void;
  /** Finished or given up. */
  end(): void;
}

export interface FoundUpload {
  readonly upload: ResumableUpload;
  /** It was begun with other content, so that it cannot be gone on with. */
  readonly changed: boolean;
}

/** Where uploads are noted, so that a run that is gone can be followed. */
export interface ResumableUploads {
  /** @param stamp the source's @throws Fault store-… */
  find(key: UploadKey, stamp: string): FoundUpload | undefined;
  /** Takes the place of an upload with the same key. @throws Fault store-… */
  begin(key: UploadKey, stamp: string, file: FileId, unixMs: number): ResumableUpload;
}
