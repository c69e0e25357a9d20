import { describe, expect, test } from "bun:test";
import { EMPTY_EDITOR } from "../../../../src/cli/screen/editor/editor.ts";
import type { Hit } from "../../../../src/cli/screen/state/screen-state.ts";
import { CAT, lobby, Screen } from "./scene.ts";

const ROOMS = ["alpha", "beta"].map(
  (name, i) => ({ kind: "room", room: `r${i}`, name, n: 1, skipped: 0, read: 1 }) as never,
);

function at(screen: Screen, hit: Partial<Hit> | undefined, name = "click"): Screen {
  const hitAt = (column: number, row: number) =>
    column === 7 && row === 3 ? (hit as Hit) : undefined;
  screen.context = { ...screen.context, layout: { ...screen.context.layout, hitAt } };
  return screen.key({ name, text: "7;3" });
}

const on = (key: string | undefined, more: Partial<Hit> = {}) =>
  ({ kind: "timeline", key, clickAction: undefined, link: undefined, ...more }) as Hit;

describe("a click", () => {
  test("on a room opens it without scrolling the list", () => {
    const screen = new Screen(lobby(...ROOMS)).type("half");
    const rooms = { top: 4, topMax: 9 };
    screen.context = { ...screen.context, layout: { ...screen.context.layout, rooms } };
    at(screen, { kind: "rooms", target: "beta" });
    expect(screen.actions).toEqual([
      { kind: "draft", target: "lobby", draft: { text: "half" } },
      { kind: "open", target: "beta" },
    ]);
    expect(screen.state.roomsScroll).toEqual({ open: "beta", top: 4 });
    expect(at(screen, { kind: "rooms", target: undefined }).actions).toEqual([]);
  });

  test("on a person opens a conversation, except with oneself", () => {
    const screen = new Screen();
    expect(at(screen, { kind: "members", name: "cleo" }).actions).toEqual([
      { kind: "open", target: "@cleo" },
    ]);
    expect(at(screen, { kind: "members", name: "ana" }).actions).toEqual([]);
    expect(at(screen, { kind: "members", name: undefined }).actions).toEqual([]);
  });

  test("on a message selects it, and a second click opens its menu", () => {
    const screen = at(new Screen(), on("i8"));
    expect(screen.state).toMatchObject({ selected: 8, scroll: { key: "i11", below: 0 } });
    expect(screen.state.overlay).toBeUndefined();
    expect(at(screen, on("i7")).state).toMatchObject({ selected: 7, overlay: undefined });
    expect(at(screen, on("i7")).state.overlay).toMatchObject({ kind: "menu" });
    expect(at(screen, on("i9")).state).toMatchObject({ selected: 7, overlay: undefined });
    expect(at(screen, on(undefined)).state.selected).toBeUndefined();
  });

  test("on a file downloads it, or opens the menu during the transfer", () => {
    const screen = at(new Screen(), on("i6", { clickAction: "fetch", file: CAT }));
    expect(screen.actions).toEqual([{ kind: "fetch", file: CAT, name: "cat.png" }]);
    expect(screen.state).toMatchObject({ selected: undefined, scroll: undefined });
    const transfer = {
      id: "t1",
      kind: "download" as const,
      file: CAT as never,
      name: "cat.png",
      to: [],
      state: { kind: "running" as const },
      progress: undefined,
    };
    screen.model({ kind: "transfer", transfer });
    at(screen, on("i6", { clickAction: "fetch", file: CAT }));
    expect([screen.actions, screen.state.selected]).toEqual([[], 6]);
    expect(screen.state.overlay).toMatchObject({ kind: "menu" });
  });

  test("on a link copies it", () => {
    const screen = at(new Screen(), on("i8", { link: "https://example.org/" }));
    expect(screen.actions).toEqual([{ kind: "copy", text: "https://example.org/" }]);
    expect(screen.state.selected).toBe(8);
    expect(at(screen, on("i8", { link: "https://example.org/" })).actions).toEqual([]);
    expect(screen.state.overlay).toMatchObject({ kind: "menu" });
  });

  test("in the input moves the cursor and clears the selection", () => {
    const screen = at(new Screen().type("hello"), on("i8"));
    expect(at(screen, { kind: "input", at: 2 }).line).toBe("he|llo");
    expect(screen.state).toMatchObject({ selected: undefined, scroll: undefined });
    const overlay = { kind: "text", title: "t", lines: ["one"], top: 0 } as const;
    screen.state = { ...screen.state, overlay };
    expect(at(screen, { kind: "input", at: 4 }).line).toBe("hell|o");
    expect(screen.state.overlay).toBeUndefined();
    screen.press("ctrl-r").type("x");
    expect(at(screen, { kind: "input", at: 0 }).state.overlay).toMatchObject({
      kind: "typed",
      query: { cursor: 0 },
    });
    expect(screen.line).toBe("hell|o");
  });

  test("accepts the choice of a list", () => {
    const screen = new Screen(lobby(), { inputHistory: ["one", "two", "three"] }).press("ctrl-r");
    at(screen, { kind: "overlay", choice: undefined, isHeading: false });
    expect(screen.state.overlay).toBeDefined();
    at(screen, { kind: "overlay", choice: 1, isHeading: false });
    expect([screen.line, screen.state.overlay]).toEqual(["two|", undefined]);
    screen.press("ctrl-r");
    at(screen, { kind: "overlay", choice: undefined, isHeading: true });
    expect(screen.state.overlay).toBeUndefined();
  });

  test("does nothing during a question, except in its answer", () => {
    const screen = new Screen().type("x");
    const yesNo = { kind: "yes-no" as const, text: "?", answer: EMPTY_EDITOR };
    screen.state = { ...screen.state, question: yesNo };
    for (const hit of [on("i8"), { kind: "rooms", target: "lobby" }, { kind: "input", at: 0 }]) {
      at(screen, hit as Hit);
      expect([screen.actions, screen.state.selected, screen.line]).toEqual([[], undefined, "x|"]);
    }
    const answer = { ...screen.state.editor, text: "secret", cursor: 6 };
    const question = { kind: "secret" as const, text: "?", answer };
    screen.state = { ...screen.state, question };
    at(screen, { kind: "input", at: 3 });
    expect(screen.state.question).toMatchObject({ answer: { text: "secret", cursor: 3 } });
  });
});

