import type { Candidate, Overlay } from "./screen-state.ts";

const NONE: readonly Candidate[] = [];

/** What an overlay lists, but what the model found; none: it lists nothing. */
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
