/** File or folder as the source of an upload. */

import * as fs from "node:fs";
import { basename, join, resolve } from "node:path";
import { assert } from "../../base/assert.ts";
import { utf8Decode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  CHUNK_BYTES,
  FILE_BYTES_MAX,
  FOLDER_ENTRIES_MAX,
  PATH_BYTES_MAX,
} from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { clampUnixMs } from "../../base/time.ts";
import { chunkSize } from "../../wire/chunks.ts";
import { type FileDetails, PERMISSIONS } from "../../wire/file-details.ts";
import {
  encodeManifest,
  FolderMap,
  type ManifestEntry,
  type ManifestFile,
  parseManifest,
} from "../../wire/manifest.ts";
import type { FolderSize, SkippedEntry, Source } from "../blob/interfaces.ts";
import { acquireBuffer } from "../disk/buffer-pool.ts";
import { diskFault, errorCode, onDisk, skipBytes } from "../disk/disk.ts";
import { openPlain } from "../disk/plain-file.ts";
import { diskBytesOf, readAt, readBuffersAt } from "../disk/system-disk.ts";
import { inParallel } from "../task-queue.ts";

export function stampOf({ dev, ino, size, mtimeNs }: fs.BigIntStats): string {
  return `${dev}.${ino}.${size}.${mtimeNs}`;
}

export function changedFault(path: string): Fault {
  return new Fault("file-changed", msg`${quoteText(path)} changed while it was sent`);
}

const ENTRIES_PER_TURN = 256;
const NS_PER_MS = 1_000_000n;

interface FolderWalk {
  readonly root: string;
  /** Details of the folder itself. */
  readonly details: FileDetails;
  readonly entries: ManifestEntry[];
  readonly stamps: Map<string, string>;
  readonly skipped: SkippedEntry[];
}

/** Folder as one file: its manifest followed by the contents. */
class FolderSource implements Source {
  readonly name: string;
  readonly path: string;
  readonly stamp: string;
  readonly folder: FolderSize;
  readonly details: FileDetails;
  readonly skipped: readonly SkippedEntry[];
  readonly #manifest: Uint8Array;
  readonly #map: FolderMap;
  readonly #stamps: ReadonlyMap<string, string>;
  #current: { readonly path: string; readonly fd: number } | undefined;
  #isReading = false;
  #isClosed = false;

