/**
 * Paths of a received folder's entries, for folders on a disk and in archives: safe on every
 * system, and unique on file systems that ignore case or Unicode composition.
 */

import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import { cleanEntryName, UniqueNames } from "../../base/file-names.ts";
import { FOLDER_ENTRIES_MAX } from "../../base/limits.ts";
import type { AllFileDetails, FileDetails } from "../../wire/file-details.ts";
import {
  type EntryDetails,
  isFolder,
  type ManifestEntry,
  type ManifestFile,
  type ManifestFolder,
} from "../../wire/manifest.ts";
import { receivedMode } from "../../wire/modes.ts";

const IMPLIED_MODE = 0o755;

interface Metadata {
  readonly mode: number;
  readonly mtimeMs?: number;
}

export interface PlannedFolder {
  readonly path: string;
  readonly parent: PlannedFolder | undefined;
  readonly metadata: Metadata;
}

export interface PlannedFile {
  readonly path: string;
  readonly parent: PlannedFolder;
  readonly sizeBytes: number;
  readonly metadata: Metadata;
}

/** Entry whose name differs from the sent one. Both paths are relative to the folder. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
}

/** The path is known when the plan is complete. */
class Entry {
  name: string | undefined;
  #path: string | undefined;

  constructor(
    readonly parent: FolderNode,
    public metadata: Metadata,
  ) {}

  get path(): string {
    assert(this.name !== undefined, "the plan is complete");
    this.#path ??= joined(this.parent.path, this.name);
    return this.#path;
  }
}

class FileNode extends Entry implements PlannedFile {
  constructor(
    parent: FolderNode,
    readonly sizeBytes: number,
    metadata: Metadata,
  ) {
    super(parent, metadata);
  }
}

class InnerFolder extends Entry {
  readonly names = new UniqueNames();
}

interface FolderNode extends PlannedFolder {
  readonly names: UniqueNames;
}

interface PendingName {
  readonly entry: Entry;
  readonly from: string;
}

/**
 * Chooses the same paths in every run. An entry whose name needs no change keeps it, even if the
 * name of an earlier entry becomes equal when it is cleaned. Takes linear time.
 */
export class FolderPlan {
  readonly root: PlannedFolder;
  readonly folders: PlannedFolder[] = [];
  readonly files: PlannedFile[] = [];
  readonly renamed: Renamed[] = [];
  readonly #folders = new Map<string, InnerFolder>();
  readonly #files = new Map<string, FileNode>();
  readonly #rootNode: FolderNode;
  #pending: PendingName[] = [];

  /** @param root path of the folder itself, before each path; may be empty */
  constructor(root: string, entries: readonly ManifestEntry[]) {
    this.#rootNode = {
      path: root,
      parent: undefined,
      metadata: { mode: 0 },
      names: new UniqueNames(),
    };
    this.root = this.#rootNode;
    for (const entry of entries) this.add(entry);
    for (const _ of this.complete());
  }

  /**
   * Adds an entry of a folder's list, in the list's order. Call `complete` after the last one.
   * @throws {Fault} folder-malformed if the entry's parent is a file or there are too many entries
   */
  add(entry: ManifestEntry): void {
    const mode = receivedMode(entry.mode, isFolder(entry) ? "folder" : "file");
    const metadata = { mode, mtimeMs: entry.mtime };
    if (isFolder(entry)) {
      this.#folder(entry.path).metadata = metadata;
      return;
    }
    const file = new FileNode(this.#parentOf(entry.path), entry.size, metadata);
    this.#chooseName(file, entry.path);
    this.files.push(file);
    this.#files.set(entry.path, file);
  }

  /** Chooses the names that must change. Yields after each attempt. */
  *complete(): Generator<void> {
    const pending = this.#pending;
    this.#pending = [];
    for (const { entry, from } of pending) {
      const clean = cleanEntryName(nameIn(from));
      while (entry.name === undefined) {
        entry.name = entry.parent.names.tryAdd(clean);
        yield;
      }
      const { path } = this.#rootNode;
      const to = path === "" ? entry.path : entry.path.slice(path.length + 1);
      this.renamed.push({ from, to });
    }
  }

  file(entry: ManifestFile): PlannedFile | undefined {
    return this.#files.get(entry.path);
  }

  /** Returns the path of an entry that was added. */
  pathOf({ path }: ManifestEntry): string {
    return (this.#files.get(path) ?? this.#folders.get(path) ?? this.#rootNode).path;
  }

  #folder(path: string): InnerFolder {
    const existing = this.#folders.get(path);
    if (existing !== undefined) return existing;
    if (this.#files.has(path)) throw malformed("an entry is inside a file");
    // Count implied folders too, because a few entries could imply millions.
    if (this.#folders.size >= FOLDER_ENTRIES_MAX) throw malformed("it has too many folders");
    const folder = new InnerFolder(this.#parentOf(path), { mode: IMPLIED_MODE });
    this.#chooseName(folder, path);
    this.#folders.set(path, folder);
    this.folders.push(folder);
    return folder;
  }

  #chooseName(entry: Entry, from: string): void {
    const name = nameIn(from);
    if (cleanEntryName(name) === name && entry.parent.names.reserve(name)) entry.name = name;
    else this.#pending.push({ entry, from });
  }

  #parentOf(path: string): FolderNode {
    const slash = path.lastIndexOf("/");
    return slash < 0 ? this.#rootNode : this.#folder(path.slice(0, slash));
  }
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function malformed(reason: string): Fault {
  return new Fault("folder-malformed", msg`malformed folder list: ${reason}`);
}

/** Names of a file's details in an entry: the compiler asks for each new one. */
const ENTRY_NAMES: Readonly<Record<keyof AllFileDetails, keyof EntryDetails | undefined>> = {
  mode: "mode",
  mtimeMs: "mtime",
  durationMs: undefined,
  peaks: undefined,
};

/**
 * Returns the entry of the folder itself, whose path is empty. Older senders send no details; the
 * folder then has the time of its newest entry.
 */
export function topEntry(
  entries: readonly ManifestEntry[],
  details: FileDetails = {},
): ManifestFolder {
  const mtime = entries.reduce((latest, { mtime }) => Math.max(latest, mtime), 0);
  const stated = (Object.keys(ENTRY_NAMES) as (keyof FileDetails)[]).flatMap((detail) => {
    const name = ENTRY_NAMES[detail];
    const value = details[detail];
    return name === undefined || value === undefined ? [] : [[name, value]];
  });
  return { path: "", dir: true, mode: IMPLIED_MODE, mtime, ...Object.fromEntries(stated) };
}
