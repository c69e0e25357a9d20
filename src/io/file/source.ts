/** File or folder as the source of an upload. */

import * as fs from "node:fs";
import { basename, join } from "node:path";
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
import {
  type FilePart,
  FolderList,
  REMOVED,
  Relisting,
  type SkippedEntry,
} from "../../core/transfer/folder-list.ts";
import { chunkCount, chunkSize } from "../../wire/chunks.ts";
import type { AllFileDetails, FileDetails } from "../../wire/file-details.ts";
import type { ManifestEntry } from "../../wire/manifest.ts";
import { sentMode } from "../../wire/modes.ts";
import type {
  ChunkRange,
  FolderSize,
  LocalSource,
  ReadableFile,
  StampMatch,
} from "../blob/interfaces.ts";
import { acquireBuffer } from "../disk/buffer-pool.ts";
import { diskFault, errorCode, onDisk, skipBytes } from "../disk/disk.ts";
import { openPlain, withFile } from "../disk/plain-file.ts";
import { diskBytesOf, readAt, readBuffersAt } from "../disk/system-disk.ts";
import { absolutePath } from "../disk/working-folder.ts";
import { inParallel, TaskQueue } from "../task-queue.ts";
import {
  ChangeTimes,
  matchStamps,
  NS_PER_MS_BIGINT,
  stampOf,
  stampOfSize,
  untilSettledMs,
} from "./stamp.ts";

export function changedFault(path: string): Fault {
  return new Fault("file-changed", msg`${quoteText(path)} changed while it was sent`);
}

const ENTRIES_PER_TURN = 256;
const SHORTENED = "it became shorter while the folder was sent";
const UNSTEADY = "it kept changing while the folder was sent";
const UNREADABLE = "permission denied";
const UNKNOWN_SIZE = "its size is unknown; pipe its content to standard input: -";

interface FolderWalk {
  readonly root: string;
  readonly leftOut: ReadonlySet<string>;
  /** Details of the folder itself. */
  readonly details: FileDetails;
  readonly entries: ManifestEntry[];
  /** Stamps of the files. */
  readonly stamps: Map<string, string>;
  readonly skipped: SkippedEntry[];
  readonly changeTimes: ChangeTimes;
  areTimesKept: boolean;
}

class StampedList extends FolderList {
  readonly stamp: string;

  constructor(readonly walk: FolderWalk) {
    super(walk.entries);
    const hash = new Bun.CryptoHasher("sha256");
    for (const stamp of walk.stamps.values()) hash.update(stamp).update("\n");
    this.stamp = stampOfSize(this.map.sizeBytes, hash.update(this.manifest).digest("hex"));
  }
}

/**
 * Folder as one file: its manifest followed by the contents. Only the listed files matter. Each is
 * read as of one moment, up to its listed size.
 */
class FolderSource implements LocalSource {
  readonly name: string;
  readonly path: string;
  readonly details: FileDetails;
  readonly #grown = new Set<string>();
  readonly #relisting: Relisting;
  #list: StampedList;
  /** Stamps before the first byte of a file was read, initially those of the list. */
  #stamps: Map<string, string>;
  readonly #begun = new Set<string>();
  readonly #changed = new Set<string>();
  #mayHaveChanged = false;
  #unproven: ChunkRange | undefined;
  #unprovenFiles = new Set<string>();
  #current: { readonly path: string; readonly fd: number } | undefined;
  readonly #reading = new TaskQueue();
  #isClosed = false;

  constructor(walk: FolderWalk) {
    this.path = walk.root;
    this.name = basename(walk.root) || "folder";
    this.details = walk.details;
    this.#relisting = new Relisting(walk.skipped);
    this.#list = new StampedList(walk);
    this.#stamps = walk.stamps;
  }

  get skipped(): readonly SkippedEntry[] {
    return this.#relisting.skipped;
  }

  get sizeBytes(): number {
    return this.#list.map.sizeBytes;
  }

  get folder(): FolderSize {
    return this.#list.size;
  }

  get stamp(): string {
    return this.#list.stamp;
  }

