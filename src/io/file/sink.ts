/** Sink for a received file. It renames the file when the file is complete. */

import { join } from "node:path";
import { Fault, ignoreFault, msg } from "../../base/fault.ts";
import { cleanFileName, numbered, UniqueNames } from "../../base/file-names.ts";
import type { FileId, Sha256 } from "../../base/ids.ts";
import { CHUNK_BYTES, SAME_NAMES_MAX } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import type { Renamed } from "../../core/transfer/folder-plan.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { AllFileDetails, FileDetails } from "../../wire/file-details.ts";
import { receivedMode } from "../../wire/modes.ts";
import { fileContent } from "../blob/blob-store.ts";
import { CHUNKS_PER_WRITE, ChunkSequence, type Content } from "../blob/chunk-file.ts";
import type { FolderSize, ForeignChunks, Sink } from "../blob/interfaces.ts";
import {
  type DiskFile,
  diskFault,
  type FileMetadata,
  type FileProperty,
  isQuotaReached,
  onDisk,
  syncWithParents,
  type TreeDisk,
} from "../disk/disk.ts";
import { type Lock, lockFile } from "../disk/lock.ts";
import { downloadDisk } from "../disk/system-disk.ts";
import { absolutePath } from "../disk/working-folder.ts";
import { CandidateSink, ExistingFileSink } from "./candidate-sink.ts";
import { ContentSearch, type ExistingContent } from "./existing-content.ts";
import {
  countPartialChunks,
  openPartialFile,
  openSharedPart,
  type PartialFile,
  type PartialFileOptions,
  removeOwnParts,
  removePart,
  removeSharedParts,
} from "./partial-file.ts";
import { PartialFolder } from "./partial-folder.ts";

export interface SinkOptions {
  readonly folder: string;
  readonly name: string;
  readonly file: FileId;
  readonly server: string;
  readonly sha256: Sha256;
  readonly secret?: Uint8Array | undefined;
  readonly folderSize?: FolderSize | undefined;
  readonly details: FileDetails | undefined;
  readonly sizeBytes?: number | undefined;
  /** `undefined` while the upload is in progress. */
  readonly digest?: Uint8Array | undefined;
  /**
   * A share that is started again has another server and file id, and knows its digests late.
   * Therefore continues the partial files of other shares, and also compares existing content while
   * the digest is unknown.
   */
  readonly resumesShares?: boolean | undefined;
  /** Called before anything is written, for example to check the free space. */
  readonly prepare?: (() => Promise<void>) | undefined;
  readonly turn?: NamingTurn | undefined;
  readonly disk?: TreeDisk;
  readonly lock?: (path: string) => Lock | undefined;
}

/** Resolves when a complete file may get its name, before which it is a partial one. */
export type NamingTurn = (name: string) => Promise<void>;

/**
 * Recognises a file that was received completely, under its name or `NAME (1)` and so on.
 * Otherwise starts or resumes receiving `NAME.part` with the journal `NAME.part.journal`. If the
 * name is in use, tries `NAME (1).part` and so on.
 */
export async function openSink(options: SinkOptions): Promise<Sink> {
  const { file, server, secret, sha256, folderSize, sizeBytes, resumesShares = false } = options;
  const { details = {} } = options;
  const folder = absolutePath(options.folder);
  const name = cleanFileName(options.name);
  const { disk = downloadDisk(), lock = (lockPath) => lockFile(lockPath, folder) } = options;
  return await onDisk(join(folder, name), async () => {
    const isFolder = folderSize !== undefined;
    const { mode } = details;
    const parts = { disk, folder, name, owner: { file, server }, secret, isFolder, mode, lock };
    const search = new ContentSearch({ disk, folder, name, sha256 });
    const openOwn = async () => {
      await options.prepare?.();
      await onDisk(folder, async () => {
        disk.makeFolder(folder);
        await syncWithParents(disk, folder);
      });
      return openPart(options, parts, await openPartialFile(parts), search);
    };
    if (countPartialChunks({ folder, file, server }, disk) > 0) return openOwn();
    const existing =
      isFolder || sizeBytes === undefined || (options.digest === undefined && !resumesShares)
        ? undefined
        : await search.find(sizeBytes, options.digest);
    const candidate =
      existing === undefined
        ? await openSharedPartSink(options, parts, search)
        : new ExistingFileSink(existing, sizeBytes ?? 0, () =>
            removeParts(parts, existing.path, sha256),
          );
    return candidate === undefined ? openOwn() : new CandidateSink(candidate, openOwn);
  });
}

