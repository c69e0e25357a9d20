/** The folder that holds the content of all uploaded files. */

import { dirname, join } from "node:path";
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId, type Sha256 } from "../../base/ids.ts";
import { type DiskFile, diskFault, type TreeDisk } from "../disk/disk.ts";
import { Mutex } from "../disk/mutex.ts";
import { readWholeFile, writeWholeFile } from "../disk/whole-file.ts";
import { syncWithParents } from "../log/folder.ts";
import { type BlobHooks, fileContent, lentContent, StoredBlob } from "./blob.ts";
import { ChunkSequence, type Content } from "./chunk-file.ts";
import type { Blob, BlobAbout, BlobStore, ChunkReader } from "./interfaces.ts";
import { ABOUT_BYTES_MAX, encodeAbout, parseAbout } from "./metadata.ts";

export interface BlobStoreOptions {
  readonly disk: TreeDisk;
  /** Folder of the files, e.g. `data/files`; created if missing. */
  readonly folder: string;
  readonly sha256: Sha256;
  /**
   * Returns the reader of content that is stored elsewhere: its bytes are not stored, and `read`
   * uses the reader. `undefined` if it is stored here.
   */
  readonly lent?: (about: BlobAbout) => ChunkReader | undefined;
}

const ABOUT = "about.json";
const CONTENT = "content";
const LINES = "chunks.jsonl";

/**
 * Opens the store. Each file has a folder with `about.json`, `content`, `chunks.jsonl`
 * (data/README.md).
 */
export function openBlobStore(options: BlobStoreOptions): BlobStore {
  return new FolderStore(options);
}

class FolderStore implements BlobStore {
  readonly #options: BlobStoreOptions;
  /** Open blobs. Bounded by their holders, as is the next map. */
  readonly #open = new Map<FileId, StoredBlob>();
  /**
   * The last operation on each file's folder: creating, reading and removing run one after another.
   */
  readonly #turns = new Map<FileId, Promise<void>>();
  /** Concurrent syncs would starve others who use the disk: the log, and so every user. */
  readonly #syncs = new Mutex();
  /** The folder and its parents are durable. */
  #isPlaced = false;

  constructor(options: BlobStoreOptions) {
    this.#options = options;
  }

