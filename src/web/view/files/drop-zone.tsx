import { useEffect, useRef, useState } from "react";
import type { Attached } from "../../transfer/attached.ts";
import type { FileHandle } from "../../transfer/upload-journal.ts";

/** Browsers that can give a file again after a reload have this. */
interface HandleItem {
  getAsFileSystemHandle?(): Promise<(FileHandle & { readonly kind: string }) | null>;
}

async function droppedOf(items: DataTransferItemList): Promise<readonly Attached[]> {
  const all = [...items].filter(({ kind }) => kind === "file");
  // All must be asked within the event; afterwards the browser forgets them.
  const asked = all.map((item) => ({
    file: item.getAsFile(),
    handle: (item as unknown as HandleItem).getAsFileSystemHandle?.() ?? Promise.resolve(null),
  }));
  const found: Attached[] = [];
  for (const { file, handle } of asked) {
    const known = await handle.catch(() => null);
    if (file === null || known?.kind === "directory") continue;
    found.push({ file, handle: known ?? undefined });
  }
  return found;
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") === true;
}

/** A text or an address may be dropped into a text field: the browser inserts it. */
function isWritten({ target }: DragEvent): boolean {
  return target instanceof Element && target.closest("input, textarea") !== null;
}

/**
 * Nothing that is dropped on the page leads away from it: browsers open a dropped file or address
 * that no handler takes, and unsent text would be lost.
 */
export function useNoStrayDrops(): void {
  useEffect(() => {
    const refuse = (event: DragEvent) => {
      if (event.defaultPrevented || (!hasFiles(event) && isWritten(event))) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
    };
    addEventListener("dragover", refuse);
    addEventListener("drop", refuse);
    return () => {
      removeEventListener("dragover", refuse);
      removeEventListener("drop", refuse);
    };
  }, []);
}

/** A dialog is open: what is dropped beside it is ignored. */
function isAsked(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

/**
 * Files that are dropped anywhere in the window: beside the conversation too they are meant for it.
 * @returns whether some hang over it
 */
export function useDropping(onDropped: (dropped: readonly Attached[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const latest = useRef(onDropped);
  latest.current = onDropped;
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (isAsked()) return;
      event.preventDefault();
      setOver(true);
    };
    const listeners: Readonly<Record<string, (event: DragEvent) => void>> = {
      dragenter: over,
      dragover: over,
      // From one part of the page to the next it names that one.
      dragleave: ({ relatedTarget }) => relatedTarget === null && setOver(false),
      drop: (event) => {
        setOver(false);
        if (isAsked() || event.dataTransfer === null) return;
        event.preventDefault();
        void droppedOf(event.dataTransfer.items).then((dropped) => latest.current(dropped));
      },
    };
    const hear = (event: DragEvent) => {
      if (hasFiles(event)) listeners[event.type]?.(event);
    };
    // On the document: events reach it before the window, where the rest is refused.
    for (const kind of Object.keys(listeners))
      document.addEventListener(kind, hear as EventListener);
    return () => {
      for (const kind of Object.keys(listeners)) {
        document.removeEventListener(kind, hear as EventListener);
      }
    };
  }, []);
  return isOver;
}
