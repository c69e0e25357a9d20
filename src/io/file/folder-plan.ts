/** Names, order and modes of the entries of a folder being received. */

import { join, relative } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { cleanPath, foldFileName, numbered } from "../../base/file-names.ts";
import { FOLDER_ENTRIES_MAX } from "../../base/limits.ts";
import { isFolder, type ManifestEntry, type ManifestFile } from "../../wire/manifest.ts";
import type { Renamed } from "../blob/interfaces.ts";
import type { FileMetadata } from "../disk/disk.ts";

/** Mode of a folder that no entry names, as of any new folder. */
const IMPLIED_MODE = 0o755;

export interface PlannedFolder {
  readonly path: string;
  /** Parent in the plan; `undefined` for the root. */
  readonly parent: PlannedFolder | undefined;
  metadata: FileMetadata;
}

export interface PlannedFile {
  readonly path: string;
  readonly parent: PlannedFolder;
  readonly sizeBytes: number;
  readonly metadata: FileMetadata;
}

interface Place extends PlannedFolder {
  /** Names in use, as a disk compares them, with the next free number. */
  readonly taken: Map<string, number>;
}

/**
 * Assigns a path to each entry of a received folder. The same entries always get the same paths:
 * two different names may be equal after cleaning, and some disks ignore case.
 */
export class FolderPlan {
  readonly root: PlannedFolder;
  /** All but the root, each after its parent. */
  readonly folders: PlannedFolder[] = [];
  readonly files: PlannedFile[] = [];
  /** Entries whose own name differs here. */
  readonly renamed: Renamed[] = [];
  readonly #places = new Map<string, Place>(); // By path as sent, as is the next map.
  readonly #files = new Map<string, PlannedFile>();

  /** @throws Fault folder-malformed, as `add` */
  constructor(root: string, entries: readonly ManifestEntry[]) {
    const place: Place = { path: root, parent: undefined, metadata: { mode: 0 }, taken: new Map() };
    this.root = place;
    this.#places.set("", place);
    for (const entry of entries) this.add(entry);
  }

  /**
   * Adds an entry; a folder comes before its entries.
   * @returns its path
   * @throws Fault folder-malformed: its parent is a file, or there are too many
   */
  add(entry: ManifestEntry): string {
    const metadata = { mode: entry.mode, mtimeMs: entry.mtime };
    if (!isFolder(entry)) return this.#addFile(entry, metadata);
    const place = this.#place(entry.path);
    place.metadata = metadata;
    return place.path;
  }

  /** Planned file of an entry of the manifest from which the plan was made. */
  file(entry: ManifestFile): PlannedFile | undefined {
    return this.#files.get(entry.path);
  }

  #addFile({ path, size }: ManifestFile, metadata: FileMetadata): string {
    const { parent, name } = this.#parentOf(path);
    const file = { path: this.#enter(parent, name, path), parent, sizeBytes: size, metadata };
    this.files.push(file);
    this.#files.set(path, file);
    return file.path;
  }

  #place(path: string): Place {
    const known = this.#places.get(path);
    if (known !== undefined) return known;
    if (this.#files.has(path)) throw malformed("something lies inside a file");
    // Implied folders count: otherwise a few entries could create millions.
    if (this.#places.size > FOLDER_ENTRIES_MAX) throw malformed("it has too many folders");
    const { parent, name } = this.#parentOf(path);
    const place: Place = {
      path: this.#enter(parent, name, path),
      parent,
      metadata: { mode: IMPLIED_MODE },
      taken: new Map(),
    };
    this.#places.set(path, place);
    this.folders.push(place);
    return place;
  }

  /** Assigns a free name. */
  #enter(parent: Place, name: string, from: string): string {
    const given = newName(parent, name);
    const path = join(parent.path, given);
    if (given !== name) this.renamed.push({ from, to: relative(this.root.path, path) });
    return path;
  }

  #parentOf(path: string): { readonly parent: Place; readonly name: string } {
    const slash = path.lastIndexOf("/");
    return { parent: this.#place(path.slice(0, Math.max(0, slash))), name: path.slice(slash + 1) };
  }
}

function malformed(what: string): Fault {
  return new Fault("folder-malformed", msg`the list of a folder is malformed: ${what}`);
}

function newName(parent: Place, raw: string): string {
  const [clean = ""] = cleanPath(raw);
  const wanted = foldFileName(clean);
  for (let n = parent.taken.get(wanted) ?? 0; ; n++) {
    const name = numbered(clean, n);
    const folded = foldFileName(name);
    if (n > 0 && parent.taken.has(folded)) continue; // Ends: there are more numbers than names.
    parent.taken.set(folded, 1);
    parent.taken.set(wanted, n + 1);
    return name;
  }
}