  get grown(): readonly string[] {
    return [...this.#grown];
  }

  *files(): Iterable<ReadableFile> {
    for (const path of this.#list.walk.stamps.keys()) {
      const peek: ReadableFile["peek"] = (at, length) => this.#peek(path, at, length);
      yield { name: `${this.name}/${path}`, peek };
    }
  }

  get unproven(): ChunkRange | undefined {
    return this.#unproven;
  }

  get mayHaveChanged(): boolean {
    return this.#mayHaveChanged || !this.#list.walk.areTimesKept;
  }

  matchStamp(stored: string): StampMatch {
    return matchStamps(stored, this.stamp, this.#list.walk.areTimesKept);
  }

  proven(): void {
    this.#unproven = undefined;
    this.#unprovenFiles.clear();
  }

  read(index: number): Promise<Uint8Array | undefined> {
    assert(!this.#isClosed, "the source is open");
    return this.#reading.run(() => this.#read(index));
  }

  async #read(index: number): Promise<Uint8Array | undefined> {
    const offset = index * CHUNK_BYTES;
    if (offset >= this.sizeBytes || this.#isClosed) return undefined;
    const bytes = acquireBuffer(Math.min(CHUNK_BYTES, this.sizeBytes - offset));
    try {
      await this.#fill(bytes, offset);
      return bytes;
    } finally {
      if (this.#isClosed) this.#closeCurrent();
    }
  }

  release(): void {}

  unstableAt(index: number): Fault {
    const offset = index * CHUNK_BYTES;
    const files = this.#list.map
      .pieces(offset, CHUNK_BYTES)
      .flatMap((piece) => (piece.kind === "file" ? [piece.file] : []));
    const file = files.find(({ path }) => this.#unprovenFiles.has(path)) ?? files[0];
    return file === undefined ? changedFault(this.path) : this.#fail(file, UNSTEADY, true);
  }

  async relist(): Promise<boolean> {
    const leftOut = this.#isClosed ? undefined : this.#relisting.begin();
    if (leftOut === undefined) return false;
    await this.#reading.run(async () => {
      const walk = await walkFolder(this.path, leftOut);
      this.#closeCurrent();
      this.#relisting.end(this.#list.walk, walk);
      this.#list = new StampedList(walk);
      this.#stamps = walk.stamps;
      this.#changed.clear();
      this.proven();
    });
    return true;
  }

  close(): void {
    this.#isClosed = true;
    void this.#reading.run(async () => this.#closeCurrent());
  }

  async #fill(bytes: Uint8Array, offset: number): Promise<void> {
    // Wait for all reads even after an error, because they write to the buffers.
    await inParallel(this.#list.fill(bytes, offset), (part) =>
      part.into.length === part.file.size ? this.#readFile(part) : this.#readPart(part),
    );
  }

  async #readFile(part: FilePart): Promise<void> {
    const fd = await this.#open(part);
    try {
      await this.#readFrom(fd, part);
    } finally {
      fs.closeSync(fd);
    }
  }

  async #readPart(part: FilePart): Promise<void> {
    const { file, offset, into } = part;
    const { path } = file;
    const isEnd = offset + into.length === file.size;
    // Opening a file again makes network drives discard their copy of it.
    const known = offset > 0 && this.#current?.path === path ? this.#current.fd : undefined;
    const fd = known ?? (await this.#open(part));
    if (known !== undefined) this.#current = undefined;
    try {
      await this.#readFrom(fd, part);
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

  async #readFrom(fd: number, part: FilePart): Promise<void> {
    const { file, offset, into } = part;
    await onDisk(join(this.path, file.path), async () => {
      const bytesRead = await readAt(fd, into, offset);
      if (bytesRead < into.length) throw this.#fail(file, SHORTENED);
      const stat = fs.fstatSync(fd, { bigint: true });
      if (stampOf(stat) !== this.#stamps.get(file.path)) {
        this.#changed.add(file.path);
        this.#mayHaveChanged = true;
      }
      if (stat.size > file.size) this.#grown.add(file.path);
      if (offset + into.length === file.size) this.#settle(part, stat);
    });
  }

  /** Decides whether the file, which was read to its end, must be read again. */
  #settle({ file: { path, size }, start }: FilePart, stat: fs.BigIntStats): void {
    const isChanged = this.#changed.delete(path);
    const { changeTimes } = this.#list.walk;
    if (!isChanged && changeTimes.areKept(join(this.path, path), stat)) return;
    const from = Math.floor(start / CHUNK_BYTES);
    const end = chunkCount(start + size);
    const range = this.#unproven ?? { from, end };
    this.#unproven = { from: Math.min(range.from, from), end: Math.max(range.end, end) };
    this.#unprovenFiles.add(path);
  }

  async #open({ file, offset }: FilePart): Promise<number> {
    const path = join(this.path, file.path);
    let fd: number;
    try {
      fd = openPlain(path, "read");
    } catch (error) {
      const reason = REASONS.get(errorCode(error));
      throw reason === undefined
        ? diskFault(error, path)
        : this.#fail(file, reason, reason === UNREADABLE);
    }
    if (offset > 0) return fd;
    // A file that changed before its first byte was read is simply read.
    const stat = fs.fstatSync(fd, { bigint: true });
    const isSame = this.#stamps.get(file.path) === stampOf(stat);
    if (!isSame && this.#begun.has(file.path)) this.#mayHaveChanged = true;
    this.#begun.add(file.path);
    this.#stamps.set(file.path, stampOf(stat));
    this.#changed.delete(file.path);
    const isStamped = this.#list.walk.changeTimes.areKept(path, stat);
    const waitMs = isStamped ? untilSettledMs(stat) : 0;
    if (waitMs === undefined) this.#changed.add(file.path);
    else if (waitMs > 0) await Bun.sleep(waitMs);
    return fd;
  }

  async #peek(path: string, at: number, length: number): Promise<Uint8Array> {
    const fd = openPlain(join(this.path, path), "read");
    try {
      return await peekAt(fd, at, length);
    } finally {
      fs.closeSync(fd);
    }
  }

