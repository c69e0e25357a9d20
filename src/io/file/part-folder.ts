/** A partly received folder, unpacked on arrival. */

import { Fault } from "../../base/fault.ts";
import { CONCURRENT_FILES_MAX } from "../../base/limits.ts";
import {
  FolderMap,
  type ManifestEntry,
  type ManifestFile,
  type Piece,
  parseManifest,
} from "../../wire/manifest.ts";
import type { Content } from "../blob/chunk-file.ts";
import type { Renamed } from "../blob/interfaces.ts";
import { type DiskFile, errorCode, type TreeDisk, writeWhole } from "../disk/disk.ts";
import { FolderPlan, type PlannedFile, type PlannedFolder } from "./folder-plan.ts";
import { inParallel } from "./parallel.ts";

export interface PartFolderOptions {
  readonly disk: TreeDisk;
  /** Existing folder while it is incomplete, e.g. `NAME.part`. */
  readonly path: string;
  /** Existing file for the manifest. */
  readonly manifestPath: string;
  readonly manifestBytes: number;
}

interface Plan {
  readonly map: FolderMap;
  readonly places: FolderPlan;
}

/** Larger writes happen off the event loop. */
const SYNC_BYTES_MAX = 16 * 1024;
/** Entries created or updated before yielding to others. */
const ENTRIES_PER_TURN = 256;

/**
 * A folder being received as one file, unpacked directly into its files. Nothing outside of the
 * folder is followed or written.
 */
export class PartFolder implements Content {
  readonly #options: PartFolderOptions;
  readonly #manifest: DiskFile;
  #plan: Plan | undefined;
  /** The file written last: usually the next bytes belong to it. */
  #current: { readonly file: PlannedFile; readonly open: DiskFile } | undefined;
  /** Verified to exist and not be links. Bounded by the plan, as are the next two. */
  readonly #standing = new Set<PlannedFolder>();
  /** Written or created since the last sync began. */
  #unsyncedFiles = new Set<PlannedFile>();
  #unsyncedFolders = new Set<PlannedFolder>();

  /** @throws the system's error */
  constructor(options: PartFolderOptions) {
    this.#options = options;
    this.#manifest = options.disk.openPlain(options.manifestPath, "write");
  }

  async read(into: readonly Uint8Array[], offset: number): Promise<number> {
    let done = 0;
    for (const part of into) {
      const got = await this.#read(part, offset + done);
      done += got;
      if (got < part.length) break;
    }
    return done;
  }

  async #read(into: Uint8Array, offset: number): Promise<number> {
    const inManifest = Math.min(into.length, this.#options.manifestBytes - offset);
    let done = 0;
    if (inManifest > 0) {
      done = await this.#manifest.readLater(into.subarray(0, inManifest), offset);
      if (done < inManifest || done === into.length) return done;
    }
    const plan = await this.#planned().catch(unlessMalformed);
    if (plan === undefined) return done; // Nothing here can belong to a folder.
    for (const piece of plan.map.pieces(offset + done, into.length - done)) {
      if (piece.kind === "manifest") continue;
      const part = into.subarray(done, done + piece.sizeBytes);
      const got = await this.#readPiece(plan, piece.file, part, piece.offset);
      done += got;
      if (got < part.length) break;
    }
    return done;
  }