async function openSharedPartSink(
  options: SinkOptions,
  parts: PartialFileOptions,
  search: ContentSearch,
): Promise<Sink | undefined> {
  const { sizeBytes = 0, resumesShares = false } = options;
  const part = resumesShares ? openSharedPart(parts) : undefined;
  if (part === undefined) return undefined;
  // A damaged partial file is no reason to refuse the download.
  const sink = await openPart(options, parts, part, search).catch(ignoreFault);
  const isUsable =
    sink !== undefined &&
    sink.have >= (sink.foreign?.chunksMin ?? 1) &&
    sink.sizeBytes <= sizeBytes &&
    (await sink.hasOnlyPlanned());
  if (isUsable) return sink;
  sink?.close();
  return undefined;
}

async function openPart(
  { sha256, folderSize, details = {}, digest, resumesShares, turn }: SinkOptions,
  parts: PartialFileOptions,
  part: PartialFile,
  search: ContentSearch,
): Promise<PartialFileSink> {
  const { disk, folder, name, isFolder } = parts;
  const path = join(folder, name);
  try {
    const content = contentOf(disk, part, path, folderSize);
    const options = {
      content,
      lines: openJournal(disk, part, content),
      checksumPath: part.journalPath,
      path,
      headerBytes: part.headerBytes,
      isStrict: false,
      isProven: part.isProven,
      sha256,
      // Only the process that wrote a folder's files can sync them.
      resumesSoon: !isFolder,
    };
    const chunks = await ChunkSequence.open(options, (...opened) => new ChunkSequence(...opened));
    const folderSearch = folderSize && searchForFolder(parts, part, folderSize, sha256);
    const comparesFolder = digest !== undefined || resumesShares === true;
    const found = { search: folderSearch ?? search, comparesFolder, digest, turn };
    return new PartialFileSink({ parts, part, content, chunks, details, ...found });
  } catch (error) {
    part.lock.release();
    throw error;
  }
}

function searchForFolder(
  { disk, folder, name }: PartialFileOptions,
  { manifestPath }: PartialFile,
  { manifestBytes }: FolderSize,
  sha256: Sha256,
): ContentSearch {
  return new ContentSearch({
    disk,
    folder,
    name,
    sha256,
    manifest: { manifestPath, manifestBytes },
  });
}

/** Removes partial files of a file that is complete at `path`. */
async function removeParts(parts: PartialFileOptions, path: string, sha256: Sha256): Promise<void> {
  await removeOwnParts(parts);
  using file = parts.disk.openPlain(path, "read");
  const buffer = new Uint8Array(CHUNK_BYTES);
  await removeSharedParts(parts, undefined, async (index) => {
    const bytesRead = await file.readLater(buffer, index * CHUNK_BYTES);
    return bytesRead === 0 ? undefined : sha256(buffer.subarray(0, bytesRead));
  });
}

function contentOf(
  disk: TreeDisk,
  part: PartialFile,
  finalPath: string,
  folderSize: FolderSize | undefined,
): Content {
  if (folderSize === undefined) return fileContent(disk.openPlain(part.path, "write"));
  const { manifestBytes } = folderSize;
  return new PartialFolder({
    disk,
    path: part.path,
    finalPath,
    manifestPath: part.manifestPath,
    manifestBytes,
  });
}

function openJournal(disk: TreeDisk, { journalPath }: PartialFile, content: Content): DiskFile {
  try {
    return disk.openPlain(journalPath, "write");
  } catch (error) {
    content.close();
    throw error;
  }
}

