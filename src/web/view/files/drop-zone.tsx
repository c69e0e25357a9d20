/** Drag and drop of files: over the open thread to the thread, elsewhere to the room. */

import { useEffect, useRef, useState } from "react";
import { PAGE_UPLOADS_MAX } from "../../../base/limits-page.ts";
import {
  type DroppedEntry,
  type DroppedFile,
  distinguishedFiles,
  filesInFolder,
} from "../../input/dropped-folder.ts";
import type { Attachment } from "../../transfer/attachments.ts";
import type { FileHandle } from "../../transfer/upload-journal.ts";
import { listen } from "../shell/effects.ts";
import { hasFiles } from "./stray-drops.ts";

/** Handles from this method survive a reload. */
interface HandleItem {
  getAsFileSystemHandle?(): Promise<(FileHandle & { readonly kind: string }) | null>;
}

export interface Dropped {
  readonly attachments: readonly Attachment[];
  readonly isComplete: boolean;
  /** True if the files come from a folder, which itself is not attached. */
  readonly isFolder: boolean;
}

async function readDropped(items: DataTransferItemList): Promise<Dropped> {
  const all = [...items].filter(({ kind }) => kind === "file");
  // Reads all items during the event, because browsers discard them afterwards.
  const pending = all.map((item) => ({
    file: item.getAsFile(),
    entry: item.webkitGetAsEntry() as DroppedEntry | null,
    handle: (item as unknown as HandleItem).getAsFileSystemHandle?.() ?? Promise.resolve(null),
  }));
  const files: DroppedFile[] = [];
  const handles: (FileHandle | undefined)[] = [];
  let [isComplete, isFolder] = [true, false];
  for (const { file, entry, handle } of pending) {
    const resolvedHandle = await handle.catch(() => null);
    if (entry?.isDirectory === true) {
      const found = await filesInFolder(entry, PAGE_UPLOADS_MAX - files.length);
      files.push(...found.files);
      isComplete &&= found.isComplete;
      isFolder = true;
    } else if (file !== null) {
      handles[files.length] = resolvedHandle ?? undefined;
      files.push({ file, folders: [] });
    }
  }
  const attachments = distinguishedFiles(files).map((file, i) => ({ file, handle: handles[i] }));
  return { attachments, isComplete, isFolder };
}

function isDialogOpen(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

function isOverThread({ target }: DragEvent): boolean {
  return target instanceof Element && target.closest(".thread") !== null;
}

export function useDropping(isThread: boolean, onDropped: (dropped: Dropped) => void): boolean {
  const [isDragging, setDragging] = useState(false);
  const latestListener = useRef(onDropped);
  latestListener.current = onDropped;
  useEffect(() => {
    const onDrag = (event: DragEvent) => {
      if (isDialogOpen()) return;
      const isHere = isOverThread(event) === isThread;
      setDragging(isHere);
      if (isHere) event.preventDefault();
    };
    const listeners: Readonly<Record<string, (event: DragEvent) => void>> = {
      dragenter: onDrag,
      dragover: onDrag,
      // `relatedTarget` is `null` when the pointer leaves the window.
      dragleave: ({ relatedTarget }) => relatedTarget === null && setDragging(false),
      drop: (event) => {
        setDragging(false);
        if (isDialogOpen() || event.dataTransfer === null) return;
        if (isOverThread(event) !== isThread) return;
        event.preventDefault();
        void readDropped(event.dataTransfer.items).then((dropped) =>
          latestListener.current(dropped),
        );
      },
    };
    const dispatch = (event: DragEvent) => {
      if (hasFiles(event)) listeners[event.type]?.(event);
    };
    // Listens on the document, which receives events before the window's handler rejects them.
    return listen(document, Object.keys(listeners).join(" "), dispatch);
  }, [isThread]);
  return isDragging;
}
