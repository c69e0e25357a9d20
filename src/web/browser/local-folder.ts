/** Folder that the user has chosen or dropped. It is sent as one file, like a terminal's folder. */

import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { CHUNK_BYTES, FOLDER_ENTRIES_MAX } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { clampUnixMs } from "../../base/time.ts";
import { countPersonalData, type PersonalDataCounts } from "../../client/files/personal-data.ts";
import {
  type FilePart,
  FolderList,
  REMOVED,
  Relisting,
  type SkippedEntry,
} from "../../core/transfer/folder-list.ts";
import type { FolderSize, ReadableFile, Source, StampMatch } from "../../io/blob/interfaces.ts";
import { inParallel, TaskQueue } from "../../io/task-queue.ts";
import { type ManifestEntry, pathDefect } from "../../wire/manifest.ts";
import { sentMode } from "../../wire/modes.ts";
import { FileReadStream, readableFile } from "./file-source.ts";
import { pageSha256 } from "./hash.ts";

/** The part of `FileSystemFileHandle` that is used here. */
export interface FileNode {
  readonly name: string;
  getFile(): Promise<File>;
}

/** Likewise of `FileSystemDirectoryHandle`. */
export interface FolderNode {
  readonly name: string;
  values(): AsyncIterable<FileNode | FolderNode>;
}

/** The part of `FileSystemEntry` that is used here. */
export interface DroppedEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  file?(onFile: (file: File) => void, onError: (error: unknown) => void): void;
  createReader?(): {
    readEntries(
      onEntries: (entries: readonly DroppedEntry[]) => void,
      onError: (error: unknown) => void,
    ): void;
  };
}

/** Maximum number of entries that are named when they are not sent. */
const NAMED_ENTRIES_MAX = 3;
/** Browsers report no modes, like Windows. */
const FILE_MODE = sentMode(0o666, "file", "win32");
const FOLDER_MODE = sentMode(0o666, "folder", "win32");
const UNREADABLE = "it cannot be read, or kept changing while the folder was sent";
/** The root of a disk has no name. */
const NAMELESS = "folder";
const SAME_NAME = "another entry has the same name";
const FOREIGN_NAME = "its name contains a slash";

/** Adapts a dropped folder, for which not all browsers give a handle. */
export function droppedFolder(entry: DroppedEntry): FolderNode {
  const node = (inner: DroppedEntry): FileNode | FolderNode =>
    inner.isDirectory ? droppedFolder(inner) : { name: inner.name, getFile: () => fileOf(inner) };
  return {
    name: entry.name,
    async *values() {
      const reader = entry.createReader?.();
      for (;;) {
        // Each call returns some entries, and the last call none.
        const some = await new Promise<readonly DroppedEntry[]>((resolve, reject) =>
          reader?.readEntries(resolve, reject),
        );
        if (some.length === 0) return;
        for (const inner of some) yield node(inner);
      }
    },
  };
}

function fileOf(entry: DroppedEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file?.(resolve, reject));
}

/** List of a folder, with the files as they were when listed. */
class Listing {
  readonly skipped: SkippedEntry[] = [];
  readonly #root: string;
  readonly #leftOut: ReadonlySet<string>;
  readonly #folders = new Set<string>();
  readonly #files = new Map<string, File>();
  #list: FolderList | undefined;
  #stamp: string | undefined;

  constructor(root: string, leftOut: ReadonlySet<string>) {
    this.#root = root;
    this.#leftOut = leftOut;
  }

  get list(): FolderList {
    this.#list ??= new FolderList(this.entries);
    return this.#list;
  }

  /** Differs if any path, size or time differs. */
  get stamp(): string {
    this.#stamp ??= `${this.list.map.sizeBytes} ${toHex(pageSha256(this.list.manifest))}`;
    return this.#stamp;
  }

