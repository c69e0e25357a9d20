/** Partial download: `NAME.part`, its journal and its lock, and the check of the disk. */

import { basename, dirname, join } from "node:path";
import { equalBytes, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault, ignoreFault, msg, unlessFault } from "../../base/fault.ts";
import { PARTIAL_JOURNAL_SUFFIX, partialName } from "../../base/file-names.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { CHUNK_BYTES, SAME_NAMES_MAX } from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import { HASH_LINE_BYTES } from "../../wire/chunks.ts";
import { ChecksumFile } from "../blob/checksum-file.ts";
import type { FolderSize } from "../blob/interfaces.ts";
import {
  diskFault,
  errorCode,
  onDisk,
  removeFile,
  type TreeDisk,
  tooLargeFault,
  writeWhole,
} from "../disk/disk.ts";
import type { Lock } from "../disk/lock.ts";
import { systemDisk } from "../disk/system-disk.ts";
import { absolutePath } from "../disk/working-folder.ts";
import { numberedPaths } from "./existing-content.ts";

export interface PartialFile {
  readonly path: string;
  readonly journalPath: string;
  readonly manifestPath: string;
  readonly lockPath: string;
  readonly headerBytes: number;
  readonly isProven: boolean;
  readonly lock: Lock;
  /** Present if another share has sent the chunks. Records that they belong to this file too. */
  readonly adopt?: () => Promise<void>;
}

export interface PartialFileOwner {
  readonly file: FileId;
  readonly server: string;
}

export interface PartialFileOptions {
  readonly disk: TreeDisk;
  readonly folder: string;
  readonly name: string;
  readonly owner: PartialFileOwner;
  /** Authenticates journals. If `undefined`, no existing partial file is trusted. */
  readonly secret: Uint8Array | undefined;
  readonly isFolder: boolean;
  /** Mode of a new partial file, subject to the umask. The owner can always write it. */
  readonly mode?: number | undefined;
  readonly lock: (path: string) => Lock | undefined;
}

const JOURNAL_SUFFIX = ".journal";
const HEADER_BYTES_MAX = 1024;
/**
 * Raised when a newer program may choose other names in a folder, so that it hashes everything that
 * an older one has received.
 */
const FOLDER_PLAN_VERSION = 2;
const SHARED_HEADER = /^\{"v":1,"file":"(?<file>[^"]*)","server":"(?<server>[\w-]{1,64})"\}\n/;
const PROOF = /^[A-Za-z0-9_-]{43}$/;

type JournalHeader =
  | { readonly kind: "ours"; readonly headerBytes: number; readonly proof: string | undefined }
  | { readonly kind: "torn" | "other" };

function headerLine({ file, server }: PartialFileOwner, proof: string | undefined): string {
  return `${JSON.stringify({ v: 1, file, server, proof })}\n`;
}

function computeProof(
  { owner, isFolder }: PartialFileOptions,
  secret: Uint8Array,
  path: string,
): string {
  const { file, server } = owner;
  const version = isFolder ? FOLDER_PLAN_VERSION : 1;
  const input = JSON.stringify(["chat part", version, file, server, path]);
  return toBase64Url(new Bun.CryptoHasher("sha256", secret).update(input).digest());
}

function parseHeader(
  bytes: Uint8Array,
  owner: PartialFileOwner,
  proof: string | undefined,
): JournalHeader {
  const text = Buffer.from(bytes).toString("latin1");
  const end = text.indexOf("\n") + 1;
  const plain = headerLine(owner, undefined);
  if (end === 0) {
    const isTorn = [plain, headerLine(owner, proof)].some((line) => line.startsWith(text));
    return { kind: isTorn ? "torn" : "other" };
  }
  const line = text.slice(0, end);
  if (line === plain) return { kind: "ours", headerBytes: end, proof: undefined };
  const found = line.slice(`${plain.slice(0, -2)},"proof":"`.length, -'"}\n'.length);
  const isOwned = PROOF.test(found) && line === headerLine(owner, found);
  return isOwned ? { kind: "ours", headerBytes: end, proof: found } : { kind: "other" };
}

function readHeader(
  disk: TreeDisk,
  path: string,
  owner: PartialFileOwner,
  proof?: string,
): JournalHeader & { readonly sizeBytes: number } {
  using file = disk.openPlain(path, "read");
  const bytes = new Uint8Array(HEADER_BYTES_MAX);
  const bytesRead = file.read(bytes, 0);
  return {
    ...parseHeader(bytes.subarray(0, bytesRead), owner, proof),
    sizeBytes: file.sizeBytes(),
  };
}