  #fail({ path }: { readonly path: string }, reason: string, isFinal = false): Fault {
    this.#relisting.failed(path, reason, isFinal);
    return changedFault(join(this.path, path));
  }

  #closeCurrent(): void {
    if (this.#current !== undefined) fs.closeSync(this.#current.fd);
    this.#current = undefined;
  }
}

/** Reasons for which a listed file is no longer readable, by error code. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", REMOVED],
  ["ENOTDIR", REMOVED],
  ["ELOOP", REMOVED],
  ["EACCES", UNREADABLE],
  ["EPERM", UNREADABLE],
]);

async function walkFolder(
  root: string,
  leftOut: ReadonlySet<string> = new Set(),
): Promise<FolderWalk> {
  const changeTimes = new ChangeTimes();
  const stat = fs.statSync(root, { bigint: true });
  const walk: FolderWalk = {
    root,
    leftOut,
    details: detailsOf(stat),
    entries: [],
    stamps: new Map(),
    skipped: [],
    changeTimes,
    areTimesKept: true,
  };
  changeTimes.areKept(root, stat);
  const pendingFolders = [""];
  for (let folder = pendingFolders.pop(); folder !== undefined; folder = pendingFolders.pop()) {
    for (const raw of namesIn(walk, folder)) {
      const path = addEntry(walk, folder, raw);
      if (path !== undefined) pendingFolders.push(path);
      if (walk.entries.length % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await Bun.sleep(0);
    }
  }
  return walk;
}

/** Removes a folder from the list that cannot be read. */
function namesIn({ root, entries, skipped }: FolderWalk, folder: string): readonly Uint8Array[] {
  try {
    return fs.readdirSync(join(root, folder), { encoding: "buffer" });
  } catch (error) {
    const reason = REASONS.get(errorCode(error));
    if (folder === "" || reason === undefined) throw error;
    entries.splice(
      entries.findIndex(({ path }) => path === folder),
      1,
    );
    if (reason === UNREADABLE) skipped.push({ path: folder, reason });
    return [];
  }
}

function addEntry(walk: FolderWalk, folder: string, raw: Uint8Array): string | undefined {
  const name = decodeName(raw);
  const path = folder === "" ? (name ?? "") : `${folder}/${name ?? ""}`;
  if (name === undefined) {
    const displayPath = join(folder, Buffer.from(raw).toString());
    walk.skipped.push({ path: displayPath, reason: "its name is not UTF-8" });
    return undefined;
  }
  if (walk.leftOut.has(path)) return undefined;
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    walk.skipped.push({ path, reason: `its path is longer than ${PATH_BYTES_MAX} bytes` });
    return undefined;
  }
  const stat = statIn(walk, path);
  if (stat === undefined) return undefined;
  const reason = obstacleOf(join(walk.root, path), stat);
  if (reason !== undefined) {
    walk.skipped.push({ path, reason });
    return undefined;
  }
  if (walk.entries.length >= FOLDER_ENTRIES_MAX) {
    const message = msg`${quoteText(walk.root)} has more than ${FOLDER_ENTRIES_MAX} entries`;
    throw new Fault("too-large", message);
  }
  walk.entries.push(entryOf(path, stat));
  if (stat.isDirectory()) return path;
  walk.stamps.set(path, stampOf(stat));
  if (!walk.changeTimes.areKept(join(walk.root, path), stat)) walk.areTimesKept = false;
  return undefined;
}

