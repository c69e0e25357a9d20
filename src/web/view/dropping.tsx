import { type DragEvent, useRef, useState } from "react";
import { formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import type { FileHandle } from "../upload-notes.ts";
import { confirm } from "./dialog.tsx";
import type { PageValue } from "./page-context.tsx";

/** Browsers that can give a file again after a reload have this. */
interface HandleItem {
  getAsFileSystemHandle?(): Promise<(FileHandle & { readonly kind: string }) | null>;
}

interface Dropped {
  readonly file: File;
  readonly handle: FileHandle | undefined;
}

async function droppedOf(items: DataTransferItemList): Promise<readonly Dropped[]> {
  const all = [...items].filter(({ kind }) => kind === "file");
  // All must be asked within the event; afterwards the browser forgets them.
  const asked = all.map((item) => ({
    file: item.getAsFile(),
    handle: (item as unknown as HandleItem).getAsFileSystemHandle?.() ?? Promise.resolve(null),
  }));
  const found: Dropped[] = [];
  for (const { file, handle } of asked) {
    const known = await handle.catch(() => null);
    if (file === null || known?.kind === "directory") continue;
    found.push({ file, handle: known ?? undefined });
  }
  return found;
}

/** Files are sent once somebody has seen which and where to. */
export function askToSend(page: PageValue, target: string, dropped: readonly Dropped[]): void {
  if (dropped.length === 0) return;
  const { texts, chat } = page;
  const files = dropped.map(({ file }) => file);
  confirm(page, {
    title: texts.sendFilesAsk(files.length, cleanText(target)),
    text: "",
    action: texts.send,
    onConfirm: () =>
      chat.upload(
        target,
        files,
        dropped.map(({ handle }) => handle),
      ),
    children: (
      <ul className="plain-list">
        {files.map((file) => (
          <li key={`${file.name} ${file.size} ${file.lastModified}`} dir="auto">
            {cleanText(file.name)} <span className="file-note">{formatSize(file.size)}</span>
          </li>
        ))}
      </ul>
    ),
  });
}

/** What a place where files may be dropped needs, and whether some hang over it. */
export function useDropping(onDropped: (dropped: readonly Dropped[]) => void) {
  const [isOver, setOver] = useState(false);
  const depth = useRef(0);
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  const props = {
    onDragEnter: (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth.current += 1;
      setOver(true);
    },
    onDragOver: (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    },
    onDragLeave: (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      void droppedOf(event.dataTransfer.items).then(onDropped);
    },
  };
  return { isOver, props };
}
