/** Files and links that are dropped where nothing takes them. */

import { useEffect } from "react";
import { listen } from "../shell/effects.ts";

export function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") === true;
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