test("a click on a hint opens the newest message or the unread room", () => {
  const unread = { kind: "room", room: "r9", name: "news", n: 3, skipped: 0, read: 0, unread: 3 };
  const screen = new Screen(lobby(unread as never)).press("pageup");
  expect(at(screen, { kind: "newest" }).state.scroll).toBeUndefined();
  expect(at(screen, { kind: "unread" }).actions).toEqual([{ kind: "open", target: "news" }]);
});

test("the wheel scrolls the list below it, or the timeline if the list cannot scroll", () => {
  const screen = new Screen();
  const { layout } = screen.context;
  const rooms = { top: 1, topMax: 3 };
  screen.context = { ...screen.context, layout: { ...layout, rooms } };
  const over = { kind: "rooms", target: undefined } as const;
  expect(at(screen, over, "scroll-down").state.roomsScroll).toEqual({ open: "lobby", top: 3 });
  expect(at(screen, over, "scroll-up").state.roomsScroll).toEqual({ open: "lobby", top: 0 });
  expect(screen.state).toMatchObject({ scroll: undefined, membersScroll: undefined });
  at(screen, { kind: "members", name: "ben" }, "scroll-up");
  expect(screen.state).toMatchObject({ scroll: { key: "i8" }, membersScroll: undefined });
  screen.context = { ...screen.context, layout: { ...layout, members: { top: 0, topMax: 2 } } };
  at(screen, { kind: "members", name: "ben" }, "scroll-down");
  expect(screen.state.membersScroll).toEqual({ open: "lobby", top: 2 });
});
