import { dirname } from "node:path";
import type { FileMetadata } from "../../../src/io/disk/disk.ts";
import type { SimFile } from "./sim-file.ts";

export type Entry = { metadata?: FileMetadata } & (
  | { readonly kind: "file"; readonly file: SimFile }
  | { readonly kind: "folder" }
);

/** Paths that changed, by their folder. */
export class ChangedPaths {
  readonly #byFolder = new Map<string, Set<string>>();

  add(path: string): void {
    const folder = dirname(path);
    const paths = this.#byFolder.get(folder) ?? new Set();
    this.#byFolder.set(folder, paths.add(path));
  }

  in(folder: string): readonly string[] {
    return [...(this.#byFolder.get(folder) ?? [])];
  }

  clear(folder: string): void {
    this.#byFolder.delete(folder);
  }

  clearAll(): void {
    this.#byFolder.clear();
  }
}

/** Entries by absolute path. */
export class Tree {
  #entries = new Map<string, Entry>();

  constructor(private readonly changed: ChangedPaths) {}

  get paths(): IterableIterator<string> {
    return this.#entries.keys();
  }

  get all(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  get(path: string): Entry | undefined {
    return this.#entries.get(path);
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  set(path: string, entry: Entry): void {
    this.changed.add(path);
    this.#entries.set(path, entry);
  }

  delete(path: string): void {
    this.changed.add(path);
    this.#entries.delete(path);
  }

  replace(entries: ReadonlyMap<string, Entry>): void {
    this.#entries = new Map(entries);
  }
}

export interface Move {
  readonly from: string;
  readonly to: string;
}

export class MachineStopped extends Error {}

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** Paths of a folder and its content, parents first. */
export function under(tree: Tree, folder: string): string[] {
  return [...tree.paths].filter((path) => path === folder || path.startsWith(`${folder}/`)).sort();
}

export function moveAll(tree: Tree, from: string, to: string): void {
  for (const path of under(tree, from)) {
    const entry = tree.get(path);
    tree.delete(path);
    if (entry !== undefined) tree.set(to + path.slice(from.length), entry);
  }
}