  constructor({ root, details, entries, stamps, skipped }: FolderWalk) {
    this.path = root;
    this.details = details;
    this.name = basename(root) || "folder";
    this.skipped = skipped;
    this.#manifest = encodeManifest(entries);
    this.#map = new FolderMap(parseManifest(this.#manifest), this.#manifest.length);
    this.#stamps = stamps;
    this.folder = { entries: entries.length, manifestBytes: this.#manifest.length };
    const hash = new Bun.CryptoHasher("sha256");
    for (const stamp of stamps.values()) hash.update(stamp).update("\n");
    this.stamp = hash.update(this.#manifest).digest("hex");
  }

  get sizeBytes(): number {
    return this.#map.sizeBytes;
  }

  async read(index: number): Promise<Uint8Array | undefined> {
    assert(!this.#isClosed && !this.#isReading, "one read is in progress at a time");
    const offset = index * CHUNK_BYTES;
    if (offset >= this.sizeBytes) return undefined;
    const bytes = acquireBuffer(Math.min(CHUNK_BYTES, this.sizeBytes - offset));
    this.#isReading = true;
    try {
      await this.#fill(bytes, offset);
      return bytes;
    } finally {
      this.#isReading = false;
      if (this.#isClosed) this.#closeCurrent();
    }
  }

  release(): void {}

  async check(): Promise<void> {
    let checked = 0;
    for (const [path, stamp] of this.#stamps) {
      if (++checked % ENTRIES_PER_TURN === 0) await Bun.sleep(0);
      const entryPath = join(this.path, path);
      // The folder itself may be a link.
      const stat = path === "" ? fs.statSync : fs.lstatSync;
      const current = stat(entryPath, { bigint: true, throwIfNoEntry: false });
      if (current === undefined || stampOf(current) !== stamp) throw changedFault(entryPath);
    }
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isReading) this.#closeCurrent();
  }

  async #fill(bytes: Uint8Array, offset: number): Promise<void> {
    let at = 0;
    const reads: (() => Promise<void>)[] = [];
    for (const piece of this.#map.pieces(offset, bytes.length)) {
      const part = bytes.subarray(at, at + piece.sizeBytes);
      at += piece.sizeBytes;
      if (piece.kind === "manifest") {
        part.set(this.#manifest.subarray(piece.offset, piece.offset + piece.sizeBytes));
      } else if (piece.sizeBytes === piece.file.size) {
        reads.push(() => this.#readFile(piece.file, part));
      } else {
        reads.push(() => this.#readPart(piece.file, part, piece.offset));
      }
    }
    // Wait for all reads even after an error, because they write to the buffers.
    await inParallel(reads, (read) => read());
  }

  async #readFile(file: ManifestFile, into: Uint8Array): Promise<void> {
    const path = join(this.path, file.path);
    const fd = this.#open(path);
    try {
      await this.#readFrom(fd, file, into, 0);
    } finally {
      fs.closeSync(fd);
    }
  }

  async #readPart(file: ManifestFile, into: Uint8Array, offset: number): Promise<void> {
    const path = join(this.path, file.path);
    const isEnd = offset + into.length === file.size;
    const known = this.#current?.path === path ? this.#current.fd : undefined;
    const fd = known ?? this.#open(path);
    if (known !== undefined) this.#current = undefined;
    try {
      await this.#readFrom(fd, file, into, offset);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    if (isEnd) {
      fs.closeSync(fd);
      return;
    }
    this.#closeCurrent();
    this.#current = { path, fd };
  }

  async #readFrom(fd: number, file: ManifestFile, into: Uint8Array, offset: number): Promise<void> {
    const path = join(this.path, file.path);
    await onDisk(path, async () => {
      const bytesRead = await readAt(fd, into, offset);
      const stamp = stampOf(fs.fstatSync(fd, { bigint: true }));
      const isSame = bytesRead === into.length && stamp === this.#stamps.get(file.path);
      if (!isSame) throw changedFault(path);
    });
  }

  #open(path: string): number {
    try {
      return openPlain(path, "read");
    } catch (error) {
      const isRemoved = ["ENOENT", "ENOTDIR", "ELOOP"].includes(errorCode(error));
      throw isRemoved ? changedFault(path) : diskFault(error, path);
    }
  }

  #closeCurrent(): void {
    if (this.#current !== undefined) fs.closeSync(this.#current.fd);
    this.#current = undefined;
  }
}

async function walkFolder(root: string): Promise<FolderWalk> {
  const stat = fs.statSync(root, { bigint: true });
  const details = detailsOf(stat);
  const walk: FolderWalk = { root, details, entries: [], stamps: new Map(), skipped: [] };
  walk.stamps.set("", stampOf(stat));
  const pendingFolders = [""];
  for (let folder = pendingFolders.pop(); folder !== undefined; folder = pendingFolders.pop()) {
    for (const raw of fs.readdirSync(join(root, folder), { encoding: "buffer" })) {
      const path = addEntry(walk, folder, raw);
      if (path !== undefined) pendingFolders.push(path);
      if (walk.entries.length % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await Bun.sleep(0);
    }
  }
  return walk;
}

function addEntry(walk: FolderWalk, folder: string, raw: Uint8Array): string | undefined {
  const name = decodeName(raw);
  const path = folder === "" ? (name ?? "") : `${folder}/${name ?? ""}`;
  if (name === undefined) {
    const displayPath = join(folder, Buffer.from(raw).toString());
    walk.skipped.push({ path: displayPath, reason: "its name is not UTF-8" });
    return undefined;
  }
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    walk.skipped.push({ path, reason: `its path is longer than ${PATH_BYTES_MAX} bytes` });
    return undefined;
  }
  const stat = fs.lstatSync(join(walk.root, path), { bigint: true });
  const reason = stat.isFile() || stat.isDirectory() ? undefined : describeSpecial(stat);
  if (reason !== undefined) {
    walk.skipped.push({ path, reason });
    return undefined;
  }
  if (walk.entries.length >= FOLDER_ENTRIES_MAX) {
    const message = msg`${quoteText(walk.root)} has more than ${FOLDER_ENTRIES_MAX} entries`;
    throw new Fault("too-large", message);
  }
  walk.stamps.set(path, stampOf(stat));
  walk.entries.push(entryOf(path, stat));
  if (stat.isDirectory()) return path;
  fs.accessSync(join(walk.root, path), fs.constants.R_OK);
  return undefined;
}

function entryOf(path: string, stat: fs.BigIntStats): ManifestEntry {
  const mode = Number(stat.mode) & PERMISSIONS;
  const mtime = mtimeMsOf(stat);
  if (stat.isDirectory()) return { path, dir: true, mode, mtime };
  return { path, size: Number(stat.size), mode, mtime };
}

/** Windows has no modes: those of its files would only remove the receiver's default. */
function detailsOf(stat: fs.BigIntStats): FileDetails {
  const mtimeMs = mtimeMsOf(stat);
  if (process.platform === "win32") return { mtimeMs };
  return { mode: Number(stat.mode) & PERMISSIONS, mtimeMs };
}

/** Rounds down even for times before 1970, so that no file becomes newer. */
function mtimeMsOf({ mtimeNs }: fs.BigIntStats): number {
  const ms = mtimeNs / NS_PER_MS;
  return clampUnixMs(Number(mtimeNs % NS_PER_MS < 0n ? ms - 1n : ms));
}

function describeSpecial(stat: fs.BigIntStats): string {
  if (stat.isSymbolicLink()) return "symbolic link";
  if (stat.isSocket()) return "socket";
  return stat.isFIFO() ? "named pipe" : "device";
}

function decodeName(raw: Uint8Array): string | undefined {
  try {
    return utf8Decode(raw);
  } catch {
    return undefined;
  }
}

/**
 * Skips links inside a folder, but `path` itself may be a link.
 * @throws {Fault} not-found, store-denied or too-large if the file cannot be sent, usage if it is
 * neither a file nor a folder
 */
export async function openSource(path: string): Promise<Source> {
  const absolute = resolve(path);
  try {
    if (statSource(path).isDirectory()) return await openFolder(absolute);
    return new FileSource(absolute);
  } catch (error) {
    throw sourceFault(error, path);
  }
}

async function openFolder(path: string): Promise<Source> {
  try {
    return new FolderSource(await walkFolder(path));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "too-large") throw error;
    const message = error.translatable.message ?? error.message;
    const remedy = msg`send it as an archive: tar c DIR | chat send-file - --name DIR.tar`;
    throw new Fault("too-large", message, { remedy, cause: error });
  }
}

