/** Files and links that are dropped where nothing takes them. */

import { useEffect } from "react";
import { listen } from "../shell/effects.ts";

export function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") === true;
}

/** Reports whether a link, or in Firefox an image of a page, is dropped outside of a field. */
export function hasAddress(event: DragEvent): boolean {
  const types = event.dataTransfer?.types ?? [];
  return !types.includes("Files") && types.includes("text/uri-list") && !isTextDrop(event);
}

function isTextDrop({ target }: DragEvent): boolean {
  return target instanceof Element && target.closest("input, textarea") !== null;
}

/**
 * Prevents browsers from opening files or links dropped outside the drop zone, which would lose
 * unsent text.
 */
export function useNoStrayDrops(): void {
  useEffect(() => {
    const refuse = (event: DragEvent) => {
      if (event.defaultPrevented || (!hasFiles(event) && isTextDrop(event))) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
    };
    return listen(window, "dragover drop", refuse);
  }, []);
}