interface PartialFileSinkOptions {
  readonly parts: PartialFileOptions;
  readonly part: PartialFile;
  readonly content: Content;
  readonly chunks: ChunkSequence;
  readonly details: FileDetails;
  readonly search: ContentSearch;
  /** True if an existing folder is compared as soon as the manifest is complete. */
  readonly comparesFolder: boolean;
  readonly digest: Uint8Array | undefined;
  readonly turn: NamingTurn | undefined;
}

/** Mode of a folder whose sender names none. */
const FOLDER_MODE = 0o777;
/** Permission bits of the owner on a partial file, so that it can be resumed after a crash. */
const WRITABLE = 0o600;

const NOTHING: ReadonlySet<FileProperty> = new Set();

class PartialFileSink implements Sink {
  readonly concurrentAppends = CHUNKS_PER_WRITE;
  readonly foreign: ForeignChunks | undefined;
  #have: number;
  #isClosed = false;
  readonly #notKept = new Set<FileProperty>();
  #comparesFolder: boolean;
  #existing: (ExistingContent & { readonly sizeBytes: number }) | undefined;

  constructor(private readonly options: PartialFileSinkOptions) {
    const { chunks, content, comparesFolder, part } = options;
    this.#have = chunks.have;
    this.#comparesFolder = comparesFolder && content instanceof PartialFolder && chunks.have === 0;
    const { adopt } = part;
    const isFolder = content instanceof PartialFolder;
    this.foreign = adopt && {
      chunksMin: isFolder ? chunkCount(content.manifestBytes) : 1,
      digest: (count) => chunks.digestOf(count),
      adopt: async (count) => {
        await chunks.truncate(count);
        await adopt();
        this.#have = count;
      },
    };
  }

  /** False if a partial folder has entries that its manifest does not list. */
  async hasOnlyPlanned(): Promise<boolean> {
    const { content } = this.options;
    return !(content instanceof PartialFolder) || (await content.hasOnlyPlanned());
  }

  get isExisting(): boolean {
    return this.#existing !== undefined;
  }

  get have(): number {
    return this.#existing === undefined ? this.#have : chunkCount(this.#existing.sizeBytes);
  }

  get sizeBytes(): number {
    return this.#existing?.sizeBytes ?? this.options.chunks.sizeBytes;
  }

  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    const appended = this.options.chunks.append(sha256, bytes).catch(this.#explain);
    return this.#comparesFolder ? appended.then(() => this.#compareFolder()) : appended;
  }

  async #compareFolder(): Promise<void> {
    const { chunks, content, search, digest } = this.options;
    if (!(content instanceof PartialFolder) || chunks.sizeBytes < content.manifestBytes) return;
    if (!this.#comparesFolder) return;
    this.#comparesFolder = false;
    const sizeBytes = await content.plannedBytes();
    const existing = await search.find(sizeBytes, digest);
    if (existing !== undefined) this.#existing = { ...existing, sizeBytes };
  }

