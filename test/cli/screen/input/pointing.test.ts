import { describe, expect, test } from "bun:test";
import { EMPTY_EDITOR } from "../../../../src/cli/screen/editor/editor.ts";
import type { Hit } from "../../../../src/cli/screen/state/hit.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { CAT, lobby, Screen } from "./scene.ts";

const ROOMS = ["alpha", "beta"].map(
  (name, i) => ({ kind: "room", room: `r${i}`, name, n: 1, skipped: 0, read: 1 }) as never,
);

/** Presses the left button, or turns the wheel, where that stands. */
function at(screen: Screen, hit: Partial<Hit> | undefined, name = "click"): Screen {
  screen.parts = {
    ...screen.parts,
    hitAt: (column, row) => (column === 7 && row === 3 ? (hit as Hit) : undefined),
  };
  return screen.key({ name, text: "7;3" });
}

const on = (key: string | undefined, more: Partial<Hit> = {}) =>
  ({ kind: "timeline", key, does: undefined, link: undefined, ...more }) as Hit;

describe("a click", () => {
  test("on a room goes there, and the list stays where it is", () => {
    const screen = new Screen(lobby(...ROOMS)).type("half");
    const rooms = { top: 4, topMax: 9 };
    screen.parts = { ...screen.parts, layout: { ...screen.parts.layout, rooms } };
    at(screen, { kind: "rooms", target: "beta" });
    expect(screen.acts).toEqual([
      { kind: "draft", target: "lobby", draft: { text: "half" } },
      { kind: "open", target: "beta" },
    ]);
    expect(screen.state.roomsTop).toEqual({ open: "beta", top: 4 });
    expect(at(screen, { kind: "rooms", target: undefined }).acts).toEqual([]);
  });

  test("on a person begins a conversation, but with oneself", () => {
    const screen = new Screen();
    expect(at(screen, { kind: "members", name: "cleo" }).acts).toEqual([
      { kind: "open", target: "@cleo" },
    ]);
    expect(at(screen, { kind: "members", name: "ana" }).acts).toEqual([]);
    expect(at(screen, { kind: "members", name: undefined }).acts).toEqual([]);
  });

  test("on a message selects it where it stands, and once more shows what can be done", () => {
    const screen = at(new Screen(), on("i8"));
    expect(screen.state).toMatchObject({ selected: 8, scroll: { key: "i11", below: 0 } });
    expect(screen.state.overlay).toBeUndefined();
    expect(at(screen, on("i7")).state).toMatchObject({ selected: 7, overlay: undefined });
    expect(at(screen, on("i7")).state.overlay).toMatchObject({ kind: "menu" });
    // What is open is closed by a click beside it.
    expect(at(screen, on("i9")).state).toMatchObject({ selected: 7, overlay: undefined });
    expect(at(screen, on(undefined)).state.selected).toBeUndefined();
  });

  test("on a post that waits selects that", () => {
    const posted: ModelEvent = {
      ...{ kind: "posted", key: "k", id: "k", to: "lobby", body: { text: "late" } },
      writtenUnixMs: 0,
    };
    const screen = at(new Screen(lobby(posted)), on("pk"));
    expect(screen.state).toMatchObject({ selectedPost: "k", selected: undefined });
    expect(at(screen, on("pk")).state.overlay).toMatchObject({ kind: "menu" });
    at(screen, on("gone"));
    expect(at(screen, on("gone")).state.selectedPost).toBeUndefined();
  });

  test("on a file fetches it, and shows what can be done while it is under way", () => {
    const screen = at(new Screen(), on("i6", { does: "fetch" }));
    expect(screen.acts).toEqual([{ kind: "fetch", file: CAT, name: "cat.png" }]);
    expect(screen.state).toMatchObject({ selected: undefined, scroll: undefined });
    const transfer = {
      ...{ id: "t1", kind: "download" as const, file: CAT as never, name: "cat.png", to: [] },
      ...{ state: { kind: "running" as const }, progress: undefined },
    };
    screen.model({ kind: "transfer", transfer });
    at(screen, on("i6", { does: "fetch" }));
    expect([screen.acts, screen.state.selected]).toEqual([[], 6]);
    expect(screen.state.overlay).toMatchObject({ kind: "menu" });
  });

  test("on a link copies it", () => {
    const screen = at(new Screen(), on("i8", { link: "https://example.org/" }));
    expect(screen.acts).toEqual([{ kind: "copy", text: "https://example.org/" }]);
    expect(screen.state.selected).toBe(8);
    expect(at(screen, on("i8", { link: "https://example.org/" })).acts).toEqual([]);
    expect(screen.state.overlay).toMatchObject({ kind: "menu" });
  });

  test("on the rest of a long text unfolds it", () => {
    const screen = new Screen();
    screen.parts = { ...screen.parts, foldsOf: () => 30 };
    at(screen, on("i8", { does: "unfold" }));
    expect([...screen.state.unfolded]).toEqual(["i8"]);
    expect(screen.state).toMatchObject({ selected: 8, overlay: undefined });
  });

  test("in the input places the cursor, and ends what is selected", () => {
    const screen = at(new Screen().type("hello"), on("i8"));
    expect(at(screen, { kind: "input", at: 2 }).line).toBe("he|llo");
    expect(screen.state).toMatchObject({ selected: undefined, scroll: undefined });
    screen.press("f1");
    expect(at(screen, { kind: "input", at: 4 }).line).toBe("hell|o");
    expect(screen.state.overlay).toBeUndefined();
    screen.press("ctrl-r").type("x");
    expect(at(screen, { kind: "input", at: 0 }).state.overlay).toMatchObject({
      kind: "typed",
      query: { cursor: 0 },
    });
    expect(screen.line).toBe("hell|o");
  });

  test("takes what a list offers", () => {
    const screen = new Screen(lobby(), { typed: ["one", "two", "three"] }).press("ctrl-r");
    at(screen, { kind: "overlay", choice: undefined, isHeading: false });
    expect(screen.state.overlay).toBeDefined();
    at(screen, { kind: "overlay", choice: 1, isHeading: false });
    expect([screen.line, screen.state.overlay]).toEqual(["two|", undefined]);
    screen.press("ctrl-r");
    at(screen, { kind: "overlay", choice: undefined, isHeading: true });
    expect(screen.state.overlay).toBeUndefined();
  });

  test("acts on the message whose menu is open", () => {
    const screen = at(at(new Screen(), on("i8")), on("i8"));
    const { overlay } = screen.state;
    const entries = overlay?.kind === "menu" ? overlay.entries : [];
    const choice = entries.findIndex(({ command }) => command === "copy");
    at(screen, { kind: "overlay", choice, isHeading: false });
    expect(screen.acts).toEqual([{ kind: "copy", text: "8" }]);
    expect(screen.state).toMatchObject({ overlay: undefined, selected: undefined });
  });

  test("goes to what was found, also while other words are typed", () => {
    const screen = new Screen().press("f4").type("word");
    screen.press("enter");
    const item = screen.parts.model.rooms.get("lobby" as never)?.tail.items[3];
    if (item === undefined) throw new Error("no item");
    const { model } = screen.parts;
    const found = [{ target: "lobby", item }];
    const query = { text: "word" };
    const search = { query, found, hasMore: false, isLoading: false, fault: undefined };
    screen.parts = { ...screen.parts, model: { ...model, search } as never };
    screen.type("s");
    at(screen, { kind: "overlay", choice: 0, isHeading: false });
    expect(screen.acts).toEqual([{ kind: "jump", target: "lobby", seq: item.seq }]);
  });

  test("does nothing while something is asked, but in the answer", () => {
    const screen = new Screen().type("x");
    const asked = { kind: "yes-no" as const, text: "?", answer: EMPTY_EDITOR };
    screen.state = { ...screen.state, question: asked };
    for (const hit of [on("i8"), { kind: "rooms", target: "lobby" }, { kind: "input", at: 0 }]) {
      at(screen, hit as Hit);
      expect([screen.acts, screen.state.selected, screen.line]).toEqual([[], undefined, "x|"]);
    }
    const answer = { ...screen.state.editor, text: "secret", cursor: 6 };
    const question = { kind: "secret" as const, text: "?", answer };
    screen.state = { ...screen.state, question };
    at(screen, { kind: "input", at: 3 });
    expect(screen.state.question).toMatchObject({ answer: { text: "secret", cursor: 3 } });
  });

  test("on what says that more is below goes to the newest", () => {
    const screen = new Screen().press("pageup");
    expect(screen.state.scroll).toBeDefined();
    expect(at(screen, { kind: "newest" }).state.scroll).toBeUndefined();
    expect(at(screen, { kind: "newest" }).acts).toEqual([]);
    expect(at(screen, undefined).acts).toEqual([]);
  });
});

