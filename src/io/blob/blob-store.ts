/** Stores all uploaded files in a folder. */

import { dirname, join } from "node:path";
import * as v from "valibot";
import { assert } from "../../base/assert.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId, type Sha256, type UserId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { brandedText, count, parseJson } from "../../wire/field.ts";
import { fileDetails } from "../../wire/file-details.ts";
import { uploadPurpose } from "../../wire/messages-files.ts";
import {
  type DiskFile,
  onDisk,
  readWholeFile,
  removeFile,
  syncWithParents,
  type TreeDisk,
  writeWholeFile,
} from "../disk/disk.ts";
import { appendSparse } from "../disk/sparse.ts";
import { ifPossible, markHandled } from "../promises.ts";
import { TaskQueue } from "../task-queue.ts";
import type { ChecksumFile } from "./checksum-file.ts";
import { ChunkSequence, type ChunkSequenceOptions, type Content } from "./chunk-file.ts";
import type { Blob, BlobMetadata, BlobStore, ChunkReader } from "./interfaces.ts";

/** Maximum size of the metadata in bytes, enough for 64 targets and an escaped name of 1 KiB. */
export const METADATA_BYTES_MAX = 64 * 1024;

export function encodeMetadata(metadata: BlobMetadata): Uint8Array {
  const { file, by, name, sizeBytes, to, folder, details, purpose, sinceMs } = metadata;
  const about = { file, by, name, sizeBytes, to, folder, details, purpose, sinceMs };
  return utf8Encode(`${JSON.stringify(about)}\n`);
}

const METADATA = v.object({
  file: brandedText<FileId>(),
  by: brandedText<UserId>(),
  name: v.string(),
  sizeBytes: v.exactOptional(count),
  to: v.array(v.string()),
  folder: v.exactOptional(v.object({ entries: count, manifestBytes: count })),
  details: v.exactOptional(fileDetails),
  purpose: v.exactOptional(uploadPurpose),
  sinceMs: v.number(),
});

export function parseMetadata(bytes: Uint8Array): BlobMetadata | undefined {
  return parseJson(METADATA, bytes);
}

export function fileContent(file: DiskFile): Content {
  return {
    read: (into, offset) => file.readBuffersLater(into, offset),
    write: (parts, offset) => appendSparse(file, parts, offset),
    sync: () => file.sync(),
    truncate: async (sizeBytes) => {
      if (file.sizeBytes() > sizeBytes) file.truncate(sizeBytes);
    },
    diskBytes: () => file.diskBytes?.(),
    close: () => file.close(),
  };
}

function externalContent(reader: ChunkReader): Content {
  return {
    read: async (into, offset) => {
      let done = 0;
      for (const part of into) {
        const bytes = await reader.read((offset + done) / CHUNK_BYTES);
        part.set(bytes.subarray(0, part.length));
        done += Math.min(bytes.length, part.length);
        if (bytes.length < part.length) break;
      }
      return done;
    },
    write: async () => undefined,
    sync: async () => undefined,
    truncate: async () => undefined,
    diskBytes: () => reader.diskBytes,
    changed: () => reader.changed?.(),
    close: () => undefined,
  };
}

export interface BlobHooks {
  readonly touchedMs: () => number;
  readonly onClose: (closing: Promise<void>) => void;
}

class StoredBlob extends ChunkSequence implements Blob {
  readonly metadata: BlobMetadata;
  readonly #hooks: BlobHooks;
  #holders = 1;
  #closing: Promise<void> | undefined;

  constructor(
    metadata: BlobMetadata,
    hooks: BlobHooks,
    lines: ChecksumFile,
    options: ChunkSequenceOptions,
  ) {
    super(lines, options);
    this.metadata = metadata;
    this.#hooks = hooks;
  }

  lastAppendMs(): number {
    return this.#hooks.touchedMs();
  }

  get isInUse(): boolean {
    return this.#holders > 0;
  }

  hold(): this {
    assert(this.isInUse, "the blob is open");
    this.#holders += 1;
    return this;
  }

  close(): void {
    assert(this.isInUse, "each holder closes the blob once");
    this.#holders -= 1;
    if (this.isInUse) return;
    this.#closing ??= this.closeWhenIdle();
    this.#hooks.onClose(this.#closing);
  }

  /**
   * Closes the blob for all holders and resolves when the files are closed. An earlier fault takes
   * precedence.
   */
  async closeWithFault(fault: Fault): Promise<void> {
    this.failWith(fault);
    this.#closing ??= this.closeWhenIdle();
    await this.#closing;
  }
}

export interface BlobStoreOptions {
  readonly disk: TreeDisk;
  readonly folder: string;
  readonly sha256: Sha256;
  readonly externalReader?: (metadata: BlobMetadata) => ChunkReader | undefined;
}

const METADATA_FILE = "about.json";
const CONTENT_FILE = "content";
const CHECKSUM_FILE = "chunks.jsonl";

export function openBlobStore(options: BlobStoreOptions): BlobStore {
  return new FolderStore(options);
}

class FolderStore implements BlobStore {
  readonly #open = new Map<FileId, StoredBlob>();
  readonly #operations = new TaskQueue();
  readonly #syncs = new TaskQueue();
  #isFolderDurable = false;

  constructor(private readonly options: BlobStoreOptions) {}