  list(): Promise<BlobAbout[]> {
    return this.#guard(async () => {
      const { disk, folder } = this.#options;
      const found: BlobAbout[] = [];
      for (const name of disk.list(folder)) {
        // The store creates no other names in this folder.
        if (!isFileId(name) || disk.kind(join(folder, name)) !== "folder") continue;
        // A crash came before the offer was on disk, or during the removal.
        if (disk.kind(join(folder, name, ABOUT)) === undefined) {
          await disk.removeFolder(join(folder, name));
          continue;
        }
        // Unreadable content is left in place: `open` reports why.
        const about = this.#readAbout(name as FileId);
        if (about !== undefined) found.push(about);
      }
      return found;
    });
  }

  create(about: BlobAbout): Promise<Blob> {
    return this.#inTurn(about.file, async () => {
      const { disk, folder } = this.#options;
      const path = join(folder, about.file);
      await this.#place();
      if (!disk.makeFolderNew(path)) throw new Fault("store-failed", `${path} is there already`);
      try {
        const blob = await this.#openChunks(about);
        await writeWholeFile(disk, join(path, ABOUT), encodeAbout(about), path);
        return blob;
      } catch (error) {
        await this.#undo(about.file);
        throw error;
      }
    });
  }

  open(file: FileId): Promise<Blob | undefined> {
    return this.#inTurn(file, async () => {
      const known = this.#open.get(file);
      if (known?.hasFailed === false) return known.hold();
      // Its files are opened again; holders of the old one keep getting its failure.
      if (known !== undefined) await known.retire(new Fault("store-failed", `${file} failed`));
      const { disk, folder } = this.#options;
      const path = join(folder, file, ABOUT);
      if (disk.kind(path) === undefined) return undefined;
      const about = this.#readAbout(file);
      if (about === undefined) throw new Fault("store-failed", `${path} is damaged`);
      return await this.#openChunks(about);
    });
  }

  remove(file: FileId): Promise<void> {
    return this.#inTurn(file, async () => {
      const { disk, folder } = this.#options;
      const path = join(folder, file);
      const known = this.#open.get(file);
      this.#open.delete(file);
      await known?.retire(new Fault("file-unknown", `the file ${file} was removed`));
      if (disk.kind(path) === undefined) return;
      // Remove first what makes it a file: after a crash `list` sweeps the rest.
      disk.remove(join(path, ABOUT));
      await disk.syncFolder(path);
      await disk.removeFolder(path);
      await disk.syncFolder(folder);
    });
  }

  freeBytes(): Promise<number> {
    return this.#guard(async () => {
      const { disk, folder } = this.#options;
      disk.makeFolder(folder);
      return await disk.freeBytes(folder);
    });
  }

  async #place(): Promise<void> {
    if (this.#isPlaced) return;
    const { disk, folder } = this.#options;
    disk.makeFolder(folder);
    await syncWithParents(disk, folder);
    this.#isPlaced = true;
  }

  async #openChunks(about: BlobAbout): Promise<StoredBlob> {
    const { disk, folder, sha256, lent } = this.#options;
    const { file, sinceMs } = about;
    const path = join(folder, file);
    const reader = lent?.(about);
    const content =
      reader === undefined
        ? fileContent(disk.open(join(path, CONTENT), "write"))
        : lentContent(reader);
    const linesPath = join(path, LINES);
    const lines = await this.#openLines(linesPath, content);
    const options = {
      ...{ content, lines, linesPath, headBytes: 0, isStrict: true, isProven: true, sha256 },
      syncs: this.#syncs,
    };
    const hooks: BlobHooks = {
      touchedMs: () => {
        const times = [CONTENT, LINES].map((name) => disk.touchedMs(join(path, name)) ?? 0);
        return Math.max(sinceMs, ...times);
      },
      onClose: (closing) => {
        if (this.#open.get(file) !== blob) return;
        this.#open.delete(file);
        this.#inTurn(file, () => closing).catch(() => undefined);
      },
    };
    const blob = await ChunkSequence.open(
      options,
      (...opened) => new StoredBlob(about, hooks, ...opened),
    );
    this.#open.set(file, blob);
    return blob;
  }

  /** Opens the checksum file and makes the names of all open files durable: they may be new. */
  async #openLines(path: string, content: Content): Promise<DiskFile> {
    const { disk, folder } = this.#options;
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

  /**
   * Removes a failed file, so that it can be retried when there is space. Leftovers are removed at
   * the next start.
   */
  async #undo(file: FileId): Promise<void> {
    const { disk, folder } = this.#options;
    const known = this.#open.get(file);
    this.#open.delete(file);
    await known?.retire(new Fault("store-failed", `${file} was not made`));
    await disk.removeFolder(join(folder, file)).catch(() => undefined);
  }

  #inTurn<Result>(file: FileId, work: () => Promise<Result>): Promise<Result> {
    assert(isFileId(file), "an id was checked where it came in");
    const mine = (this.#turns.get(file) ?? Promise.resolve()).then(() => this.#guard(work));
    const ended = () => {
      if (this.#turns.get(file) === turn) this.#turns.delete(file);
    };
    const turn = mine.then(ended, ended);
    this.#turns.set(file, turn);
    return mine;
  }

  #readAbout(file: FileId): BlobAbout | undefined {
    const { disk, folder } = this.#options;
    const bytes = readWholeFile(disk, join(folder, file, ABOUT), ABOUT_BYTES_MAX);
    const about = bytes === undefined ? undefined : parseAbout(bytes);
    return about?.file === file ? about : undefined;
  }

  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw diskFault(error, this.#options.folder);
    }
  }
}