function statIn({ root, skipped }: FolderWalk, path: string): fs.BigIntStats | undefined {
  try {
    return fs.lstatSync(join(root, path), { bigint: true });
  } catch (error) {
    const reason = REASONS.get(errorCode(error));
    if (reason === undefined) throw error;
    if (reason === UNREADABLE) skipped.push({ path, reason });
    return undefined;
  }
}

/** Returns why an entry cannot be sent. */
function obstacleOf(path: string, stat: fs.BigIntStats): string | undefined {
  if (!stat.isFile() && !stat.isDirectory()) return describeSpecial(stat);
  const { R_OK, X_OK } = fs.constants;
  const isEmptyFile = stat.isFile() && stat.size === 0n;
  try {
    if (isEmptyFile) return hasHiddenContent(path) ? UNKNOWN_SIZE : undefined;
    fs.accessSync(path, stat.isDirectory() ? R_OK | X_OK : R_OK);
    return undefined;
  } catch (error) {
    const reason = REASONS.get(errorCode(error)) ?? (isEmptyFile ? UNKNOWN_SIZE : undefined);
    if (reason === undefined) throw error;
    return reason;
  }
}

/**
 * Files in /proc and documents on some network drives have size 0, and generate their content when
 * it is read.
 */
function hasHiddenContent(path: string): boolean {
  return withFile(openPlain(path, "read"), hasContentBeyondSize);
}

function hasContentBeyondSize(fd: number): boolean {
  return fs.readSync(fd, new Uint8Array(1), 0, 1, 0) > 0 && fs.fstatSync(fd).size === 0;
}

function entryOf(path: string, stat: fs.BigIntStats): ManifestEntry {
  const mode = modeOf(stat);
  const mtime = mtimeMsOf(stat);
  if (stat.isDirectory()) return { path, dir: true, mode, mtime };
  return { path, size: Number(stat.size), mode, mtime };
}

function detailsOf(stat: fs.BigIntStats): AllFileDetails {
  const unread = { durationMs: undefined, peaks: undefined };
  return { mode: modeOf(stat), mtimeMs: mtimeMsOf(stat), ...unread };
}

function modeOf(stat: fs.BigIntStats): number {
  return sentMode(Number(stat.mode), stat.isDirectory() ? "folder" : "file", process.platform);
}

