/** Drag and drop of files: over the open thread to the thread, elsewhere to the room. */

import { useEffect, useRef, useState } from "react";
import { listen } from "../shell/effects.ts";
import { type PendingAttachments, readDropped } from "./read-attachments.ts";
import { hasAddress, hasFiles } from "./stray-drops.ts";

function isDialogOpen(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

function isOverThread({ target }: DragEvent): boolean {
  return target instanceof Element && target.closest(".thread") !== null;
}

/** The first address of a list (RFC 2483), in which "#" begins comments. */
function addressIn(list: string): string {
  const lines = list.split(/\r?\n/).map((line) => line.trim());
  return lines.find((line) => line !== "" && !line.startsWith("#")) ?? "";
}

export function useDropping(
  isThread: boolean,
  onDropped: (dropped: PendingAttachments) => void,
  onAddress: (address: string) => void,
): boolean {
  const [isDragging, setDragging] = useState(false);
  const latestListener = useRef(onDropped);
  latestListener.current = onDropped;
  const latestAddressListener = useRef(onAddress);
  latestAddressListener.current = onAddress;
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
        latestListener.current(readDropped(event.dataTransfer.items));
      },
    };
    const onAddressDrag = (event: DragEvent) => {
      if (isDialogOpen() || isOverThread(event) !== isThread) return;
      event.preventDefault();
      if (event.type !== "drop") return;
      const address = addressIn(event.dataTransfer?.getData("text/uri-list") ?? "");
      if (address !== "") latestAddressListener.current(address);
    };
    const dispatch = (event: DragEvent) => {
      if (hasFiles(event)) listeners[event.type]?.(event);
      else if (hasAddress(event) && event.type !== "dragleave") onAddressDrag(event);
    };
    // Listens on the document, which receives events before the window's handler rejects them.
    return listen(document, Object.keys(listeners).join(" "), dispatch);
  }, [isThread]);
  return isDragging;
}
