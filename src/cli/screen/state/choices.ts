/** Choices of an overlay, except the search results of the model. */

import type { Candidate, Overlay } from "./screen-state.ts";

const NONE: readonly Candidate[] = [];

export function choicesOf(overlay: Overlay | undefined): readonly Candidate[] {
  switch (overlay?.kind) {
    case "switcher":
    case "typed":
      return overlay.found.map((text) => ({ text, hint: "" }));
    case "react":
      return overlay.found;
    case "menu":
      return overlay.entries.map(({ chord, label }) => ({ text: label, hint: chord }));
    case "help":
      return overlay.rows;
    default:
      return NONE;
  }
}
