/** List of a source folder, which is made again when files change while the folder is sent. */

import { assert } from "../../base/assert.ts";
import {
  encodeManifest,
  FolderMap,
  type ManifestEntry,
  type ManifestFile,
  parseManifest,
} from "../../wire/manifest.ts";

/** Entry of a source folder that is not sent. */
export interface SkippedEntry {
  /** Relative to the folder. */
  readonly path: string;
  readonly reason: string;
}

/** Part of a listed file, and the bytes to read it into. */
export interface FilePart {
  readonly file: ManifestFile;
  /** Start of the file in the folder's content. */
  readonly start: number;
  readonly offset: number;
  readonly into: Uint8Array;
}

/** List of a folder's entries, encoded as the beginning of its content. */
export class FolderList {
  readonly manifest: Uint8Array;
  readonly map: FolderMap;
  readonly size: { readonly entries: number; readonly manifestBytes: number };

  /** @throws {Fault} too-large, name-invalid, frame-malformed if no receiver accepts the list */
  constructor(entries: readonly ManifestEntry[]) {
    this.manifest = encodeManifest(entries);
    this.map = new FolderMap(parseManifest(this.manifest), this.manifest.length);
    this.size = { entries: entries.length, manifestBytes: this.manifest.length };
  }

  /**
   * Fills the bytes with the folder's content from `offset` on, as far as it is the manifest.
   * @returns the parts of files that the caller must read
   */
  fill(bytes: Uint8Array, offset: number): readonly FilePart[] {
    let at = 0;
    const parts: FilePart[] = [];
    for (const piece of this.map.pieces(offset, bytes.length)) {
      const into = bytes.subarray(at, at + piece.sizeBytes);
      const start = offset + at - piece.offset;
      at += piece.sizeBytes;
      if (piece.kind === "manifest")
        into.set(this.manifest.subarray(piece.offset, piece.offset + piece.sizeBytes));
      else parts.push({ file: piece.file, start, offset: piece.offset, into });
    }
    assert(at === bytes.length, "the bytes are within the content");
    return parts;
  }
}

export const REMOVED = "it was removed while the folder was sent";

/**
 * Maximum number of lists of one folder. Each new list restarts the upload, because it precedes the
 * contents.
 */
const LISTS_MAX = 12;
/** Lists that a file may make necessary before it is left out. */
const LISTS_PER_FILE_MAX = 2;

interface Listed {
  readonly entries: readonly ManifestEntry[];
  readonly skipped: readonly SkippedEntry[];
}

/** Decides when a folder is listed again, and which files the next list leaves out. */
export class Relisting {
  readonly #skipped = new Map<string, SkippedEntry>();
  readonly #leftOut = new Set<string>();
  readonly #counts = new Map<string, number>();
  #lists = 1;
  #failed: (SkippedEntry & { readonly isFinal: boolean }) | undefined;

  constructor(skipped: readonly SkippedEntry[]) {
    this.#skip(skipped);
  }

  get skipped(): readonly SkippedEntry[] {
    return [...this.#skipped.values()];
  }

  /**
   * Call when a listed file cannot be read to its end.
   * @param isFinal true if a new list would not help
   */
  failed(path: string, reason: string, isFinal: boolean): void {
    this.#failed = { path, reason, isFinal };
  }

  /** Returns the files that the next list leaves out; `undefined` if no further list helps. */
  begin(): ReadonlySet<string> | undefined {
    const failed = this.#failed;
    if (failed === undefined || this.#lists >= LISTS_MAX) return undefined;
    const { path, isFinal } = failed;
    this.#lists += 1;
    const count = (this.#counts.get(path) ?? 0) + 1;
    this.#counts.set(path, count);
    if (isFinal || count >= LISTS_PER_FILE_MAX) this.#leftOut.add(path);
    return this.#leftOut;
  }

  /** Adds entries that the new list lacks to `skipped`, without those inside a removed folder. */
  end({ entries: before }: Pick<Listed, "entries">, { entries, skipped }: Listed): void {
    this.#skip(skipped);
    const listed = new Set(entries.map(({ path }) => path));
    const removed = new Set(before.flatMap(({ path }) => (listed.has(path) ? [] : [path])));
    for (const path of [...removed].sort()) {
      if (path.includes("/") && removed.has(path.slice(0, path.lastIndexOf("/")))) continue;
      const reason = path === this.#failed?.path ? this.#failed.reason : REMOVED;
      this.#skip([{ path, reason }]);
    }
    this.#failed = undefined;
  }

  #skip(entries: readonly SkippedEntry[]): void {
    for (const entry of entries)
      if (!this.#skipped.has(entry.path)) this.#skipped.set(entry.path, entry);
  }
}
