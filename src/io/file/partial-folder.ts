/** Partial download of a folder, unpacked as it arrives. */

import { join, relative } from "node:path";
import { Fault } from "../../base/fault.ts";
import { CONCURRENT_FILES_MAX } from "../../base/limits.ts";
import {
  FolderPlan,
  type PlannedFile,
  type PlannedFolder,
  type Renamed,
} from "../../core/transfer/folder-plan.ts";
import {
  FolderMap,
  type ManifestEntry,
  type ManifestFile,
  type Piece,
  parseManifest,
} from "../../wire/manifest.ts";
import type { Content } from "../blob/chunk-file.ts";
import {
  type DiskFile,
  errorCode,
  type FileProperty,
  onDisk,
  type TreeDisk,
  tooLargeFault,
  writeWhole,
} from "../disk/disk.ts";
import { appendSparse } from "../disk/sparse.ts";
import { inParallel } from "../task-queue.ts";

export interface PartialFolderOptions {
  readonly disk: TreeDisk;
  readonly path: string;
  /** Path that the folder receives when it is complete. Faults name it. */
  readonly finalPath: string;
  readonly manifestPath: string;
  readonly manifestBytes: number;
}

interface Plan {
  readonly map: FolderMap;
  readonly paths: FolderPlan;
}

const SYNC_BYTES_MAX = 16 * 1024;
const FOLDER_ENTRIES_PER_TURN = 256;

/** Unpacks a folder as it arrives. Never follows links or writes outside the folder. */
export class PartialFolder implements Content {
  readonly #manifest;
  #plan: Plan | undefined;
  #current: { readonly file: PlannedFile; readonly open: DiskFile } | undefined;
  readonly #verifiedFolders = new Set<PlannedFolder>();
  #unsyncedFiles = new Set<PlannedFile>();
  #unsyncedFolders = new Set<PlannedFolder>();
  /** Properties of the sender's files that the disk refused to store. */
  readonly notKept = new Set<FileProperty>();

  constructor(private readonly options: PartialFolderOptions) {
    this.#manifest = options.disk.openPlain(options.manifestPath, "write");
  }

  async read(into: readonly Uint8Array[], offset: number): Promise<number> {
    let done = 0;
    for (const part of into) {
      const bytesRead = await this.#read(part, offset + done);
      done += bytesRead;
      if (bytesRead < part.length) break;
    }
    return done;
  }