/** Rounds down even for times before 1970, so that no file becomes newer. */
function mtimeMsOf({ mtimeNs }: fs.BigIntStats): number {
  const ms = mtimeNs / NS_PER_MS_BIGINT;
  return clampUnixMs(Number(mtimeNs % NS_PER_MS_BIGINT < 0n ? ms - 1n : ms));
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
 * Skips links and unreadable entries inside a folder, but `path` itself may be a link.
 * @throws {Fault} not-found, store-denied or too-large if the file cannot be sent, usage if it is
 * neither a file nor a folder
 */
export async function openSource(path: string): Promise<LocalSource> {
  const absolute = absolutePath(path);
  try {
    if (statSource(path).isDirectory()) return await openFolder(absolute);
    return await FileSource.open(absolute);
  } catch (error) {
    throw sourceFault(error, path);
  }
}

async function openFolder(path: string): Promise<LocalSource> {
  try {
    return new FolderSource(await walkFolder(path));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "too-large") throw error;
    const message = error.translatable.message ?? error.message;
    const remedy = msg`send it as an archive: ${"tar c DIR | chat send-file - --name DIR.tar"}`;
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
  const stat = fs.statSync(absolutePath(path));
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
  return new Fault("not-found", msg`no such file: ${quoteText(path)}`, {
    remedy: msg`check the path`,
    cause: error,
  });
}

/**
 * Number of chunks per sequential read. Four chunks amortise the thread switch of a read, which
 * costs as much as reading two chunks.
 */
const BLOCK_CHUNKS = 4;

/** File up to the size that it had when it was opened. */
class FileSource implements LocalSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly stamp: string;
  readonly diskBytes: number | undefined;
  readonly details: FileDetails;
  readonly skipped = [];
  readonly #changeTimes = new ChangeTimes();
  #areTimesKept: boolean;
  #fd: number;
  /** Stamp before the first read, or before the last read from the start. */
  #stampBefore: string;
  #isUnproven = false;
  #mayHaveChanged = false;
  #hasGrown = false;
  #block: Uint8Array[] = [];
  #next = 0;
  #isClosed = false;

  private constructor(
    readonly path: string,
    fd: number,
    stat: fs.BigIntStats,
  ) {
    this.#fd = fd;
    this.name = basename(path);
    this.sizeBytes = Number(stat.size);
    this.diskBytes = diskBytesOf({ blocks: Number(stat.blocks) });
    this.details = detailsOf(stat);
    this.stamp = this.#stampBefore = stampOf(stat);
    this.#areTimesKept = this.#changeTimes.areKept(path, stat);
  }

  static async open(path: string): Promise<FileSource> {
    const fd = openToRead(path);
    const stat = fs.fstatSync(fd, { bigint: true });
    const source = new FileSource(path, fd, stat);
    try {
      source.#checkSize();
      await source.#waitUntilSettled(stat);
    } catch (error) {
      source.close();
      throw error;
    }
    return source;
  }

  get grown(): readonly string[] {
    return this.#hasGrown ? [this.name] : [];
  }

  files(): Iterable<ReadableFile> {
    return [{ name: this.name, peek: (at, length) => peekAt(this.#fd, at, length) }];
  }

  get unproven(): ChunkRange | undefined {
    return this.#isUnproven ? { from: 0, end: chunkCount(this.sizeBytes) } : undefined;
  }

  get mayHaveChanged(): boolean {
    return this.#mayHaveChanged;
  }

  matchStamp(stored: string): StampMatch {
    return matchStamps(stored, this.stamp, this.#areTimesKept);
  }

  proven(): void {
    this.#isUnproven = false;
  }

  #checkSize(): void {
    const { path, sizeBytes } = this;
    if (sizeBytes > FILE_BYTES_MAX) {
      throw new Fault("too-large", msg`${quoteText(path)} is too large: ${sizeBytes} bytes`);
    }
    if (sizeBytes === 0 && hasContentBeyondSize(this.#fd)) {
      throw specialFileFault(`${quoteText(path)} has an unknown size`);
    }
  }

  async #waitUntilSettled(stat: fs.BigIntStats): Promise<void> {
    const waitMs = this.#areTimesKept ? untilSettledMs(stat) : 0;
    if (waitMs === undefined) this.#isUnproven = true;
    else if (waitMs > 0) await Bun.sleep(waitMs);
  }

  async read(index: number): Promise<Uint8Array | undefined> {
    assert(!this.#isClosed, "the source is open");
    const isNext = index === this.#next;
    this.#next = index + 1;
    if (!isNext) this.#block = [];
    if (!isNext && index === 0 && this.#isUnproven) await this.#reopen();
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
      if (skipBytes(chunks, bytesRead).length > 0 || this.#isClosed) throw changedFault(this.path);
      // Check the stamp after reading, to detect changes during the read.
      const stat = fs.fstatSync(this.#fd, { bigint: true });
      if (!this.#areTimesKept || stampOf(stat) !== this.#stampBefore)
        this.#isUnproven = this.#mayHaveChanged = true;
      if (stat.size > BigInt(this.sizeBytes)) this.#hasGrown = true;
    });
    return chunks;
  }

  /**
   * Opens the file again by its path, which makes network drives discard their copy of it. If it
   * was replaced by a shorter one, the open file is read again.
   */
  async #reopen(): Promise<void> {
    const fd = unlessError(() => openToRead(this.path));
    if (fd !== undefined) {
      const isLongEnough = fs.fstatSync(fd).size >= this.sizeBytes;
      fs.closeSync(isLongEnough ? this.#fd : fd);
      if (isLongEnough) this.#fd = fd;
    }
    const stat = fs.fstatSync(this.#fd, { bigint: true });
    this.#stampBefore = stampOf(stat);
    await this.#waitUntilSettled(stat);
  }

  release(): void {}

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    fs.closeSync(this.#fd);
  }
}

function openToRead(path: string): number {
  const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants; // Opening some files in /proc would block.
  return fs.openSync(path, O_RDONLY | O_NONBLOCK);
}

async function peekAt(fd: number, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, await readAt(fd, bytes, at));
}

function unlessError<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
