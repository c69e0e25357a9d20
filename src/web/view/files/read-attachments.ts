/** Files and folders that the user drops or chooses. */

import type { DroppedEntry } from "../../browser/local-folder.ts";
import { type Attachment, folderModule } from "../../transfer/attachments.ts";
import type { FileHandle, FolderHandle } from "../../transfer/upload-journal.ts";

interface ReadAttachments {
  readonly attachments: readonly Attachment[];
  /** Why folders are not attached. */
  readonly errors: readonly unknown[];
}

export interface PendingAttachments {
  /** Whether reading may take long. */
  readonly hasFolder: boolean;
  readonly read: Promise<ReadAttachments>;
}

/** Handles from this method survive a reload. */
interface HandleItem {
  getAsFileSystemHandle?(): Promise<FileHandle | FolderHandle | null>;
}

interface DroppedItem {
  readonly file: File | null;
  readonly entry: DroppedEntry | null;
  readonly handle: Promise<FileHandle | FolderHandle | null>;
}

/** Must be called during the event, because browsers discard the items afterwards. */
export function readDropped(items: DataTransferItemList): PendingAttachments {
  const all = [...items].filter(({ kind }) => kind === "file");
  const dropped = all.map((item) => ({
    file: item.getAsFile(),
    entry: item.webkitGetAsEntry() as DroppedEntry | null,
    handle: (item as unknown as HandleItem).getAsFileSystemHandle?.() ?? Promise.resolve(null),
  }));
  return {
    hasFolder: dropped.some(({ entry }) => entry?.isDirectory === true),
    read: readItems(dropped),
  };
}

async function readItems(dropped: readonly DroppedItem[]): Promise<ReadAttachments> {
  const attachments: Attachment[] = [];
  const errors: unknown[] = [];
  for (const { file, entry, handle: pendingHandle } of dropped) {
    const handle = (await pendingHandle.catch(() => null)) ?? undefined;
    if (entry?.isDirectory === true) {
      try {
        attachments.push(await readFolder(entry, handle));
      } catch (error) {
        errors.push(error);
      }
    } else if (file !== null) attachments.push({ file, handle });
  }
  return { attachments, errors };
}

async function readFolder(entry: DroppedEntry, handle: Attachment["handle"]): Promise<Attachment> {
  const { LocalFolder, droppedFolder } = await folderModule();
  // The names of handles are empty in Chromium if the system's encoding lacks their letters.
  return { file: await LocalFolder.read(droppedFolder(entry)), handle };
}

/** @param files of an `<input webkitdirectory>` */
export function readChosenFolder(files: readonly File[]): PendingAttachments {
  const read = async () => {
    const { LocalFolder } = await folderModule();
    return { file: await LocalFolder.ofFiles(files), handle: undefined };
  };
  const result = read().then(
    (attachment) => ({ attachments: [attachment], errors: [] }),
    (error: unknown) => ({ attachments: [], errors: [error] }),
  );
  return { hasFolder: true, read: result };
}
