/** Journal of unfinished uploads, which a later run can resume. */

import { concatBytes, SHA256_BYTES } from "../../base/bytes.ts";
import type { FileId } from "../../base/ids.ts";
import { UPLOAD_KEEP_MS } from "../../base/limits.ts";
import { HomeTable } from "./home-tables.ts";

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
  setStamp(stamp: string): void;
  hashes(from?: number): Generator<Uint8Array>;
  remove(): void;
}

export interface FoundUpload {
  readonly upload: ResumableUpload;
  /** Stamp of the source whose chunks were sent. */
  readonly stamp: string;
}

export interface ResumableUploads {
  find(key: UploadKey): FoundUpload | undefined;
  begin(key: UploadKey, stamp: string, file: FileId, unixMs: number): ResumableUpload;
}

const ROW_HASHES = 64;

interface Row {
  readonly file: string;
  readonly stamp: string;
  readonly upTo: number;
}

/** The journal is only an optimisation: the server decides which chunks are durable. */
export class UploadJournal extends HomeTable implements ResumableUploads {
  find(key: UploadKey): FoundUpload | undefined {
    const sql = `SELECT file, stamp, up_to AS upTo FROM uploads
      WHERE fingerprint = ? AND user = ? AND path = ? AND targets = ? AND name = ?`;
    const row = this.database.get<Row>(sql, ...columnsOf(key));
    if (row === undefined) return undefined;
    return { upload: this.#resumable(row.file as FileId, row.upTo), stamp: row.stamp };
  }

  begin(key: UploadKey, stamp: string, file: FileId, unixMs: number): ResumableUpload {
    const nowMs = Math.trunc(unixMs);
    this.database.transact(() => {
      this.database.run("DELETE FROM uploads WHERE touched_ms < ?", nowMs - UPLOAD_KEEP_MS);
      const sql = `DELETE FROM uploads
        WHERE fingerprint = ? AND user = ? AND path = ? AND targets = ? AND name = ?`;
      this.database.run(sql, ...columnsOf(key));
      const insert = `INSERT INTO uploads
        (file, fingerprint, user, path, targets, name, stamp, up_to, touched_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)`;
      this.database.run(insert, file, ...columnsOf(key), stamp, nowMs);
    });
    return this.#resumable(file, 0);
  }

  #resumable(file: FileId, storedChunks: number): ResumableUpload {
    let upTo = storedChunks;
    let row: readonly Uint8Array[] = [];
    return {
      file,
      get upTo() {
        return upTo;
      },
      addHashes: (hashes) => {
        if (hashes.length === 0) return;
        row = row.length + hashes.length > ROW_HASHES ? hashes : [...row, ...hashes];
        upTo += hashes.length;
        this.#store(file, upTo - row.length, row);
      },
      truncate: (to) => {
        if (to >= upTo) return;
        this.#truncate(file, to);
        row = [];
        upTo = to;
      },
      setStamp: (stamp) => {
        this.database.run("UPDATE uploads SET stamp = ? WHERE file = ?", stamp, file);
      },
      hashes: (from = 0) => this.#hashes(file, from, upTo),
      remove: () => {
        this.database.run("DELETE FROM uploads WHERE file = ?", file);
      },
    };
  }

  #store(file: FileId, from: number, hashes: readonly Uint8Array[]): void {
    this.#withoutSync(() => {
      const upTo = from + hashes.length;
      const sql = "UPDATE uploads SET up_to = MAX(up_to, ?) WHERE file = ?";
      if (this.database.run(sql, upTo, file) === 0) return;
      const insert = "INSERT OR REPLACE INTO upload_hashes VALUES (?, ?, ?)";
      this.database.run(insert, file, from, concatBytes(...hashes));
    });
  }

  #truncate(file: FileId, upTo: number): void {
    this.#withoutSync(() => {
      this.database.run("UPDATE uploads SET up_to = MIN(up_to, ?) WHERE file = ?", upTo, file);
      this.database.run("DELETE FROM upload_hashes WHERE file = ? AND first >= ?", file, upTo);
    });
  }

  *#hashes(file: FileId, from: number, upTo: number): Generator<Uint8Array> {
    const sql = `SELECT first, hashes FROM upload_hashes
      WHERE file = ? AND first <= ? ORDER BY first DESC LIMIT 1`;
    for (let at = from; at < upTo; ) {
      const storedChunks = this.database.get<{ first: number; hashes: Uint8Array }>(sql, file, at);
      if (storedChunks === undefined) return;
      const end = storedChunks.first + storedChunks.hashes.length / SHA256_BYTES;
      if (end <= at) return;
      for (; at < Math.min(end, upTo); at++) {
        const offset = (at - storedChunks.first) * SHA256_BYTES;
        yield storedChunks.hashes.slice(offset, offset + SHA256_BYTES);
      }
    }
  }

  #withoutSync(act: () => void): void {
    this.database.run("PRAGMA synchronous = NORMAL");
    try {
      this.database.transact(act);
    } finally {
      this.database.run("PRAGMA synchronous = FULL");
    }
  }
}

function columnsOf({ fingerprint, user, path, to, name }: UploadKey): string[] {
  return [fingerprint, user.toLowerCase(), path, JSON.stringify([...to].sort()), name];
}