  async #read(into: Uint8Array, offset: number): Promise<number> {
    const inManifest = Math.min(into.length, this.options.manifestBytes - offset);
    let done = 0;
    if (inManifest > 0) {
      done = await this.#manifest.readLater(into.subarray(0, inManifest), offset);
      if (done < inManifest || done === into.length) return done;
    }
    const plan = await this.#loadPlan().catch(ignoreMalformed);
    if (plan === undefined) return done;
    for (const piece of plan.map.pieces(offset + done, into.length - done)) {
      if (piece.kind === "manifest") continue;
      const part = into.subarray(done, done + piece.sizeBytes);
      const bytesRead = await this.#readPiece(plan, piece.file, part, piece.offset);
      done += bytesRead;
      if (bytesRead < part.length) break;
    }
    return done;
  }

  async write(parts: readonly Uint8Array[], offset: number): Promise<void> {
    let at = offset;
    for (const bytes of parts) {
      await this.#write(bytes, at);
      at += bytes.length;
    }
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    const { manifestBytes } = this.options;
    const inManifest = Math.max(0, Math.min(bytes.length, manifestBytes - offset));
    if (inManifest > 0) {
      const part = bytes.subarray(0, inManifest);
      await writeWhole(this.#manifest, part, offset, SYNC_BYTES_MAX);
      if (offset + inManifest < manifestBytes) return;
      this.#plan = undefined;
    }
    const plan = await this.#loadPlan();
    let at = inManifest;
    for (const [index, piece] of plan.map.pieces(offset + at, bytes.length - at).entries()) {
      if (piece.kind === "manifest") continue;
      if (index % CONCURRENT_FILES_MAX === CONCURRENT_FILES_MAX - 1) await Bun.sleep(0);
      await this.#writePiece(plan, piece, bytes.subarray(at, at + piece.sizeBytes));
      at += piece.sizeBytes;
    }
    if (at === bytes.length) return;
    throw invalidContent("has more bytes than listed");
  }

  async sync(): Promise<void> {
    const files = [...this.#unsyncedFiles];
    const folders = [...this.#unsyncedFolders];
    this.#unsyncedFiles = new Set();
    this.#unsyncedFolders = new Set();
    const { disk } = this.options;
    await this.#manifest.sync();
    await inParallel(files, (planned) =>
      this.#onDisk(planned, async () => {
        using file = disk.openPlain(planned.path, "write");
        await file.sync();
      }),
    );
    await inParallel(folders, (folder) => this.#onDisk(folder, () => disk.syncFolder(folder.path)));
  }

  async truncate(sizeBytes: number): Promise<void> {
    const { disk, path, manifestBytes } = this.options;
    this.#closeCurrent();
    if (sizeBytes < manifestBytes) {
      this.#plan = undefined;
      if (this.#manifest.sizeBytes() > sizeBytes) this.#manifest.truncate(sizeBytes);
    }
    if (sizeBytes > 0) return;
    this.#verifiedFolders.clear();
    this.#unsyncedFiles.clear();
    this.#unsyncedFolders.clear();
    await disk.removeFolder(path);
    if (!disk.makeFolderNew(path)) throw pathBlocked(path);
  }

  close(): void {
    this.#closeCurrent();
    this.#manifest.close();
  }

  get renamed(): readonly Renamed[] {
    return this.#plan?.paths.renamed ?? [];
  }

  get manifestBytes(): number {
    return this.options.manifestBytes;
  }

  /** @throws {Fault} folder-malformed if the manifest is invalid */
  async plannedBytes(): Promise<number> {
    return (await this.#loadPlan()).map.sizeBytes;
  }

  /**
   * Size of the content, or `undefined` if an entry is missing, has another size or is a link.
   * @throws {Fault} folder-malformed if the manifest is invalid
   */
  async completeBytes(): Promise<number | undefined> {
    const { disk } = this.options;
    const { paths, map } = await this.#loadPlan();
    let isComplete = true;
    await forEachYielding(paths.folders, ({ path }) => {
      isComplete &&= disk.kind(path) === "folder";
    });
    await forEachYielding(paths.files, ({ path, sizeBytes }) => {
      isComplete &&= disk.kind(path) === "file" && sizeAt(disk, path) === sizeBytes;
    });
    return isComplete ? map.sizeBytes : undefined;
  }

  /**
   * Reports whether the folder contains nothing but planned entries that no other user owns.
   * @throws {Fault} folder-malformed if the manifest is invalid
   */
  async hasOnlyPlanned(): Promise<boolean> {
    const { disk } = this.options;
    const { paths } = await this.#loadPlan();
    const files = new Set(paths.files.map(({ path }) => path));
    const folders = [paths.root, ...paths.folders].filter(
      ({ path }) => disk.kind(path) === "folder",
    );
    const folderPaths = new Set(folders.map(({ path }) => path));
    let isPlanned = true;
    await forEachYielding(folders, ({ path: parent }) => {
      const entries = isPlanned ? disk.list(parent).map((name) => join(parent, name)) : [];
      isPlanned &&= entries.every((path) => {
        const isFile = files.has(path) && disk.kind(path) === "file";
        return (isFile || folderPaths.has(path)) && disk.isTrusted(path);
      });
    });
    return isPlanned;
  }

  /** @throws {Fault} folder-malformed if the manifest or the size is invalid */
  async complete(sizeBytes: number): Promise<void> {
    const { paths, map } = await this.#loadPlan();
    if (sizeBytes !== map.sizeBytes) {
      throw invalidContent(`has ${sizeBytes} bytes instead of ${map.sizeBytes}`);
    }
    await forEachYielding(paths.folders, (folder) =>
      this.#onDisk(folder, () => this.#ensureFolder(folder)),
    );
    await forEachYielding(paths.files, (file) => {
      if (file.sizeBytes === 0) this.#onDisk(file, () => this.#ensureEmptyFile(file));
    });
    this.#closeCurrent();
    await this.sync();
    await forEachYielding(paths.files, (file) => this.#setMetadata(file));
    // Set the times of inner folders first, because changing an entry updates its folder's time.
    await forEachYielding([...paths.folders].reverse(), (folder) => this.#setMetadata(folder));
  }

  #setMetadata(planned: Pick<PlannedFile, "path" | "metadata">): void {
    const { disk } = this.options;
    const { path, metadata } = planned;
    const refused = this.#onDisk(planned, () => disk.metadata(path, metadata));
    for (const property of refused) this.notKept.add(property);
  }

  /** Runs a task whose faults name the entry inside the complete folder, not inside the part. */
  #onDisk<Result>({ path }: Pick<PlannedFile, "path">, task: () => Result): Result {
    const { finalPath, path: root } = this.options;
    return onDisk(join(finalPath, relative(root, path)), task);
  }

  async #loadPlan(): Promise<Plan> {
    if (this.#plan !== undefined) return this.#plan;
    const { path, manifestBytes } = this.options;
    const bytes = new Uint8Array(manifestBytes);
    const bytesRead = await this.#manifest.readLater(bytes, 0);
    if (bytesRead < manifestBytes) throw invalidContent("ends within its list");
    const entries = parseFolderManifest(bytes);
    const map = new FolderMap(entries, manifestBytes);
    const plan = { map, paths: new FolderPlan(path, entries) };
    await this.#checkSizes(entries);
    this.#plan = plan;
    return plan;
  }

  /** @throws {Fault} store-failed if the file system cannot store a file, before any is written */
  async #checkSizes(entries: readonly ManifestEntry[]): Promise<void> {
    const { disk, path, finalPath } = this.options;
    const fileBytesMax = await onDisk(finalPath, () => disk.fileBytesMax(path));
    for (const entry of entries)
      if ("size" in entry && entry.size > fileBytesMax)
        throw tooLargeFault(join(finalPath, entry.path));
  }

  async #readPiece(
    plan: Plan,
    entry: ManifestFile,
    into: Uint8Array,
    offset: number,
  ): Promise<number> {
    const planned = plan.paths.file(entry);
    if (planned === undefined) return 0;
    try {
      using file = this.options.disk.openPlain(planned.path, "read");
      return await file.readLater(into, offset);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return 0;
      throw error;
    }
  }

  async #writePiece(plan: Plan, piece: Piece & { kind: "file" }, bytes: Uint8Array): Promise<void> {
    const planned = plan.paths.file(piece.file);
    if (planned === undefined) throw new Fault("internal", "a listed file has no path");
    await this.#onDisk(planned, async () => {
      const open = this.#openFile(planned, piece.offset);
      if (bytes.length > SYNC_BYTES_MAX) await appendSparse(open, [bytes], piece.offset);
      else await writeWhole(open, bytes, piece.offset, SYNC_BYTES_MAX);
    });
    this.#unsyncedFiles.add(planned); // Sync again if a sync began during this write.
  }

  #openFile(file: PlannedFile, offset: number): DiskFile {
    if (this.#current?.file === file) return this.#current.open;
    this.#closeCurrent();
    this.#ensureFolder(file.parent);
    const { disk } = this.options;
    const exists = disk.kind(file.path) !== undefined;
    const open = exists ? disk.openPlain(file.path, "write") : disk.openNew(file.path);
    this.#current = { file, open };
    // Sync existing files too, because a run that was killed may not have synced them.
    this.#unsyncedFolders.add(file.parent);
    this.#unsyncedFiles.add(file);
    // Remove bytes that an earlier run wrote but did not sync.
    if (exists && open.sizeBytes() > offset) open.truncate(offset);
    return open;
  }

  #ensureEmptyFile(file: PlannedFile): void {
    const { disk } = this.options;
    // Does not open an existing file, which an earlier run may have made read-only.
    if (disk.kind(file.path) === "file") this.#unsyncedFolders.add(file.parent);
    else this.#openFile(file, 0);
  }

  #closeCurrent(): void {
    this.#current?.open.close();
    this.#current = undefined;
  }

  #ensureFolder(folder: PlannedFolder): void {
    if (this.#verifiedFolders.has(folder)) return;
    const { disk } = this.options;
    if (folder.parent !== undefined) this.#ensureFolder(folder.parent);
    const kind = disk.kind(folder.path);
    const isReady = kind === "folder" || (kind === undefined && disk.makeFolderNew(folder.path));
    if (!isReady) throw pathBlocked(folder.path);
    if (folder.parent !== undefined) this.#unsyncedFolders.add(folder.parent);
    this.#verifiedFolders.add(folder);
  }
}

function sizeAt(disk: TreeDisk, path: string): number {
  using file = disk.openPlain(path, "read");
  return file.sizeBytes();
}

function parseFolderManifest(bytes: Uint8Array): ManifestEntry[] {
  try {
    return parseManifest(bytes);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("folder-malformed", error.message, { cause: error });
  }
}

function ignoreMalformed(error: unknown): undefined {
  if (!(error instanceof Fault) || error.code !== "folder-malformed") throw error;
}

function invalidContent(reason: string): Fault {
  return new Fault("folder-malformed", `the folder ${reason}`);
}

function pathBlocked(path: string): Fault {
  return new Fault("store-failed", `${path} already exists`, { remedy: "move it elsewhere" });
}

async function forEachYielding<Item>(
  items: readonly Item[],
  task: (item: Item) => void,
): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index % FOLDER_ENTRIES_PER_TURN === FOLDER_ENTRIES_PER_TURN - 1) await Bun.sleep(0);
    task(item);
  }
}
