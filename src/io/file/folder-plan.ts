/** Names, order and modes of the entries of a folder being received. */

import { join, relative } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { cleanPath, foldFileName, numbered } from "../../base/file-names.ts";
import { FOLDER_ENTRIES_MAX } from "../../base/limits.ts";
import { isFolder, type ManifestEntry, type ManifestFile } from "../../wire/manifest.ts";
import type { Renamed } from "../blob/interfaces.ts";
import type { FileMetadata } from "../disk/disk.ts";

/** Of a folder that no entry names: what any new folder has. */
const IMPLIED_MODE = 0o755;

export interface PlannedFolder {
  readonly path: string;
  /** Above it in the plan; the root has none. */
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
  /** Names that are given, as a disk compares them, and which number may be free. */
  readonly taken: Map<string, number>;
}

/**
 * Where each entry of a folder that arrives goes. The same entries always go to the same places:
 * one that is clean now may have been two different ones, and some disks know no upper case.
 */
export class FolderPlan {
  readonly root: PlannedFolder;
  /** All but the root, each behind the one that it is in. */
  readonly folders: PlannedFolder[] = [];
  readonly files: PlannedFile[] = [];
  /** Those whose own name is another here. */
  readonly renamed: Renamed[] = [];
  readonly #places = new Map<string, Place>(); // By path as sent, as the next.
  readonly #files = new Map<string, PlannedFile>();

  /** @throws Fault folder-malformed, as `add` */
  constructor(root: string, entries: readonly ManifestEntry[]) {
    const place: Place = { path: root, parent: undefined, metadata: { mode: 0 }, taken: new Map() };
    this.root = place;
    this.#places.set("", place);
    for (const entry of entries) this.add(entry);
  }

  /**
   * Entries come in the order of the list: what lies in a folder, behind it.
   * @returns where it goes @throws Fault folder-malformed: it lies in a file, or is one too many
   */
  add(entry: ManifestEntry): string {
    const metadata = { mode: entry.mode, mtimeMs: entry.mtime };
    if (!isFolder(entry)) return this.#addFile(entry, metadata);
    const place = this.#place(entry.path);
    place.metadata = metadata;
    return place.path;
  }

  /** Of an entry of the manifest that this was made of. */
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
    // No entry need name it, so that few entries could make millions.
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

  /** Gives it a name that is free. */
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
