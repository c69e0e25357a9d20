import { expect, test } from "bun:test";
import { type Before, follow } from "../../../../src/cli/screen/input/follow.ts";
import type { Act } from "../../../../src/cli/screen/state/act.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { LOBBY, said } from "../../../core/model-scene.ts";
import { Screen } from "./scene.ts";

function told(screen: Screen, ...events: readonly ModelEvent[]): readonly Act[] {
  const { model, rows } = screen.parts;
  const isLeft = events.some(({ kind }) => kind === "left");
  const before: Before = { model, shownKey: rows.shownKey, bottoms: rows.bottoms, isLeft };
  screen.model(...events);
  const { state, acts } = follow(screen.state, before, screen.parts);
  screen.state = state;
  return acts;
}

test("restores the draft of a room when it is opened", () => {
  const screen = new Screen().type("half").press("pageup", "alt-s", "esc", "alt-2");
  const follow = () => {
    for (const act of screen.acts) {
      if (act.kind === "draft") told(screen, act);
      if (act.kind === "open") told(screen, { kind: "open", target: act.target });
    }
  };
  follow();
  expect(screen.line).toBe("|");
  expect(screen.state.scroll).toBeUndefined();
  expect(screen.type("other").press("alt-/").acts).toEqual([
    { kind: "draft", target: "@ben", draft: { text: "other" } },
    { kind: "open", target: "lobby" },
  ]);
  follow();
  expect(screen.line).toBe("half|");
  expect(screen.press("alt-/").acts.at(-1)).toEqual({ kind: "open", target: "@ben" });
});

const GONE = { kind: "room-gone", room: LOBBY } as const;

test("keeps the draft of a room that the user is removed from", () => {
  const screen = new Screen().type("half");
  const acts = told(screen, GONE);
  expect(acts).toEqual([{ kind: "draft", target: "lobby", draft: { text: "half" } }]);
  expect(screen.line).toBe("|");
  const again = { kind: "room", room: LOBBY, name: "lobby", n: 2, skipped: 0, read: 1 } as const;
  for (const act of acts) if (act.kind === "draft") told(screen, act);
  told(screen, again, { kind: "open", target: "lobby" });
  expect(screen.line).toBe("half|");
});

test("keeps a text written without a room apart from the draft of the opened one", () => {
  const screen = new Screen();
  told(screen, { kind: "draft", target: "@ben", draft: { text: "to ben" } }, GONE);
  screen.type("where am I");
  const acts = told(screen, { kind: "open", target: "@ben" });
  expect(acts).toEqual([{ kind: "draft", target: "", draft: { text: "where am I" } }]);
  expect(screen.line).toBe("to ben|");
  for (const act of acts) if (act.kind === "draft") told(screen, act);
  told(screen, { kind: "open", target: undefined });
  expect(screen.line).toBe("where am I|");
});

test("clears the line when another account logs in", () => {
  const screen = new Screen().type("half");
  expect(told(screen, { kind: "left" }, { kind: "entered", user: "ben" })).toEqual([]);
  expect(screen.line).toBe("|");
});

test("restores a refused text into an empty line only", () => {
  const draft = { text: "refused" };
  const empty = new Screen();
  told(empty, { kind: "draft", target: "lobby", draft });
  expect(empty.line).toBe("refused|");
  const busy = new Screen().type("half");
  told(busy, { kind: "draft", target: "lobby", draft });
  expect(busy.line).toBe("half|");
});

test("a jump selects its message and shows it", () => {
  const screen = new Screen();
  told(screen, { kind: "jump", room: "lobby" as never, seq: 4 });
  expect(screen.state.selected).toBe(4);
  expect(screen.state.scroll).toEqual({ key: "i6", below: 0 });
  told(screen, said(12));
  screen.press("pagedown", "esc");
  told(screen, { kind: "bottom", room: "lobby" as never });
  expect(screen.state.scroll).toBeUndefined();
});
