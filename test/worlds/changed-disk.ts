import type { Disk, DiskFile } from "../../src/io/disk/disk.ts";
import { withFields } from "./with-fields.ts";

export interface DiskChange {
  readonly sync?: (file: DiskFile, path: string) => Promise<void>;
  readonly syncFolder?: (folder: string) => Promise<void>;
  readonly exists?: (path: string) => boolean;
}

export function changedDisk<Changed extends Disk>(
  disk: Changed,
  { sync, syncFolder, exists }: DiskChange,
): Changed {
  const open = (path: string, access: "read" | "write") => {
    const file = disk.open(path, access);
    return sync === undefined ? file : withFields(file, { sync: () => sync(file, path) });
  };
  return {
    ...disk,
    open,
    syncFolder: syncFolder ?? ((folder) => disk.syncFolder(folder)),
    exists: exists ?? ((path) => disk.exists(path)),
  };
}
