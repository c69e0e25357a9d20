import { describe, expect, test } from "bun:test";
import { follow } from "../../../../src/cli/screen/input/follow.ts";
import { showsMembers } from "../../../../src/cli/screen/state/screen-state.ts";
import type { RoomView } from "../../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { openRoom } from "../../../../src/core/model/selectors.ts";
import { lobby, Screen } from "./scene.ts";

function roomChanged(name: string): ModelEvent {
  return { kind: "room", room: name as never, name, n: 0, skipped: 0, read: 0 } as never;
}

/** Screen of the lobby, and two other rooms. */
function opened(isWide = true): Screen {
  const screen = new Screen(lobby(roomChanged("dev"), roomChanged("ops")));
  screen.context = { ...screen.context, layout: { ...screen.context.layout, isWide } };
  return screen;
}

/** Performs what a key has asked for, one action after the other. */
function performed(screen: Screen): Screen {
  for (const action of screen.actions) {
    const { model } = screen.context;
    const room = openRoom(model)?.id;
    if (action.kind === "open") screen.model({ kind: "open", target: action.target });
    else if (action.kind === "thread" && room !== undefined)
      screen.model({ kind: "thread", room, seq: action.seq });
    const before = { model, jumpedKey: undefined, bottoms: 0, isEmpty: false };
    screen.state = follow(screen.state, before, screen.context).state;
  }
  return screen;
}

function places({ state, context }: Screen) {
  const { pane } = state;
  return { open: context.model.open, pane: pane?.target, isLeft: pane?.isLeft };
}

describe("the second pane", () => {
  test("Alt-Enter in the finder opens a room beside the first, which Tab and Esc return to", () => {
    const screen = opened().press("alt-k").type("dev").press("alt-enter");
    performed(screen);
    expect(places(screen)).toEqual({ open: "dev", pane: "lobby", isLeft: true });
    expect(screen.state.overlay).toBeUndefined();
    performed(screen.press("tab"));
    expect(places(screen)).toEqual({ open: "lobby", pane: "dev", isLeft: false });
    performed(screen.press("tab"));
    expect(places(screen)).toEqual({ open: "dev", pane: "lobby", isLeft: true });
    performed(screen.press("esc"));
    expect(places(screen)).toEqual({ open: "lobby", pane: undefined, isLeft: undefined });
  });

  test("the actions of a row open it beside, from 140 columns on", () => {
    const screen = opened().press("alt-k").type("dev").press("tab", "down", "enter");
    expect(places(performed(screen))).toEqual({ open: "dev", pane: "lobby", isLeft: true });
    const narrow = opened(false).press("alt-k").type("dev").press("tab", "down", "enter");
    expect(narrow.actions).toContainEqual({ kind: "all-read", target: "dev" });
  });

  test.each(["alt-enter", "tab down enter"])("%s in the inbox opens a row beside", (keys) => {
    const room = { id: "dev", kind: "room", name: "dev", topic: "" } as RoomView;
    const rooms = [{ room, unread: 2, calls: 0, isMuted: false }];
    const inbox = { calls: [], people: [], threads: [], rooms, callCount: 0, unread: 2 };
    const list = { inbox, muted: [], recent: [], unread: new Map() };
    const screen = opened();
    const overlay = { kind: "inbox", list, selectedIndex: 0, unfolded: {} } as const;
    screen.state = { ...screen.state, overlay };
    performed(screen.press(...keys.split(" ")));
    expect(places(screen)).toEqual({ open: "dev", pane: "lobby", isLeft: true });
  });

  test("Esc in the left pane closes the right one", () => {
    const screen = performed(opened().press("alt-k").type("dev").press("alt-enter"));
    performed(screen.press("tab"));
    performed(screen.press("esc"));
    expect(places(screen)).toEqual({ open: "lobby", pane: undefined, isLeft: undefined });
  });

  test("another result replaces the right pane", () => {
    const screen = performed(opened().press("alt-k").type("dev").press("alt-enter"));
    performed(screen.press("alt-k").press("ctrl-u").type("ops").press("alt-enter"));
    expect(places(screen)).toEqual({ open: "ops", pane: "lobby", isLeft: true });
  });

  test("ends when its room gets the input", () => {
    const screen = performed(opened().press("alt-k").type("dev").press("alt-enter"));
    performed(screen.press("alt-k").press("ctrl-u").type("lobby").press("enter"));
    expect(places(screen)).toEqual({ open: "lobby", pane: undefined, isLeft: undefined });
  });

  test("a thread opens beside its room", () => {
    const screen = performed(opened().press("shift-up").press("t"));
    const { pane } = screen.state;
    expect(pane).toMatchObject({ target: "lobby", thread: undefined, isLeft: true });
    performed(screen.press("tab"));
    expect(screen.state.pane?.thread?.root).toBe(11);
    expect(screen.state.pane?.isLeft).toBe(false);
    performed(screen.press("tab"));
    expect(screen.state.pane).toMatchObject({ target: "lobby", thread: undefined, isLeft: true });
    performed(screen.press("esc"));
    expect([screen.state.pane, openRoom(screen.context.model)?.thread]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("Tab completes while something is typed", () => {
    const screen = performed(opened().press("alt-k").type("dev").press("alt-enter"));
    screen.type("/jo").press("tab");
    expect(places(screen)).toMatchObject({ open: "dev" });
    expect(screen.state.editor.text).toStartWith("/join");
  });

  test("a narrow screen has one place", () => {
    const screen = performed(opened(false).press("alt-k").type("dev").press("alt-enter"));
    expect(places(screen)).toEqual({ open: "dev", pane: undefined, isLeft: undefined });
    performed(screen.press("alt-k").press("ctrl-u").type("lobby").press("enter"));
    performed(screen.press("shift-up").press("t"));
    expect(screen.state.pane).toBeUndefined();
  });
});

test("F3 hides the members that a wide screen shows, and shows them on a narrow one", () => {
  const isShown = ({ state, context }: Screen) =>
    showsMembers(state, context.model, context.layout.isWide === true);
  for (const isWide of [true, false]) {
    const screen = opened(isWide);
    const after = [isShown(screen), isShown(screen.press("f3")), isShown(screen.press("f3"))];
    expect(after).toEqual([isWide, !isWide, isWide]);
  }
});
