import type { Disk, DiskFile } from "../../src/io/disk/disk.ts";

/** What a wrong program does with its disk. */
export interface DiskChange {
  readonly sync?: (file: DiskFile, path: string) => Promise<void>;
  readonly syncFolder?: (folder: string) => Promise<void>;
  readonly exists?: (path: string) => boolean;
}

/** A disk that behaves as the other does, but for what is changed. */
export function changedDisk<Changed extends Disk>(
  disk: Changed,
  { sync, syncFolder, exists }: DiskChange,
): Changed {
  const open = (path: string, access: "read" | "write") => {
    const file = disk.open(path, access);
    return sync === undefined ? file : changedFile(file, () => sync(file, path));
  };
  return {
    ...disk,
    open,
    syncFolder: syncFolder ?? ((folder) => disk.syncFolder(folder)),
    exists: exists ?? ((path) => disk.exists(path)),
  };
}

/** A handle that behaves as its file does, but for its sync. */
export function changedFile(file: DiskFile, sync: () => Promise<void>): DiskFile {
  return {
    sizeBytes: () => file.sizeBytes(),
    read: (into, offset) => file.read(into, offset),
    readLater: (into, offset) => file.readLater(into, offset),
    readPartsLater: (into, offset) => file.readPartsLater(into, offset),
    write: (bytes, offset) => file.write(bytes, offset),
    writeLater: (bytes, offset) => file.writeLater(bytes, offset),
    writePartsLater: (parts, offset) => file.writePartsLater(parts, offset),
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    close: () => file.close(),
    sync,
  };
}