  async write(parts: readonly Uint8Array[], offset: number): Promise<void> {
    let at = offset;
    for (const bytes of parts) {
      await this.#write(bytes, at).catch(unlessTooLong);
      at += bytes.length;
    }
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    const { manifestBytes } = this.#options;
    const inManifest = Math.max(0, Math.min(bytes.length, manifestBytes - offset));
    if (inManifest > 0) {
      const part = bytes.subarray(0, inManifest);
      await writeWhole(this.#manifest, part, offset, SYNC_BYTES_MAX);
      if (offset + inManifest < manifestBytes) return;
      this.#plan = undefined;
    }
    const plan = await this.#planned();
    let at = inManifest;
    for (const [index, piece] of plan.map.pieces(offset + at, bytes.length - at).entries()) {
      if (piece.kind === "manifest") continue;
      // Yields: creating files is slow.
      if (index % CONCURRENT_FILES_MAX === CONCURRENT_FILES_MAX - 1) await Bun.sleep(0);
      await this.#writePiece(plan, piece, bytes.subarray(at, at + piece.sizeBytes));
      at += piece.sizeBytes;
    }
    if (at === bytes.length) return;
    throw malformed("has more bytes than its list says");
  }

  async sync(): Promise<void> {
    const files = [...this.#unsyncedFiles];
    const folders = [...this.#unsyncedFolders];
    this.#unsyncedFiles = new Set();
    this.#unsyncedFolders = new Set();
    const { disk } = this.#options;
    await this.#manifest.sync();
    await inParallel(files, async ({ path }) => {
      using file = disk.openPlain(path, "write");
      await file.sync();
    });
    await inParallel(folders, ({ path }) => disk.syncFolder(path));
  }

  async cut(sizeBytes: number): Promise<void> {
    const { disk, path, manifestBytes } = this.#options;
    this.#leave();
    if (sizeBytes < manifestBytes) {
      this.#plan = undefined;
      if (this.#manifest.sizeBytes() > sizeBytes) this.#manifest.truncate(sizeBytes);
    }
    if (sizeBytes > 0) return; // Other files are cut when their next bytes arrive.
    this.#standing.clear();
    this.#unsyncedFiles.clear();
    this.#unsyncedFolders.clear();
    await disk.removeFolder(path);
    if (!disk.makeFolderNew(path)) throw somethingElse(path);
  }

  close(): void {
    this.#leave();
    this.#manifest.close();
  }

  /** Entries with another name than the sender's; empty before the manifest is received. */
  get renamed(): readonly Renamed[] {
    return this.#plan?.places.renamed ?? [];
  }

  /**
   * Creates files without bytes, syncs, and sets every mode and time.
   * @param sizeBytes total bytes received
   * @throws Fault folder-malformed
   */
  complete(sizeBytes: number): Promise<void> {
    return this.#complete(sizeBytes).catch(unlessTooLong);
  }

  async #complete(sizeBytes: number): Promise<void> {
    const { places, map } = await this.#planned();
    if (sizeBytes !== map.sizeBytes) {
      throw malformed(`has ${sizeBytes} bytes, and its list says ${map.sizeBytes}`);
    }
    await inTurns(places.folders, (folder) => this.#stand(folder));
    await inTurns(places.files, (file) => {
      if (file.sizeBytes === 0) this.#standEmpty(file);
    });
    this.#leave();
    await this.sync();
    const { disk } = this.#options;
    await inTurns(places.files, (file) => disk.metadata(file.path, file.metadata));
    // Creating or renaming entries changes a folder's time: set inner folders first.
    await inTurns([...places.folders].reverse(), ({ path, metadata: dress }) =>
      disk.metadata(path, dress),
    );
  }

  async #planned(): Promise<Plan> {
    if (this.#plan !== undefined) return this.#plan;
    const { path, manifestBytes } = this.#options;
    const bytes = new Uint8Array(manifestBytes);
    const got = await this.#manifest.readLater(bytes, 0);
    if (got < manifestBytes) throw malformed("ends before its list does");
    const entries = listOf(bytes);
    const map = new FolderMap(entries, manifestBytes);
    this.#plan = { map, places: new FolderPlan(path, entries) };
    return this.#plan;
  }

  async #readPiece(
    plan: Plan,
    entry: ManifestFile,
    into: Uint8Array,
    offset: number,
  ): Promise<number> {
    const place = plan.places.file(entry);
    if (place === undefined) return 0;
    try {
      using file = this.#options.disk.openPlain(place.path, "read");
      return await file.readLater(into, offset);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return 0;
      throw error;
    }
  }

  async #writePiece(plan: Plan, piece: Piece & { kind: "file" }, bytes: Uint8Array): Promise<void> {
    const place = plan.places.file(piece.file);
    if (place === undefined) throw new Fault("internal", "a file of the list has a place");
    const open = this.#enter(place, piece.offset);
    await writeWhole(open, bytes, piece.offset, SYNC_BYTES_MAX);
    this.#unsyncedFiles.add(place); // Also if a sync began during this write.
  }

  /** Opens the file so that its next byte is at the offset. */
  #enter(file: PlannedFile, offset: number): DiskFile {
    if (this.#current?.file === file) return this.#current.open;
    this.#leave();
    this.#stand(file.parent);
    const { disk } = this.#options;
    const isThere = disk.kind(file.path) !== undefined;
    const open = isThere ? disk.openPlain(file.path, "write") : disk.openNew(file.path);
    this.#current = { file, open };
    // Also if it existed: the run that created it may have been killed before a sync.
    this.#unsyncedFolders.add(file.parent);
    this.#unsyncedFiles.add(file);
    // Left by an earlier run, which had not synced it.
    if (isThere && open.sizeBytes() > offset) open.truncate(offset);
    return open;
  }

  #standEmpty(file: PlannedFile): void {
    const { disk } = this.#options;
    // A file of an earlier run may be read-only by now.
    if (disk.kind(file.path) === "file") this.#unsyncedFolders.add(file.parent);
    else this.#enter(file, 0);
  }

  #leave(): void {
    this.#current?.open.close();
    this.#current = undefined;
  }

  #stand(folder: PlannedFolder): void {
    if (this.#standing.has(folder)) return;
    const { disk } = this.#options;
    if (folder.parent !== undefined) this.#stand(folder.parent);
    const kind = disk.kind(folder.path);
    const stands = kind === "folder" || (kind === undefined && disk.makeFolderNew(folder.path));
    if (!stands) throw somethingElse(folder.path);
    if (folder.parent !== undefined) this.#unsyncedFolders.add(folder.parent);
    this.#standing.add(folder);
  }
}

/** The sender made it so: channel and server are not to blame. */
function listOf(bytes: Uint8Array): ManifestEntry[] {
  try {
    return parseManifest(bytes);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("folder-malformed", error.message, { cause: error });
  }
}

function unlessMalformed(error: unknown): undefined {
  if (!(error instanceof Fault) || error.code !== "folder-malformed") throw error;
}

/** A path may be longer here than the disk of the sender, or this one, allows. */
function unlessTooLong(error: unknown): never {
  if (errorCode(error) !== "ENAMETOOLONG") throw error;
  throw malformed("has paths that are too long for this disk");
}

function malformed(what: string): Fault {
  return new Fault("folder-malformed", `the folder ${what}`);
}

function somethingElse(path: string): Fault {
  return new Fault("store-failed", `something else stands at ${path}`, { remedy: "move it away" });
}

async function inTurns<Item>(items: readonly Item[], work: (item: Item) => void): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await Bun.sleep(0);
    work(item);
  }
}