  /** Has no effect after `finish`, even if `finish` failed. */
  async sync(): Promise<void> {
    if (this.#isClosed) return;
    await this.options.chunks.sync().catch(this.#explain);
  }

  readonly #explain = (error: unknown): never => {
    if (!(error instanceof Fault) || error.code !== "store-full") throw error;
    const { folder, name } = this.options.parts;
    const path = join(folder, name);
    const message = isQuotaReached(error.cause)
      ? msg`the disk quota is used up; ${path} is incomplete`
      : msg`the disk is full; ${path} is incomplete`;
    throw new Fault("store-full", message, {
      remedy: msg`free up disk space, then download it again to resume`,
      cause: error,
    });
  };

  digest(): Uint8Array {
    return this.#existing?.digest ?? this.options.chunks.digest();
  }

  async restart(): Promise<void> {
    this.#existing = undefined;
    await this.options.chunks.clear();
    this.#have = 0;
  }

  async finish(): Promise<string> {
    const { parts, part, content, chunks, search, turn } = this.options;
    const { disk, folder, name } = parts;
    try {
      await this.sync();
      await turn?.(name);
      const digest = chunks.digest();
      const existing = this.#existing ?? (await search.find(chunks.sizeBytes, digest));
      if (existing === undefined && content instanceof PartialFolder)
        await content.complete(chunks.sizeBytes);
      if (parts.secret === undefined) await removeSharedParts(parts, part.path, this.#hashOf);
      this.#isClosed = true;
      await chunks.closeWhenIdle(); // Windows cannot rename open files.
      const path = existing?.path ?? (await this.#nameWithDetails(chunks.sizeBytes, digest));
      await disk.syncFolder(folder);
      await removePart(parts, part);
      if (existing !== undefined) this.#existing ??= { ...existing, sizeBytes: chunks.sizeBytes };
      return path;
    } catch (error) {
      if (this.#isClosed) part.lock.release();
      throw diskFault(error, join(folder, name));
    }
  }

  readonly #hashOf = async (index: number): Promise<Uint8Array | undefined> => {
    const { chunks } = this.options;
    return index < chunks.have ? chunks.hash(index) : undefined;
  };

  get renamed(): readonly Renamed[] {
    const { content } = this.options;
    return content instanceof PartialFolder ? content.renamed : [];
  }

  get notKept(): readonly FileProperty[] {
    const { content } = this.options;
    return [...this.#notKept.union(content instanceof PartialFolder ? content.notKept : NOTHING)];
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { chunks, part } = this.options;
    const release = () => part.lock.release();
    chunks.closeWhenIdle().then(release, release);
  }

  /**
   * Sets mode and time before the final name, because a program that watches the folder may move
   * the file as soon as it appears.
   */
  async #nameWithDetails(sizeBytes: number, digest: Uint8Array): Promise<string> {
    const { parts, part, details } = this.options;
    const { disk, isFolder } = parts;
    const kind = isFolder ? "folder" : "file";
    const { mode: sent = isFolder ? FOLDER_MODE : undefined, mtimeMs } = details;
    const mode = sent === undefined ? undefined : receivedMode(sent, kind);
    const partMode = mode === undefined ? undefined : mode | WRITABLE;
    const content = { durationMs: undefined, peaks: undefined };
    const restored: AllFileDetails = { mode: partMode, mtimeMs, ...content };
    const isUnchanged = mode === undefined && mtimeMs === undefined;
    if (!isUnchanged) this.#setMetadata(part.path, defined(restored));
    const path = await this.#moveToFinalName(sizeBytes, digest);
    const isFinal = mode === undefined || mode === partMode;
    if (!isFinal && disk.kind(path) === kind) this.#setMetadata(path, { mode });
    return path;
  }

  #setMetadata(path: string, metadata: FileMetadata): void {
    const { parts, details } = this.options;
    for (const property of parts.disk.metadata(path, metadata)) {
      const isNamed = property === "times" || details.mode !== undefined;
      if (isNamed) this.#notKept.add(property);
    }
  }

  /** Another process may have received the same content in the meantime. */
  async #moveToFinalName(sizeBytes: number, digest: Uint8Array): Promise<string> {
    const { parts, part, search } = this.options;
    const { disk, folder, name, isFolder } = parts;
    const used = new UniqueNames();
    for (const existing of disk.list(folder)) used.reserve(existing);
    for (let n = 0; n <= SAME_NAMES_MAX; n++) {
      const candidate = numbered(name, n);
      const path = join(folder, candidate);
      const move = () =>
        isFolder ? disk.moveFolderNew(part.path, path) : disk.nameNew(part.path, path);
      const isMoved = !used.has(candidate) && move();
      if (isMoved || (await search.compare(path, sizeBytes, digest)) !== undefined) return path;
    }
    const message = msg`${folder} already has ${SAME_NAMES_MAX} files named ${name}`;
    throw new Fault("too-many", message, { remedy: "move some of them elsewhere" });
  }
}
