import { follow, type PreviousModel } from "../../../../src/cli/screen/input/follow.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import type { Screen } from "./scene.ts";

/** Applies keys or events, and lets the screen follow the model, as the client does. */
export function followed(screen: Screen, ...steps: readonly (string | ModelEvent)[]): void {
  for (const step of steps) {
    if (typeof step !== "string") {
      apply(screen, step);
      continue;
    }
    screen.press(step);
    for (const action of screen.actions) {
      if (action.kind === "jump") {
        const room = action.target as never;
        apply(screen, { kind: "jump", room, seq: action.seq });
      }
    }
  }
}

function apply(screen: Screen, event: ModelEvent): void {
  const { model, rows } = screen.context;
  const before: PreviousModel = {
    model,
    jumpedKey: rows.shownKey,
    bottoms: rows.bottoms,
    isEmpty: rows.rows.length === 0,
  };
  screen.model(event);
  screen.state = follow(screen.state, before, screen.context).state;
}
