/** Files in a dropped folder and its subfolders. */

import { utf8Encode } from "../../base/bytes.ts";
import { foldFileName } from "../../base/file-names.ts";
import { FILE_NAME_BYTES_MAX } from "../../base/limits.ts";
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

export interface DroppedFile {
  readonly file: File;
  /** Names of the folders that contain the file, beginning with the dropped one. */
  readonly folders: readonly string[];
}

export interface FolderFiles {
  /** In the order of their names, one folder after another. */
  readonly files: readonly DroppedFile[];
  /** False if a limit was reached or a file cannot be read. */
  readonly isComplete: boolean;
}

export async function filesInFolder(folder: DroppedEntry, countMax: number): Promise<FolderFiles> {
  const files: DroppedFile[] = [];
  const pending: Located[] = [{ entry: folder, folders: [] }];
  let isComplete = true;
  for (let visited = 0; pending.length > 0; visited++) {
    if (visited >= DROPPED_ENTRIES_MAX || files.length >= countMax)
      return { files, isComplete: false };
    const { entry, folders = [] } = pending.pop() ?? {};
    try {
      if (entry?.isDirectory === true) {
        const inner = [...folders, entry.name];
        pending.push(...(await entriesOf(entry)).map((entry) => ({ entry, folders: inner })));
      } else if (entry?.file !== undefined) {
        const read = new Promise<File>((resolve, reject) => entry.file?.(resolve, reject));
        files.push({ file: await read, folders });
      }
    } catch {
      isComplete = false;
    }
  }
  return { files, isComplete };
}

interface Located {
  readonly entry: DroppedEntry;
  readonly folders: readonly string[];
}

/**
 * Adds the names of folders to the names of files that would otherwise be equal, because messages
 * contain no folders: `de - index.html` and `en - index.html`.
 */
export function distinguishedFiles(dropped: readonly DroppedFile[]): readonly File[] {
  const groups = new Map<string, DroppedFile[]>();
  for (const one of dropped) {
    const name = foldFileName(one.file.name);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return dropped.map((one) => {
    const group = groups.get(foldFileName(one.file.name)) ?? [];
    const folders = one.folders.slice(
      group.length > 1 ? commonCount(group) : Number.POSITIVE_INFINITY,
    );
    return renamed(one.file, [...folders, one.file.name].join(" - "));
  });
}

/** Number of folders that all files have in common. */
function commonCount([first, ...others]: readonly DroppedFile[]): number {
  const names = first?.folders ?? [];
  const differsAt = names.findIndex((name, at) =>
    others.some(({ folders }) => folders[at] !== name),
  );
  return differsAt === -1 ? names.length : differsAt;
}

function renamed(file: File, name: string): File {
  if (name === file.name || utf8Encode(name).length > FILE_NAME_BYTES_MAX) return file;
  return new File([file], name, { type: file.type, lastModified: file.lastModified });
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