test("a click on what is unread elsewhere goes there", () => {
  const unread = { kind: "room", room: "r9", name: "news", n: 3, skipped: 0, read: 0, unread: 3 };
  const screen = new Screen(lobby(unread as never));
  expect(at(screen, { kind: "unread" }).acts).toEqual([{ kind: "open", target: "news" }]);
});

describe("the wheel", () => {
  test("moves the list below it, as far as it goes, or else the timeline", () => {
    const screen = new Screen();
    const { layout } = screen.parts;
    const rooms = { top: 1, topMax: 3 };
    screen.parts = { ...screen.parts, layout: { ...layout, rooms } };
    const over = { kind: "rooms", target: undefined } as const;
    expect(at(screen, over, "scroll-down").state.roomsTop).toEqual({ open: "lobby", top: 3 });
    expect(at(screen, over, "scroll-up").state.roomsTop).toEqual({ open: "lobby", top: 0 });
    expect(screen.state).toMatchObject({ scroll: undefined, membersTop: undefined });
    at(screen, { kind: "members", name: "ben" }, "scroll-up");
    expect(screen.state).toMatchObject({ scroll: { key: "i8" }, membersTop: undefined });
    screen.parts = { ...screen.parts, layout: { ...layout, members: { top: 0, topMax: 2 } } };
    at(screen, { kind: "members", name: "ben" }, "scroll-down");
    expect(screen.state.membersTop).toEqual({ open: "lobby", top: 2 });
  });

  test("moves through a list to its ends, and no further", () => {
    const screen = new Screen(lobby(), { typed: ["one", "two"] }).press("ctrl-r");
    const choice = { kind: "overlay", choice: 0, isHeading: false } as const;
    for (const [name, expected] of [
      ["scroll-up", 0],
      ["scroll-down", 1],
      ["scroll-down", 1],
    ] as const) {
      expect(at(screen, choice, name).state.overlay).toMatchObject({ at: expected });
    }
  });
});
