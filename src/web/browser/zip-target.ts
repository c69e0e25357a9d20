/** Save target that converts a folder to a zip archive, because browsers cannot create folders. */

import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { FolderPlan, type Renamed, topEntry } from "../../core/transfer/folder-plan.ts";
import { renamedComment } from "../../core/transfer/renamed-comment.ts";
import { offsetMinutes } from "../../ui/text/times.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import { isFolder, parseManifest } from "../../wire/manifest.ts";
import {
  isFolderEntry,
  type ZipEntry,
  type ZipWritten,
  zipCentral,
  zipChecksum,
  zipEnd,
  zipLocal,
} from "../../wire/zip.ts";
import type { SaveTarget } from "./environment.ts";

const DIRECTORY_WRITE_BYTES = 64 * 1024;

/** An archive cannot resume after a reload. */
export class ZipTarget implements SaveTarget {
  readonly handle = undefined;
  readonly unpacksFolder = true;
  #progress: Progress;
  #renamed: readonly Renamed[] = [];

  constructor(
    private readonly inner: SaveTarget,
    private readonly root: string,
    private readonly manifestBytes: number,
    private readonly details: FileDetails | undefined,
  ) {
    this.#progress = newProgress(manifestBytes);
  }

  /** Entries whose names differ from the sent ones. Known when the download is complete. */
  get renamed(): readonly Renamed[] {
    return this.#renamed;
  }

  /** @throws {Fault} frame-malformed if the manifest is invalid or the content is too long */
  async write(bytes: Uint8Array): Promise<void> {
    let remaining = bytes;
    const progress = this.#progress;
    if (progress.manifestLeft > 0) {
      const piece = remaining.subarray(0, progress.manifestLeft);
      progress.manifest.push(piece.slice());
      progress.manifestLeft -= piece.length;
      remaining = remaining.subarray(piece.length);
      if (progress.manifestLeft > 0) return;
      progress.entries = this.#parseEntries(progress.manifest);
      progress.manifest = [];
      await this.#next(progress);
    }
    while (remaining.length > 0) remaining = await this.#content(progress, remaining);
  }

  async flush(): Promise<void> {
    // Unused: an incomplete archive is useless.
  }

  restart(): Promise<void> {
    this.#progress = newProgress(this.manifestBytes);
    return this.inner.restart();
  }

  /** @throws {Fault} frame-malformed if the content ends before the manifest does */
  async finish(): ReturnType<SaveTarget["finish"]> {
    const progress = this.#progress;
    if (progress.manifestLeft > 0 || progress.entry !== undefined) throw malformed("ends before");
    const directoryOffset = progress.offset;
    let lines: number[] = [];
    for (const entry of progress.written) {
      for (const byte of zipCentral(entry)) lines.push(byte);
      if (lines.length < DIRECTORY_WRITE_BYTES) continue;
      await this.#put(progress, Uint8Array.from(lines));
      lines = [];
    }
    await this.#put(progress, Uint8Array.from(lines));
    const directoryBytes = progress.offset - directoryOffset;
    const table = { entries: progress.written.length, offset: directoryOffset };
    const comment = renamedComment(this.#renamed);
    await this.#put(progress, zipEnd({ ...table, sizeBytes: directoryBytes, comment }));
    return this.inner.finish();
  }

  abandon(): Promise<void> {
    return this.inner.abandon();
  }

  async #content(progress: Progress, bytes: Uint8Array): Promise<Uint8Array> {
    const { entry } = progress;
    if (entry === undefined) throw malformed("continues after");
    const piece = bytes.subarray(0, progress.entryBytesLeft);
    progress.crc = crc32(piece, progress.crc);
    progress.entryBytesLeft -= piece.length;
    await this.#put(progress, piece);
    if (progress.entryBytesLeft === 0) await this.#next(progress);
    return bytes.subarray(piece.length);
  }

  async #next(progress: Progress): Promise<void> {
    for (;;) {
      const { entry } = progress;
      if (entry !== undefined && !isFolderEntry(entry)) {
        await this.#put(progress, zipChecksum(entry, progress.crc));
        progress.written.push({ entry, offset: progress.start, crc: progress.crc });
      } else if (entry !== undefined) {
        progress.written.push({ entry, offset: progress.start, crc: 0 });
      }
      const { value } = progress.entries.next();
      progress.entry = value ?? undefined;
      if (progress.entry === undefined) return;
      progress.start = progress.offset;
      progress.crc = 0;
      progress.entryBytesLeft = progress.entry.sizeBytes;
      await this.#put(progress, zipLocal(progress.entry));
      if (progress.entryBytesLeft > 0) return;
    }
  }

  async #put(progress: Progress, bytes: Uint8Array): Promise<void> {
    progress.offset += bytes.length;
    if (bytes.length > 0) await this.inner.write(bytes);
  }

  #parseEntries(manifest: readonly Uint8Array[]): IterableIterator<ZipEntry, undefined> {
    const entries = parseManifest(concatBytes(...manifest));
    const plan = new FolderPlan(this.root, entries);
    this.#renamed = plan.renamed;
    const zipEntries = [topEntry(entries, this.details), ...entries].map((entry) => {
      const { mode, mtime } = entry;
      const path = plan.pathOf(entry);
      const fields = isFolder(entry)
        ? { path: `${path}/`, sizeBytes: 0 }
        : { path, sizeBytes: entry.size };
      return { ...fields, mode, mtime, offsetMinutes: offsetMinutes(mtime) };
    });
    return zipEntries.values();
  }
}

interface Progress {
  manifest: Uint8Array[];
  manifestLeft: number;
  entries: Iterator<ZipEntry, undefined>;
  entry: ZipEntry | undefined;
  entryBytesLeft: number;
  crc: number;
  start: number;
  offset: number;
  readonly written: ZipWritten[];
}

function newProgress(manifestLeft: number): Progress {
  const entries = [].values();
  const noEntry = { entry: undefined, entryBytesLeft: 0, crc: 0, start: 0, offset: 0 };
  return { manifest: [], manifestLeft, entries, ...noEntry, written: [] };
}

function malformed(problem: string): Fault {
  return new Fault("frame-malformed", `the folder content ${problem} its manifest`);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++)
    value = (value & 1) === 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** @internal */
function crc32(bytes: Uint8Array, before: number): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) {
    crc = (CRC_TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