  get entries(): readonly ManifestEntry[] {
    const times = this.#folderTimes();
    const files = [...this.#files].map(([path, { size, lastModified }]) => {
      return { path, size, mode: FILE_MODE, mtime: timeOf(lastModified) };
    });
    const folders = [...this.#folders].map((path) => {
      return {
        path,
        dir: true,
        mode: FOLDER_MODE,
        mtime: times.get(path) ?? times.get("") ?? 0,
      } as const;
    });
    return [...files, ...folders];
  }

  readable(): readonly ReadableFile[] {
    return [...this.#files].map(([path, file]) => readableFile(file, path));
  }

  file(path: string): File {
    const file = this.#files.get(path);
    assert(file !== undefined, "the file is listed");
    return file;
  }

  async addAll(root: FolderNode): Promise<void> {
    const pending = [{ node: root, path: "" }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { node, path: folder } = next;
      const nodes = await this.#nodesIn(node, folder);
      await inParallel(nodes, async (inner) => {
        const path = folder === "" ? inner.name : `${folder}/${inner.name}`;
        if (inner.name.includes("/")) this.skipped.push({ path, reason: FOREIGN_NAME });
        else if ("getFile" in inner) await this.addFile(path, () => inner.getFile());
        else if (this.addFolder(path)) pending.push({ node: inner, path });
      });
    }
  }

  /** Returns false if the folder is not sent. */
  addFolder(path: string): boolean {
    if (!this.#accepts(path)) return false;
    this.#folders.add(path);
    return true;
  }

  /** Skips a file that cannot be read. */
  async addFile(path: string, getFile: () => Promise<File>): Promise<void> {
    if (!this.#accepts(path)) return;
    let file: File;
    try {
      file = await getFile();
      await file.slice(0, 1).arrayBuffer();
    } catch {
      this.skipped.push({ path, reason: UNREADABLE });
      return;
    }
    // Others were added meanwhile.
    if (this.#accepts(path)) this.#files.set(path, file);
  }

  /** Adds the folders of a path. */
  addAncestors(path: string): void {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
      const folder = path.slice(0, at);
      if (!this.#folders.has(folder)) this.addFolder(folder);
    }
  }

  /** Skips a folder that cannot be read, unless it is the root. */
  async #nodesIn(node: FolderNode, folder: string): Promise<readonly (FileNode | FolderNode)[]> {
    const nodes: (FileNode | FolderNode)[] = [];
    try {
      for await (const inner of node.values()) {
        nodes.push(inner);
        if (nodes.length > FOLDER_ENTRIES_MAX) break;
      }
      return nodes;
    } catch (cause) {
      if (folder === "") throw unreadableFolder(node.name, cause);
      this.#folders.delete(folder);
      this.skipped.push({ path: folder, reason: UNREADABLE });
      return [];
    }
  }

  /** @throws {Fault} too-large */
  #accepts(path: string): boolean {
    if (this.#leftOut.has(path)) return false;
    const isKnown = this.#folders.has(path) || this.#files.has(path);
    // Names that are not UTF-8 can become equal in a browser.
    const reason = isKnown ? SAME_NAME : pathDefect(path);
    if (reason !== undefined) {
      this.skipped.push({ path, reason });
      return false;
    }
    if (this.#folders.size + this.#files.size < FOLDER_ENTRIES_MAX) return true;
    const message = msg`${quoteText(this.#root)} has more than ${FOLDER_ENTRIES_MAX} entries`;
    throw new Fault("too-large", message);
  }

  /** Times of the newest files, because browsers tell no times of folders. */
  #folderTimes(): ReadonlyMap<string, number> {
    const newest = new Map<string, number>();
    for (const [path, { lastModified }] of this.#files) {
      const time = timeOf(lastModified);
      for (let end = path.lastIndexOf("/"); ; end = path.lastIndexOf("/", end - 1)) {
        const folder = path.slice(0, Math.max(0, end));
        newest.set(folder, Math.max(time, newest.get(folder) ?? time));
        if (end <= 0) break;
      }
    }
    return newest;
  }
}

function timeOf(lastModified: number): number {
  return Number.isSafeInteger(lastModified) ? clampUnixMs(lastModified) : 0;
}

function unreadableFolder(name: string, cause: unknown): Fault {
  return new Fault("file-changed", `'${name}' changed or cannot be read`, { cause });
}

/** Path of a chosen file, which begins with the name of the chosen folder. */
function pathOf(file: File | undefined): string {
  return (file as { readonly webkitRelativePath?: string } | undefined)?.webkitRelativePath ?? "";
}

type ListFolder = (leftOut: ReadonlySet<string>) => Promise<Listing>;

export class LocalFolder {
  readonly #relisting: Relisting;
  #reported = 0;

  private constructor(
    readonly name: string,
    private listing: Listing,
    /** Files of the first list that contain a location or the name of a person. */
    readonly personal: PersonalDataCounts,
    private readonly list: ListFolder,
    /** False if a new list has the same files, which a browser refuses to read once they change. */
    private readonly canRelist: boolean,
  ) {
    this.#relisting = new Relisting(listing.skipped);
    void listing.list; // Refuses a list that is too long.
  }

  /** @throws {Fault} too-large, file-changed if the folder cannot be read */
  static async read(node: FolderNode): Promise<LocalFolder> {
    const name = node.name || NAMELESS;
    const list: ListFolder = async (leftOut) => {
      const listing = new Listing(name, leftOut);
      await listing.addAll(node);
      return listing;
    };
    return LocalFolder.#listed(name, list, true);
  }

  /**
   * @param files of an `<input webkitdirectory>`, which omits empty folders
   * @throws {Fault} too-large
   */
  static async ofFiles(files: readonly File[]): Promise<LocalFolder> {
    const root = pathOf(files[0]).split("/")[0] || NAMELESS;
    const list: ListFolder = async (leftOut) => {
      const listing = new Listing(root, leftOut);
      const innerPath = (file: File) => pathOf(file).slice(pathOf(file).indexOf("/") + 1);
      for (const file of files) listing.addAncestors(innerPath(file));
      await inParallel(files, (file) => listing.addFile(innerPath(file), async () => file));
      return listing;
    };
    return LocalFolder.#listed(root, list, false);
  }

  static async #listed(name: string, list: ListFolder, canRelist: boolean): Promise<LocalFolder> {
    const listing = await list(new Set());
    const personal = await countPersonalData(listing.readable());
    return new LocalFolder(name, listing, personal, list, canRelist);
  }

  /** Bytes of the message's file: the list and the contents. */
  get size(): number {
    return this.listing.list.map.sizeBytes;
  }

  get folder(): FolderSize {
    return this.listing.list.size;
  }

  get stamp(): string {
    return this.listing.stamp;
  }

  get skipped(): readonly SkippedEntry[] {
    return this.#relisting.skipped;
  }

  /** Returns a fault that names skipped entries, of which no earlier call has named any. */
  takeOmissions(): Fault | undefined {
    const added = this.skipped.slice(this.#reported);
    this.#reported += added.length;
    if (added.length === 0) return undefined;
    const paths = added.slice(0, NAMED_ENTRIES_MAX).map(({ path }) => `${this.name}/${path}`);
    if (added.length > paths.length) paths.push(`… (${added.length})`);
    const reason = `: ${paths.join(", ")}`;
    return new Fault("incomplete", msg`entries of a folder were skipped${reason}`);
  }

  /** @param path key of the upload in its journal */
  open(path: string): Source {
    return new FolderSource(this, path);
  }

  fill(bytes: Uint8Array, offset: number): readonly FilePart[] {
    return this.listing.list.fill(bytes, offset);
  }

  file(path: string): File {
    return this.listing.file(path);
  }

  /** Returns the fault for a file that could not be read as it was listed. */
  failed(path: string, cause: unknown): Fault {
    const isRemoved = cause instanceof Error && cause.name === "NotFoundError";
    this.#relisting.failed(path, isRemoved ? REMOVED : UNREADABLE, !this.canRelist);
    return new Fault("file-changed", msg`${quoteText(path)} changed while it was sent`, { cause });
  }

  async relist(): Promise<boolean> {
    const leftOut = this.#relisting.begin();
    if (leftOut === undefined) return false;
    const listing = await this.list(leftOut);
    this.#relisting.end(this.listing, listing);
    this.listing = listing;
    return true;
  }
}

/** The folder's list and its contents. Each file is read as it was when the folder was listed. */
class FolderSource implements Source {
  readonly name: string;
  /** Last file that was read in part. */
  #current: { readonly file: File; readonly stream: FileReadStream } | undefined;
  /** Runs one read at a time, because an abandoned read may still be running. */
  readonly #reading = new TaskQueue();

  constructor(
    private readonly content: LocalFolder,
    readonly path: string,
  ) {
    this.name = content.name;
  }

  get sizeBytes(): number {
    return this.content.size;
  }

  get folder(): FolderSize {
    return this.content.folder;
  }

  get stamp(): string {
    return this.content.stamp;
  }

  get skipped(): readonly SkippedEntry[] {
    return this.content.skipped;
  }

  /** Programs can set a file's time back, so a resumed upload compares the sent part. */
  matchStamp(stored: string): StampMatch {
    return stored === this.stamp ? "unsure" : "other";
  }

  read(index: number): Promise<Uint8Array | undefined> {
    return this.#reading.run(async () => {
      const offset = index * CHUNK_BYTES;
      if (offset >= this.sizeBytes) return undefined;
      const bytes = new Uint8Array(Math.min(CHUNK_BYTES, this.sizeBytes - offset));
      await inParallel(this.content.fill(bytes, offset), (part) => this.#readPart(part));
      return bytes;
    });
  }

  relist(): Promise<boolean> {
    return this.#reading.run(() => this.content.relist());
  }

  release(): void {}

  close(): void {
    void this.#reading.run(async () => this.#setCurrent(undefined));
  }

  async #readPart({ file: { path, size }, offset, into }: FilePart): Promise<void> {
    const file = this.content.file(path);
    try {
      if (into.length === size) return into.set(checkedLength(await file.arrayBuffer(), size));
      const stream = this.#takeStream(file, offset) ?? new FileReadStream(file, offset);
      into.set(await stream.read(into.length));
      if (offset + into.length < size) {
        this.#setCurrent({ file, stream });
        return;
      }
      stream.cancel();
      // Reads again, which makes the browser check whether the file has changed.
      await file.slice(size - 1).arrayBuffer();
    } catch (cause) {
      throw this.content.failed(path, cause);
    }
  }

  /** Leaves no stream that a read of the next file, at the same time, would cancel. */
  #takeStream(file: File, offset: number): FileReadStream | undefined {
    const { file: currentFile, stream } = this.#current ?? {};
    if (currentFile !== file || stream?.offset !== offset) return undefined;
    this.#current = undefined;
    return stream;
  }

  #setCurrent(current: { readonly file: File; readonly stream: FileReadStream } | undefined): void {
    this.#current?.stream.cancel();
    this.#current = current;
  }
}

function checkedLength(content: ArrayBuffer, size: number): Uint8Array {
  if (content.byteLength !== size) throw new RangeError("the file has another length");
  return new Uint8Array(content);
}
