/** Sink for a received file. It renames the file when the file is complete. */

import { join, resolve } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { cleanFileName, numbered, UniqueNames } from "../../base/file-names.ts";
import type { FileId, Sha256 } from "../../base/ids.ts";
import { SAME_NAMES_MAX } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import type { Renamed } from "../../core/transfer/folder-plan.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import { fileContent } from "../blob/blob-store.ts";
import { CHUNKS_PER_WRITE, ChunkSequence, type Content } from "../blob/chunk-file.ts";
import type { FolderSize, Sink } from "../blob/interfaces.ts";
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
import { systemDisk } from "../disk/system-disk.ts";
import { openPartialFile, type PartialFile } from "./partial-file.ts";
import { PartialFolder } from "./partial-folder.ts";

export interface SinkOptions {
  readonly folder: string;
  readonly name: string;
  readonly file: FileId;
  readonly server: string;
  readonly sha256: Sha256;
  readonly secret?: Uint8Array | undefined;
  readonly folderSize?: FolderSize;
  readonly details?: FileDetails | undefined;
  readonly sizeBytes?: number;
  readonly disk?: TreeDisk;
  readonly lock?: (path: string) => Lock | undefined;
}

/**
 * Starts or resumes receiving `NAME.part` with the journal `NAME.part.journal`. If the name is in
 * use, tries `NAME (1).part` and so on.
 */
export async function openSink(options: SinkOptions): Promise<Sink> {
  const { file, server, secret, sha256, folderSize, details = {} } = options;
  const folder = resolve(options.folder);
  const name = cleanFileName(options.name);
  const path = join(folder, name);
  const { disk = systemDisk(), lock = (lockPath) => lockFile(lockPath, folder) } = options;
  await onDisk(folder, async () => {
    disk.makeFolder(folder);
    await syncWithParents(disk, folder);
  });
  return await onDisk(path, async () => {
    const owner = { file, server };
    const isFolder = folderSize !== undefined;
    const { mode } = details;
    const partial = { disk, folder, name, owner, secret, isFolder, mode, lock };
    const part = await openPartialFile(partial);
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
      return new PartialFileSink({ disk, folder, name, part, content, chunks, details });
    } catch (error) {
      part.lock.release();
      throw error;
    }
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
  readonly disk: TreeDisk;
  readonly folder: string;
  readonly name: string;
  readonly part: PartialFile;
  readonly content: Content;
  readonly chunks: ChunkSequence;
  readonly details: FileDetails;
}

/** Mode of a folder whose sender names none. */
const FOLDER_MODE = 0o777;
/** Owner's bits of a partial file, so that a crash leaves none that cannot be resumed. */
const WRITABLE = { file: 0o600, folder: 0o700 } as const;
/** Owner's bits of a received file, whatever its sender says. */
const READABLE = { file: 0o400, folder: 0o500 } as const;

const NOTHING: ReadonlySet<FileProperty> = new Set();

class PartialFileSink implements Sink {
  readonly concurrentAppends = CHUNKS_PER_WRITE;
  #have: number;
  #isClosed = false;
  readonly #notKept = new Set<FileProperty>();

  constructor(private readonly options: PartialFileSinkOptions) {
    this.#have = options.chunks.have;
  }

  get have(): number {
    return this.#have;
  }

  get sizeBytes(): number {
    return this.options.chunks.sizeBytes;
  }

  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    return this.options.chunks.append(sha256, bytes).catch(this.#explain);
  }

  /** Has no effect after `finish`, even if `finish` failed. */
  async sync(): Promise<void> {
    if (this.#isClosed) return;
    await this.options.chunks.sync().catch(this.#explain);
  }

  readonly #explain = (error: unknown): never => {
    if (!(error instanceof Fault) || error.code !== "store-full") throw error;
    const path = join(this.options.folder, this.options.name);
    const message = isQuotaReached(error.cause)
      ? msg`the disk quota is used up; ${path} is incomplete`
      : msg`the disk is full; ${path} is incomplete`;
    throw new Fault("store-full", message, {
      remedy: msg`free up disk space, then download it again to resume`,
      cause: error,
    });
  };

  digest(): Uint8Array {
    return this.options.chunks.digest();
  }

  async restart(): Promise<void> {
    await this.options.chunks.clear();
    this.#have = 0;
  }

  async finish(): Promise<string> {
    const { disk, folder, name, part, content, chunks } = this.options;
    try {
      await this.sync();
      if (content instanceof PartialFolder) await content.complete(chunks.sizeBytes);
      this.#isClosed = true;
      await chunks.closeWhenIdle(); // Windows cannot rename open files.
      const path = this.#nameWithDetails(content instanceof PartialFolder);
      await disk.syncFolder(folder);
      if (content instanceof PartialFolder) disk.remove(part.manifestPath);
      else disk.remove(part.path);
      disk.remove(part.journalPath);
      await disk.syncFolder(folder);
      part.lock.release();
      disk.remove(part.lockPath);
      return path;
    } catch (error) {
      if (this.#isClosed) part.lock.release();
      throw diskFault(error, join(folder, name));
    }
  }

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
  #nameWithDetails(isFolder: boolean): string {
    const { disk, part, details } = this.options;
    const kind = isFolder ? "folder" : "file";
    const { mode = isFolder ? FOLDER_MODE : undefined, mtimeMs } = details;
    const modeWith = (bits: number) => (mode === undefined ? {} : { mode: mode | bits });
    const [before, after] = [modeWith(WRITABLE[kind]), modeWith(READABLE[kind])];
    const isUnchanged = mode === undefined && mtimeMs === undefined;
    if (!isUnchanged) this.#setMetadata(part.path, { ...before, ...defined({ mtimeMs }) });
    const path = this.#moveToFinalName(isFolder);
    if (before.mode !== after.mode && disk.kind(path) === kind) this.#setMetadata(path, after);
    return path;
  }

  #setMetadata(path: string, metadata: FileMetadata): void {
    const { disk, details } = this.options;
    for (const property of disk.metadata(path, metadata)) {
      const isNamed = property === "times" || details.mode !== undefined;
      if (isNamed) this.#notKept.add(property);
    }
  }

  #moveToFinalName(isFolder: boolean): string {
    const { disk, folder, name, part } = this.options;
    const used = new UniqueNames();
    for (const existing of disk.list(folder)) used.reserve(existing);
    for (let n = 0; n <= SAME_NAMES_MAX; n++) {
      const candidate = numbered(name, n);
      if (used.has(candidate)) continue;
      const path = join(folder, candidate);
      const isMoved = isFolder
        ? disk.moveFolderNew(part.path, path)
        : disk.nameNew(part.path, path);
      if (isMoved) return path;
    }
    const message = msg`${folder} already has ${SAME_NAMES_MAX} files named ${name}`;
    throw new Fault("too-many", message, { remedy: "move some of them elsewhere" });
  }
}