export async function openPartialFile(options: PartialFileOptions): Promise<PartialFile> {
  const { disk, folder, name } = options;
  const names = new Set(disk.list(folder));
  const numbers = Array.from({ length: SAME_NAMES_MAX }, (_, n) => n);
  const exists = (n: number) => names.has(`${partialName(name, n)}.journal`);
  for (const n of numbers.filter(exists)) {
    const part = await resume(options, pathsOf(folder, partialName(name, n)));
    if (part !== undefined) return part;
  }
  for (const n of numbers) {
    const part = await create(options, pathsOf(folder, partialName(name, n)));
    if (part !== undefined) return part;
  }
  throw new Fault(
    "too-many",
    msg`${folder} already has ${SAME_NAMES_MAX} partial files of ${name}`,
    { remedy: msg`move some of them elsewhere` },
  );
}

type Paths = Pick<PartialFile, "path" | "journalPath" | "manifestPath" | "lockPath">;

function pathsOf(folder: string, name: string): Paths {
  const path = join(folder, name);
  const sidePaths = { journalPath: `${path}${JOURNAL_SUFFIX}`, lockPath: `${path}.lock` };
  return { path, manifestPath: `${path}.folder`, ...sidePaths };
}

async function resume(options: PartialFileOptions, paths: Paths): Promise<PartialFile | undefined> {
  const { disk, folder, owner, secret, isFolder, mode } = options;
  const { path, journalPath, manifestPath } = paths;
  if (disk.kind(journalPath) !== "file") return undefined;
  const kind = disk.kind(path);
  if (kind !== undefined && kind !== (isFolder ? "folder" : "file")) return undefined;
  if (isFolder && disk.kind(manifestPath) === "other") return undefined;
  const proof = secret && computeProof(options, secret, path);
  const head = readHeader(disk, journalPath, owner, proof);
  // An incomplete header without a partial file means that a crash interrupted the creation.
  const isTorn = head.kind === "torn" && kind === undefined;
  if (!isTorn && head.kind !== "ours") return undefined;
  const lock = lockPartialFile(options, paths);
  if (lock === undefined) return undefined;
  try {
    // The last run may have crashed while removing the files. Ignore the journal it left.
    const isAbandoned = kind === undefined || (isFolder && disk.kind(manifestPath) === undefined);
    const existingHeader = isAbandoned || head.kind !== "ours" ? undefined : head;
    const headerBytes = existingHeader?.headerBytes ?? (await writeHeader(options, paths));
    if (kind === undefined) createContent(options, paths);
    else if (isAbandoned) disk.openNew(manifestPath).close();
    // An older version created each partial file readable by others.
    else if (!isFolder && mode !== undefined) disk.metadata(path, { mode: (mode & 0o666) | 0o600 });
    await disk.syncFolder(folder);
    const isProven = existingHeader?.proof !== undefined && existingHeader.proof === proof;
    return { ...paths, headerBytes, isProven, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function create(options: PartialFileOptions, paths: Paths): Promise<PartialFile | undefined> {
  const { disk, folder } = options;
  const { path, journalPath, manifestPath } = paths;
  const isFree = [path, journalPath, manifestPath].every((each) => disk.kind(each) === undefined);
  if (!isFree) return undefined;
  const lock = lockPartialFile(options, paths);
  if (lock === undefined) return undefined;
  try {
    disk.openNew(journalPath).close();
    const headerBytes = await writeHeader(options, paths);
    createContent(options, paths);
    await disk.syncFolder(folder);
    return { ...paths, headerBytes, isProven: true, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function lockPartialFile(
  { disk, lock }: PartialFileOptions,
  { lockPath }: Paths,
): Lock | undefined {
  const kind = disk.kind(lockPath);
  return kind === undefined || kind === "file" ? lock(lockPath) : undefined;
}

function createContent(
  { disk, isFolder, mode }: PartialFileOptions,
  { path, manifestPath }: Paths,
): void {
  if (!isFolder) {
    disk.openNew(path, mode).close();
    return;
  }
  if (disk.kind(manifestPath) === undefined) disk.openNew(manifestPath).close();
  if (!disk.makeFolderNew(path)) throw new Fault("store-failed", msg`${path} already exists`);
}

async function writeHeader(
  options: PartialFileOptions,
  { path, journalPath }: Paths,
): Promise<number> {
  const { disk, owner, secret } = options;
  const head = utf8Encode(headerLine(owner, secret && computeProof(options, secret, path)));
  using file = disk.openPlain(journalPath, "write");
  file.truncate(0);
  await writeWhole(file, head, 0);
  await file.sync();
  return head.length;
}

/** Hash lines of a longer journal take more than 46 MB. */
const SHARED_CHUNKS_MAX = 1024 * 1024;

/**
 * Opens the longest partial file of this name that a share has left. Shares use no secret, and a
 * share that is started again has another server and file id. Nothing on the disk is changed.
 */
export function openSharedPart(options: PartialFileOptions): PartialFile | undefined {
  const { disk, secret, isFolder } = options;
  if (secret !== undefined) return undefined;
  const found: { readonly paths: Paths; readonly chunks: number; readonly headerBytes: number }[] =
    [];
  for (const { paths, head } of sharedParts(options)) {
    const isComplete = !isFolder || disk.kind(paths.manifestPath) === "file";
    const { headerBytes } = head;
    const chunks = Math.floor((head.sizeBytes - headerBytes) / HASH_LINE_BYTES);
    const hasSameLength = headerBytes === headerLine(options.owner, undefined).length;
    const isUsable = hasSameLength && isComplete && disk.kind(paths.path) !== undefined;
    const isTrusted = disk.isTrusted(paths.path) && disk.isTrusted(paths.journalPath);
    if (isUsable && isTrusted && chunks > 0 && chunks <= SHARED_CHUNKS_MAX)
      found.push({ paths, chunks, headerBytes });
  }
  for (const { paths, headerBytes } of found.sort((a, b) => b.chunks - a.chunks)) {
    const lock = lockPartialFile(options, paths);
    if (lock === undefined) continue;
    const adopt = () => replaceOwner(options, paths);
    return { ...paths, headerBytes, isProven: false, lock, adopt };
  }
  return undefined;
}

/** The header of the new owner has the same length. */
async function replaceOwner({ disk, owner }: PartialFileOptions, paths: Paths): Promise<void> {
  await onDisk(paths.journalPath, async () => {
    using file = disk.openPlain(paths.journalPath, "write");
    await writeWhole(file, utf8Encode(headerLine(owner, undefined)), 0);
    await file.sync();
  });
}

type SharedHead = Extract<JournalHeader, { kind: "ours" }> & { readonly sizeBytes: number };

function* sharedParts({
  disk,
  folder,
  name,
  isFolder,
}: PartialFileOptions): Generator<{ readonly paths: Paths; readonly head: SharedHead }> {
  const isJournal = (path: string) => disk.kind(`${path}.journal`) === "file";
  for (const path of numberedPaths(folder, name, isJournal, partialName)) {
    const paths = pathsOf(folder, basename(path));
    const kind = disk.kind(path);
    if (kind !== undefined && kind !== (isFolder ? "folder" : "file")) continue;
    const head = unlessFault(() =>
      onDisk(paths.journalPath, () => readSharedHeader(disk, paths.journalPath)),
    );
    if (head?.kind === "ours") yield { paths, head };
  }
}

function readSharedHeader(disk: TreeDisk, path: string): JournalHeader & { sizeBytes: number } {
  using file = disk.openPlain(path, "read");
  const bytes = new Uint8Array(HEADER_BYTES_MAX);
  const text = Buffer.from(bytes.subarray(0, file.read(bytes, 0))).toString("latin1");
  const { server, file: id } = SHARED_HEADER.exec(text)?.groups ?? {};
  const isOwned = server !== undefined && id !== undefined && isFileId(id);
  const header = isOwned
    ? parseHeader(bytes, { file: id, server }, undefined)
    : ({ kind: "other" } as const);
  return { ...header, sizeBytes: file.sizeBytes() };
}

/**
 * Removes other partial files of this name that shares have left, if the received content begins
 * with their chunks. The rest may belong to another file.
 * @param own path of the partial file whose content is complete
 * @param hashOf checksum of a chunk of the received content; `undefined` after its end
 */
export async function removeSharedParts(
  options: PartialFileOptions,
  own: string | undefined,
  hashOf: (index: number) => Promise<Uint8Array | undefined>,
): Promise<void> {
  const { disk } = options;
  for (const { paths, head } of sharedParts(options)) {
    if (paths.path === own) continue;
    const { journalPath } = paths;
    await cleanUp(journalPath, async () => {
      const lock = lockPartialFile(options, paths);
      if (lock === undefined) return;
      try {
        if (await isPrefix(disk, journalPath, head.headerBytes, hashOf))
          await removePart(options, { ...paths, lock });
      } finally {
        lock.release();
      }
    });
  }
}

/** Removes what an earlier run could not remove of this file, which is complete. */
export async function removeOwnParts(options: PartialFileOptions): Promise<void> {
  const { disk, folder, name, owner } = options;
  const isJournal = (path: string) => disk.kind(`${path}${JOURNAL_SUFFIX}`) === "file";
  for (const path of numberedPaths(folder, name, isJournal, partialName)) {
    const paths = pathsOf(folder, basename(path));
    await cleanUp(path, async () => {
      if (readHeader(disk, paths.journalPath, owner).kind !== "ours") return;
      const lock = lockPartialFile(options, paths);
      if (lock !== undefined) await removePart(options, { ...paths, lock });
    });
  }
}

/**
 * Removes a partial file whose content is complete, and releases its lock. If another program holds
 * one of its files open, that file and its journal remain until the next download of the file.
 */
export async function removePart(
  { disk, folder, isFolder }: Pick<PartialFileOptions, "disk" | "folder" | "isFolder">,
  { path, journalPath, manifestPath, lockPath, lock }: Paths & { readonly lock: Lock },
): Promise<void> {
  await cleanUp(path, async () => {
    try {
      if (isFolder) await disk.removeFolder(path);
      else await removeFile(disk, path);
      await removeFile(disk, manifestPath);
      await removeFile(disk, journalPath);
      await disk.syncFolder(folder);
    } finally {
      lock.release();
    }
    await removeFile(disk, lockPath);
  });
}

/** Runs a task whose failure is not a failure of the download, which is complete. */
async function cleanUp(path: string, task: () => Promise<void>): Promise<void> {
  await onDisk(path, task).catch(ignoreFault);
}

async function isPrefix(
  disk: TreeDisk,
  path: string,
  headerBytes: number,
  hashOf: (index: number) => Promise<Uint8Array | undefined>,
): Promise<boolean> {
  using file = disk.openPlain(path, "read");
  const tornLinesMax = Number.POSITIVE_INFINITY;
  const lines = await ChecksumFile.open({ file, path, headerBytes, tornLinesMax });
  for (let index = 0; index < lines.count; index++) {
    const hash = await hashOf(index);
    if (hash === undefined || !equalBytes(hash, await lines.hash(index))) return false;
  }
  return true;
}

interface PartialFileQuery extends PartialFileOwner {
  readonly folder: string;
}

export function countPartialChunks(part: PartialFileQuery, disk: TreeDisk = systemDisk()): number {
  let maximum = 0;
  try {
    const journals = disk.list(part.folder).filter((name) => name.endsWith(PARTIAL_JOURNAL_SUFFIX));
    for (const name of journals.slice(0, SAME_NAMES_MAX)) {
      maximum = Math.max(maximum, linesAt(disk, join(part.folder, name), part));
    }
  } catch {
    // The sink reports unreadable folders.
  }
  return maximum;
}

function linesAt(disk: TreeDisk, path: string, owner: PartialFileOwner): number {
  if (disk.kind(path) !== "file") return 0;
  // Another program may have held the journal open when its partial file was removed.
  if (disk.kind(path.slice(0, -JOURNAL_SUFFIX.length)) === undefined) return 0;
  const head = readHeader(disk, path, owner);
  if (head.kind !== "ours") return 0;
  return Math.floor((head.sizeBytes - head.headerBytes) / HASH_LINE_BYTES);
}

export interface PlannedDownload {
  readonly folder: string;
  readonly name: string;
  readonly file: FileId;
  readonly server: string;
  readonly sizeBytes?: number | undefined;
  /** Size without long runs of zeros, which are not stored. `undefined` if unknown. */
  readonly dataBytes?: number | undefined;
  /** `undefined` for a file. The sizes of a folder's files are known when its list has arrived. */
  readonly folderSize?: FolderSize | undefined;
  readonly disk?: TreeDisk;
}

/**
 * Changes nothing on the disk, so that a refused download leaves nothing behind.
 * @throws {Fault} store-full if the rest of the file does not fit, store-failed if the file system
 * cannot store files of this size
 */
export async function checkSpace(planned: PlannedDownload): Promise<void> {
  const { name, sizeBytes, dataBytes = sizeBytes, folderSize, disk = systemDisk() } = planned;
  if (sizeBytes === undefined || dataBytes === undefined) return;
  const folder = absolutePath(planned.folder);
  if (folderSize === undefined) {
    const fileBytesMax = await atExisting(folder, (path) => disk.fileBytesMax(path));
    if (sizeBytes > fileBytesMax) throw tooLargeFault(join(folder, name));
  }
  const neededBytes =
    Math.min(sizeBytes, dataBytes) - countPartialChunks(planned, disk) * CHUNK_BYTES;
  const freeBytes = await atExisting(folder, (path) => disk.freeBytes(path));
  if (freeBytes >= neededBytes) return;
  const [needed, free] = [formatSize(neededBytes), formatSize(freeBytes)];
  throw new Fault("store-full", msg`${name} needs ${needed}, but only ${free} is free`, {
    remedy: msg`free up disk space, or choose another folder`,
  });
}

/** Asks about a folder that may not exist yet. */
async function atExisting(folder: string, ask: (path: string) => Promise<number>): Promise<number> {
  try {
    return await ask(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (errorCode(error) === "ENOENT" && parent !== folder) return atExisting(parent, ask);
    throw diskFault(error, folder);
  }
}
