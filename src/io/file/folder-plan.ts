/** Plan of a received folder: paths, order and modes of its entries. */

import { join, relative } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { cleanPath, foldFileName, numbered } from "../../base/file-names.ts";
import { FOLDER_ENTRIES_MAX } from "../../base/limits.ts";
import { isFolder, type ManifestEntry, type ManifestFile } from "../../wire/manifest.ts";
import type { Renamed } from "../blob/interfaces.ts";
import type { FileMetadata } from "../disk/disk.ts";

const IMPLIED_MODE = 0o755;

export interface PlannedFolder {
  readonly path: string;
  readonly parent: PlannedFolder | undefined;
  metadata: FileMetadata;
}

export interface PlannedFile {
  readonly path: string;
  readonly parent: PlannedFolder;
  readonly sizeBytes: number;
  readonly metadata: FileMetadata;
}

interface FolderNode extends PlannedFolder {
  readonly usedNames: Map<string, number>;
}

/** Chooses the same paths in every run. Renames entries whose names collide on the disk. */
export class FolderPlan {
  readonly root: PlannedFolder;
  readonly folders: PlannedFolder[] = [];
  readonly files: PlannedFile[] = [];
  readonly renamed: Renamed[] = [];
  readonly #nodes = new Map<string, FolderNode>();
  readonly #files = new Map<string, PlannedFile>();

  constructor(root: string, entries: readonly ManifestEntry[]) {
    const node: FolderNode = {
      path: root,
      parent: undefined,
      metadata: { mode: 0 },
      usedNames: new Map(),
    };
    this.root = node;
    this.#nodes.set("", node);
    for (const entry of entries) this.add(entry);
  }

  /**
   * Folders must precede their entries.
   * @throws {Fault} folder-malformed if the entry's parent is a file or there are too many entries
   */
  add(entry: ManifestEntry): string {
    const metadata = { mode: entry.mode, mtimeMs: entry.mtime };
    if (!isFolder(entry)) return this.#addFile(entry, metadata);
    const node = this.#node(entry.path);
    node.metadata = metadata;
    return node.path;
  }

  file(entry: ManifestFile): PlannedFile | undefined {
    return this.#files.get(entry.path);
  }

  #addFile({ path, size }: ManifestFile, metadata: FileMetadata): string {
    const { parent, name } = this.#parentOf(path);
    const file = { path: this.#assignPath(parent, name, path), parent, sizeBytes: size, metadata };
    this.files.push(file);
    this.#files.set(path, file);
    return file.path;
  }

  #node(path: string): FolderNode {
    const existing = this.#nodes.get(path);
    if (existing !== undefined) return existing;
    if (this.#files.has(path)) throw malformed("an entry is inside a file");
    // Count implied folders too, because a few entries could imply millions.
    if (this.#nodes.size > FOLDER_ENTRIES_MAX) throw malformed("it has too many folders");
    const { parent, name } = this.#parentOf(path);
    const node: FolderNode = {
      path: this.#assignPath(parent, name, path),
      parent,
      metadata: { mode: IMPLIED_MODE },
      usedNames: new Map(),
    };
    this.#nodes.set(path, node);
    this.folders.push(node);
    return node;
  }

  #assignPath(parent: FolderNode, name: string, from: string): string {
    const assigned = newName(parent, name);
    const path = join(parent.path, assigned);
    if (assigned !== name) this.renamed.push({ from, to: relative(this.root.path, path) });
    return path;
  }

  #parentOf(path: string): { readonly parent: FolderNode; readonly name: string } {
    const slash = path.lastIndexOf("/");
    return { parent: this.#node(path.slice(0, Math.max(0, slash))), name: path.slice(slash + 1) };
  }
}

function malformed(reason: string): Fault {
  return new Fault("folder-malformed", msg`malformed folder list: ${reason}`);
}

function newName(parent: FolderNode, raw: string): string {
  const [clean = ""] = cleanPath(raw);
  const foldedName = foldFileName(clean);
  for (let n = parent.usedNames.get(foldedName) ?? 0; ; n++) {
    const name = numbered(clean, n);
    const folded = foldFileName(name);
    if (n > 0 && parent.usedNames.has(folded)) continue;
    parent.usedNames.set(folded, 1);
    parent.usedNames.set(foldedName, n + 1);
    return name;
  }
}
