import type { FileMetadata } from "../../../src/io/disk/disk.ts";
import type { SimFile } from "./sim-file.ts";

export type Entry = { metadata?: FileMetadata } & (
  | { readonly kind: "file"; readonly file: SimFile }
  | { readonly kind: "folder" }
);

export type Tree = Map<string, Entry>;

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
  return [...tree.keys()].filter((path) => path === folder || path.startsWith(`${folder}/`)).sort();
}

export function moveAll(tree: Tree, from: string, to: string): void {
  for (const path of under(tree, from)) {
    const entry = tree.get(path);
    tree.delete(path);
    if (entry !== undefined) tree.set(to + path.slice(from.length), entry);
  }
}
