/** Cached folder listings for path completion. */

import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { TAB_ENTRIES_MAX, TAB_FOLDERS_MAX } from "../../base/limits-screen.ts";
import type { PathEntry } from "./input/completion.ts";

export class FolderLists {
  readonly #home: string | undefined;
  readonly #lists = new Map<string, readonly PathEntry[]>();

  constructor(home: string | undefined) {
    this.#home = home;
  }

  of(path: string): readonly PathEntry[] | undefined {
    return this.#lists.get(path);
  }

  async read(path: string): Promise<void> {
    const entries = await entriesOf(this.#folder(path));
    if (this.#lists.size >= TAB_FOLDERS_MAX) this.#lists.clear();
    this.#lists.set(path, entries);
  }

  clear(): void {
    this.#lists.clear();
  }

  #folder(path: string): string {
    const isHome = path === "~/" || path.startsWith("~/");
    return resolve(isHome && this.#home !== undefined ? this.#home + path.slice(1) : path || ".");
  }
}

async function entriesOf(folder: string): Promise<readonly PathEntry[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .slice(0, TAB_ENTRIES_MAX)
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
