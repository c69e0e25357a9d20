/** Files in a dropped folder and its subfolders. */

import { DROPPED_ENTRIES_MAX } from "../../base/limits-page.ts";

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

export interface FolderFiles {
  /** In the order of their names, one folder after another. */
  readonly files: readonly File[];
  /** False if a limit was reached or a file cannot be read. */
  readonly isComplete: boolean;
}

export async function filesInFolder(folder: DroppedEntry, countMax: number): Promise<FolderFiles> {
  const files: File[] = [];
  const pending = [folder];
  let isComplete = true;
  for (let visited = 0; pending.length > 0; visited++) {
    if (visited >= DROPPED_ENTRIES_MAX || files.length >= countMax)
      return { files, isComplete: false };
    const entry = pending.pop();
    try {
      if (entry?.isDirectory === true) pending.push(...(await entriesOf(entry)));
      else if (entry?.file !== undefined)
        files.push(await new Promise<File>((resolve, reject) => entry.file?.(resolve, reject)));
    } catch {
      isComplete = false;
    }
  }
  return { files, isComplete };
}

/** Returns the entries in descending order. */
async function entriesOf(folder: DroppedEntry): Promise<readonly DroppedEntry[]> {
  const reader = folder.createReader?.();
  const all: DroppedEntry[] = [];
  // Each call returns some entries, and the last call none.
  for (let count = -1; count !== all.length && all.length <= DROPPED_ENTRIES_MAX; ) {
    count = all.length;
    const more = new Promise<readonly DroppedEntry[]>((resolve, reject) =>
      reader?.readEntries(resolve, reject),
    );
    all.push(...(await more));
  }
  return all.sort((a, b) => b.name.localeCompare(a.name, undefined, { numeric: true }));
}