  list(): Promise<BlobMetadata[]> {
    return onDisk(this.options.folder, async () => {
      const { disk, folder } = this.options;
      const entries: BlobMetadata[] = [];
      for (const name of disk.list(folder)) {
        if (!isFileId(name) || disk.kind(join(folder, name)) !== "folder") continue;
        // A crash interrupted the creation or the removal of this blob.
        if (disk.kind(join(folder, name, METADATA_FILE)) === undefined) {
          await disk.removeFolder(join(folder, name));
          continue;
        }
        // Retain content with unreadable metadata; `open` reports the reason.
        const metadata = this.#readMetadata(name as FileId);
        if (metadata !== undefined) entries.push(metadata);
      }
      return entries;
    });
  }

  create(metadata: BlobMetadata): Promise<Blob> {
    return this.#enqueue(metadata.file, async () => {
      const { disk, folder } = this.options;
      const path = join(folder, metadata.file);
      await this.#ensureFolder();
      if (!disk.makeFolderNew(path)) throw new Fault("store-failed", `${path} already exists`);
      try {
        const blob = await this.#openChunks(metadata);
        await writeWholeFile(disk, join(path, METADATA_FILE), encodeMetadata(metadata));
        return blob;
      } catch (error) {
        await this.#discard(metadata.file);
        throw error;
      }
    });
  }

  open(file: FileId): Promise<Blob | undefined> {
    return this.#enqueue(file, async () => {
      const openBlob = this.#open.get(file);
      if (openBlob?.hasFailed === false) return openBlob.hold();
      if (openBlob !== undefined)
        await openBlob.closeWithFault(new Fault("store-failed", `${file} failed`));
      const { disk, folder } = this.options;
      const path = join(folder, file, METADATA_FILE);
      if (disk.kind(path) === undefined) return undefined;
      const metadata = this.#readMetadata(file);
      if (metadata === undefined) throw new Fault("store-failed", `${path} is damaged`);
      return await this.#openChunks(metadata);
    });
  }

  remove(file: FileId): Promise<void> {
    return this.#enqueue(file, async () => {
      const { disk, folder } = this.options;
      const path = join(folder, file);
      const openBlob = this.#open.get(file);
      this.#open.delete(file);
      await openBlob?.closeWithFault(new Fault("file-unknown", `the file ${file} was removed`));
      if (disk.kind(path) === undefined) return;
      // Remove the metadata first. After a crash, `list` removes the remaining files.
      await removeFile(disk, join(path, METADATA_FILE));
      await disk.syncFolder(path);
      await disk.removeFolder(path);
      await disk.syncFolder(folder);
    });
  }

  /** Creates no folder, because its parent may have been removed while in use. */
  freeBytes(): Promise<number> {
    const { disk, folder } = this.options;
    return onDisk(folder, () => disk.freeBytes(disk.exists(folder) ? folder : dirname(folder)));
  }

  async #ensureFolder(): Promise<void> {
    if (this.#isFolderDurable) return;
    const { disk, folder } = this.options;
    disk.makeFolder(folder);
    await syncWithParents(disk, folder);
    this.#isFolderDurable = true;
  }

  async #openChunks(metadata: BlobMetadata): Promise<StoredBlob> {
    const { disk, folder, sha256, externalReader } = this.options;
    const { file, sinceMs } = metadata;
    const path = join(folder, file);
    const reader = externalReader?.(metadata);
    const content =
      reader === undefined
        ? fileContent(disk.open(join(path, CONTENT_FILE), "write"))
        : externalContent(reader);
    const checksumPath = join(path, CHECKSUM_FILE);
    const lines = await this.#openLines(checksumPath, content);
    const options = {
      content,
      lines,
      checksumPath,
      path: join(path, CONTENT_FILE),
      headerBytes: 0,
      isStrict: true,
      isProven: true,
      sha256,
      syncs: this.#syncs,
    };
    const hooks: BlobHooks = {
      touchedMs: () => {
        const times = [CONTENT_FILE, CHECKSUM_FILE].map(
          (name) => disk.modifiedMs(join(path, name)) ?? 0,
        );
        return Math.max(sinceMs, ...times);
      },
      onClose: (closing) => {
        if (this.#open.get(file) !== blob) return;
        this.#open.delete(file);
        markHandled(this.#enqueue(file, () => closing));
      },
    };
    const blob = await ChunkSequence.open(
      options,
      (...opened) => new StoredBlob(metadata, hooks, ...opened),
    );
    this.#open.set(file, blob);
    return blob;
  }

  async #openLines(path: string, content: Content): Promise<DiskFile> {
    const { disk, folder } = this.options;
    let lines: DiskFile | undefined;
    try {
      lines = disk.open(path, "write");
      await disk.syncFolder(dirname(path));
      await disk.syncFolder(folder);
      return lines;
    } catch (error) {
      lines?.close();
      content.close();
      throw error;
    }
  }

  async #discard(file: FileId): Promise<void> {
    const { disk, folder } = this.options;
    const openBlob = this.#open.get(file);
    this.#open.delete(file);
    await openBlob?.closeWithFault(new Fault("store-failed", `${file} could not be created`));
    await ifPossible(disk.removeFolder(join(folder, file)));
  }

  #enqueue<Result>(file: FileId, task: () => Promise<Result>): Promise<Result> {
    assert(isFileId(file), "file ids are validated on receipt");
    return this.#operations.runFor(file, () => onDisk(this.options.folder, task));
  }

  #readMetadata(file: FileId): BlobMetadata | undefined {
    const { disk, folder } = this.options;
    const bytes = readWholeFile(disk, join(folder, file, METADATA_FILE), METADATA_BYTES_MAX);
    const metadata = bytes === undefined ? undefined : parseMetadata(bytes);
    return metadata?.file === file ? metadata : undefined;
  }
}
