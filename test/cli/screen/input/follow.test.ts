import { expect, test } from "bun:test";
import { type Before, follow } from "../../../../src/cli/screen/input/follow.ts";
import type { Act } from "../../../../src/cli/screen/state/act.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { LOBBY, said } from "../../../core/model-scene.ts";
import { lobby, Screen } from "./scene.ts";

/** The model changes, and the state follows. */
function told(screen: Screen, ...events: readonly ModelEvent[]): readonly Act[] {
  const { model, rows } = screen.parts;
  const isLeft = events.some(({ kind }) => kind === "left");
  const before: Before = { model, shownKey: rows.shownKey, bottoms: rows.bottoms, isLeft };
  screen.model(...events);
  const { state, acts } = follow(screen.state, before, screen.parts);
  screen.state = state;
  return acts;
}

test("another room brings what was written there, and nothing of the one before", () => {
  const screen = new Screen().type("half").press("pageup", "alt-s", "esc", "alt-2");
  for (const act of screen.acts) {
    if (act.kind === "draft") told(screen, act);
    if (act.kind === "open") told(screen, { kind: "open", target: act.target });
  }
  expect(screen.line).toBe("|");
  expect(screen.state.scroll).toBeUndefined();
  expect(screen.type("other").press("alt-/").acts).toEqual([
    { kind: "draft", target: "@ben", draft: { text: "other" } },
    { kind: "open", target: "lobby" },
  ]);
  for (const act of screen.acts) {
    if (act.kind === "draft") told(screen, act);
    if (act.kind === "open") told(screen, { kind: "open", target: act.target });
  }
  expect(screen.line).toBe("half|");
  expect(screen.press("alt-/").acts.at(-1)).toEqual({ kind: "open", target: "@ben" });
});

const GONE = { kind: "room-gone", room: LOBBY } as const;

test("who is shown out of a room finds what was written there when they are back", () => {
  const screen = new Screen().type("half");
  const acts = told(screen, GONE);
  expect(acts).toEqual([{ kind: "draft", target: "lobby", draft: { text: "half" } }]);
  expect(screen.line).toBe("|");
  const again = { kind: "room", room: LOBBY, name: "lobby", n: 2, skipped: 0, read: 1 } as const;
  for (const act of acts) if (act.kind === "draft") told(screen, act);
  told(screen, again, { kind: "open", target: "lobby" });
  expect(screen.line).toBe("half|");
});

test("what is written while no room is open goes on in the one that is opened", () => {
  const screen = new Screen();
  told(screen, GONE);
  screen.type("where am I");
  expect(told(screen, { kind: "open", target: "@ben" })).toEqual([]);
  expect(screen.line).toBe("where am I|");
});

test("but not on top of what is written there: then it waits", () => {
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

test("a room that is called otherwise keeps the line as it stands", () => {
  const screen = new Screen().type("half");
  const renamed = { kind: "room", room: LOBBY, name: "hall", n: 11, skipped: 0, read: 1 } as const;
  expect(told(screen, renamed)).toEqual([]);
  expect(screen.parts.model.open).toBe("hall");
  expect(screen.line).toBe("half|");
});

test("what an account has written is not the next one's", () => {
  const screen = new Screen().type("half");
  expect(told(screen, { kind: "left" }, { kind: "entered", user: "ben" })).toEqual([]);
  expect(screen.line).toBe("|");
});

test("what comes into a room moves neither the line nor the place", () => {
  const screen = new Screen().type("half").press("pageup");
  const { scroll } = screen.state;
  expect(scroll).toEqual({ key: "i7", below: 0 });
  expect(told(screen, said(12))).toEqual([]);
  expect([screen.line, screen.state.scroll]).toEqual(["half|", scroll]);
});

test("what a refusal gives back comes into an empty line, and into no other", () => {
  const draft = { text: "refused" };
  const empty = new Screen();
  told(empty, { kind: "draft", target: "lobby", draft });
  expect(empty.line).toBe("refused|");
  const busy = new Screen().type("half");
  told(busy, { kind: "draft", target: "lobby", draft });
  expect(busy.line).toBe("half|");
});

test("a jump selects its message and shows it; the newest are a jump back", () => {
  const screen = new Screen();
  told(screen, { kind: "jump", room: "lobby" as never, seq: 4 });
  expect(screen.state.selected).toBe(4);
  expect(screen.state.scroll).toEqual({ key: "i6", below: 0 });
  told(screen, said(12));
  screen.press("pagedown", "esc");
  told(screen, { kind: "bottom", room: "lobby" as never });
  expect(screen.state.scroll).toBeUndefined();
});

test("what is selected and goes is not selected any more", () => {
  const screen = new Screen(
    lobby({
      ...{ kind: "posted", key: "k", id: "k", to: "lobby", body: { text: "x" }, writtenUnixMs: 0 },
    }),
  ).press("shift-up", "m");
  expect(screen.state.overlay?.kind).toBe("menu");
  told(screen, { kind: "discarded", key: "k" } as never);
  expect([screen.state.selectedPost, screen.state.overlay]).toEqual([undefined, undefined]);
});

test("rows that do not fill the page ask for older ones, once", () => {
  const screen = new Screen();
  screen.parts = { ...screen.parts, rows: { ...screen.parts.rows, hasOlder: true } };
  const before: Before = { model: screen.parts.model, shownKey: undefined, bottoms: 0 };
  const acts = (pageRows: number, isLoading: boolean) => {
    const { parts } = screen;
    const loading = isLoading ? ({ side: "older", seq: 2 } as const) : undefined;
    const rows = { ...parts.rows, loading };
    const layout = { ...parts.layout, pageRows };
    return follow(screen.state, before, { ...parts, rows, layout }).acts;
  };
  expect(acts(5, false)).toEqual([]);
  expect(acts(50, false)).toEqual([{ kind: "reach", side: "older" }]);
  expect(acts(50, true)).toEqual([]);
});