/** @throws {Fault} not-found, store-denied, too-large, usage like `openSource` */
export function checkSource(path: string): void {
  try {
    statSource(path);
  } catch (error) {
    throw sourceFault(error, path);
  }
}

function statSource(path: string): fs.Stats {
  const stat = fs.statSync(resolve(path));
  if (stat.isDirectory() || stat.isFile()) return stat;
  throw specialFileFault(`${quoteText(path)} is neither a file nor a folder`);
}

function specialFileFault(message: string): Fault {
  return new Fault("usage", message, { remedy: "pipe its content to standard input: -" });
}

function sourceFault(error: unknown, path: string): Fault {
  if (!["ENOENT", "ENOTDIR", "ELOOP"].includes(errorCode(error))) {
    const isNamed = error instanceof Error && "path" in error;
    return diskFault(error, isNamed ? String(error.path) : path);
  }
  return new Fault("not-found", msg`no such file: ${quoteText(path)}`, { cause: error });
}

/**
 * Number of chunks per sequential read. Four chunks amortise the thread switch of a read, which
 * costs as much as reading two chunks.
 */
const BLOCK_CHUNKS = 4;

class FileSource implements Source {
  readonly name: string;
  readonly sizeBytes: number;
  readonly stamp: string;
  readonly diskBytes: number | undefined;
  readonly details: FileDetails;
  readonly skipped = [];
  readonly #fd: number;
  #block: Uint8Array[] = [];
  #next = 0;
  #isClosed = false;

  constructor(readonly path: string) {
    const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants; // Opening some files in /proc would block.
    this.#fd = fs.openSync(path, O_RDONLY | O_NONBLOCK);
    const stat = fs.fstatSync(this.#fd, { bigint: true });
    this.name = basename(path);
    this.sizeBytes = Number(stat.size);
    this.stamp = stampOf(stat);
    this.diskBytes = diskBytesOf({ blocks: Number(stat.blocks) });
    this.details = detailsOf(stat);
    try {
      this.#checkSize();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #checkSize(): void {
    const { path, sizeBytes } = this;
    if (sizeBytes > FILE_BYTES_MAX) {
      throw new Fault("too-large", msg`${quoteText(path)} is too large: ${sizeBytes} bytes`);
    }
    // Files in /proc have size 0 and generate their content when read.
    if (sizeBytes === 0 && fs.readSync(this.#fd, new Uint8Array(1), 0, 1, 0) > 0) {
      throw specialFileFault(`${quoteText(path)} has an unknown size`);
    }
  }

  async read(index: number): Promise<Uint8Array | undefined> {
    assert(!this.#isClosed, "the source is open");
    const isNext = index === this.#next;
    this.#next = index + 1;
    if (!isNext) this.#block = [];
    const cached = this.#block.shift();
    if (cached !== undefined) return cached;
    const [first, ...following] = await this.#read(index, isNext ? BLOCK_CHUNKS : 1);
    if (this.#next === index + 1) this.#block = following;
    return first;
  }

  async #read(from: number, count: number): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    for (let index = from; index < from + count; index++) {
      const sizeBytes = chunkSize(index, this.sizeBytes);
      if (sizeBytes > 0) chunks.push(acquireBuffer(sizeBytes));
    }
    if (chunks.length === 0) return chunks;
    await onDisk(this.path, async () => {
      const bytesRead = await readBuffersAt(this.#fd, chunks, from * CHUNK_BYTES);
      const isComplete = skipBytes(chunks, bytesRead).length === 0;
      // Check the stamp after reading, to detect changes during the read.
      if (!isComplete || !this.#isSame()) throw changedFault(this.path);
    });
    return chunks;
  }

  release(): void {}

  async check(): Promise<void> {
    const current = fs.statSync(this.path, { bigint: true, throwIfNoEntry: false });
    const isSame = current !== undefined && stampOf(current) === this.stamp && this.#isSame();
    if (!isSame) throw changedFault(this.path);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    fs.closeSync(this.#fd);
  }

  #isSame(): boolean {
    return !this.#isClosed && stampOf(fs.fstatSync(this.#fd, { bigint: true })) === this.stamp;
  }
}
