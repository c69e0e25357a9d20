/** Interfaces for uploads that a later run can resume. */

import type { FileId } from "../../base/ids.ts";

export interface UploadKey {
  readonly fingerprint: string;
  readonly user: string;
  readonly path: string;
  readonly to: readonly string[];
  readonly name: string;
}

export interface ResumableUpload {
  readonly file: FileId;
  readonly upTo: number;
  addHashes(hashes: readonly Uint8Array[]): void;
  truncate(upTo: number): void;
  hashes(from?: number): Generator<Uint8Array>;
  remove(): void;
}

export interface FoundUpload {
  readonly upload: ResumableUpload;
  readonly isChanged: boolean;
}

export interface ResumableUploads {
  find(key: UploadKey, stamp: string): FoundUpload | undefined;
  begin(key: UploadKey, stamp: string, file: FileId, unixMs: number): ResumableUpload;
}
