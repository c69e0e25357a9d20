import { expect, test } from "bun:test";
import type { InboxOverlay } from "../../../../src/cli/screen/state/inbox.ts";
import type { RoomView } from "../../../../src/core/client/chat-record.ts";
import { Screen } from "./scene.ts";

const room = (name: string) => ({ id: name, kind: "room", name, topic: "" }) as RoomView;

function inbox(): InboxOverlay {
  const last = { seq: 20, timeUnixMs: 0, from: "ben", text: "new" };
  const places = (...names: string[]) =>
    names.map((name) => ({ room: room(name), unread: 2, calls: 0, last, isMuted: false }));
  const calls = [
    { reason: "mention", room: room("dev"), seq: 7, timeUnixMs: 0, from: "ben", text: "@ana?" },
    { reason: "invite", room: { kind: "room", name: "oslo" }, from: "tom" },
  ] as const;
  const counts = { callCount: 2, unread: 60 };
  const threads = places("ops").map((one) => ({ ...one, thread: 5 }));
  const rooms = places("dev", ...Array.from({ length: 30 }, (_, i) => `r${i}`));
  const list = { inbox: { calls, people: [], threads, rooms, ...counts }, muted: [], recent: [] };
  return { kind: "inbox", list: { ...list, unread: new Map() }, selectedIndex: 0, unfolded: {} };
}

function opened(selectedIndex = 0): Screen {
  const screen = new Screen();
  screen.state = { ...screen.state, overlay: { ...inbox(), selectedIndex } };
  return screen;
}

const typed = (screen: Screen) =>
  screen.state.overlay?.kind === "finder" ? screen.state.overlay.query.text : undefined;

test("Alt-I loads the inbox, also over a draft and a selection", () => {
  expect(new Screen().press("alt-i").actions).toEqual([{ kind: "inbox" }]);
  expect(new Screen().type("and yes").press("alt-i").actions).toEqual([{ kind: "inbox" }]);
  expect(new Screen().press("shift-up", "alt-i").actions).toEqual([{ kind: "inbox" }]);
});

test("Enter opens a call in its place, Space its room at the first new message", () => {
  const call = opened().press("enter");
  expect(call.state.overlay).toBeUndefined();
  expect(call.actions).toEqual([
    { kind: "open", target: "dev" },
    { kind: "jump", target: "dev", seq: 7 },
  ]);
  expect(opened().press("space").actions).toEqual([{ kind: "open", target: "dev" }]);
  expect(opened(2).press("enter").actions).toEqual([
    { kind: "open", target: "ops" },
    { kind: "thread", seq: 5 },
  ]);
  expect(opened(3).press("enter").actions).toEqual([{ kind: "open", target: "dev" }]);
});

test("an invitation is accepted by the command that Enter writes", () => {
  const screen = opened(1).press("enter");
  expect([screen.line, screen.actions]).toEqual(["/join oslo|", []]);
});

test("moves without wrapping, and unfolds a long group", () => {
  const screen = opened();
  const at = () => (screen.state.overlay?.kind === "inbox" ? screen.state.overlay : undefined);
  screen.press("up");
  expect(at()?.selectedIndex).toBe(0);
  for (let i = 0; i < 40; i++) screen.press("down");
  expect(at()?.selectedIndex).toBe(23);
  screen.press("enter").press("down");
  expect(at()?.selectedIndex).toBe(24);
  expect(at()?.unfolded).toEqual({ rooms: 100 });
});

test("Tab lists the actions of a row, and Esc closes them first", () => {
  const answered = opened().press("tab", "down", "enter");
  expect(answered.actions).toEqual([
    { kind: "draft", target: "dev", draft: { text: "", re: 7 } },
    { kind: "open", target: "dev" },
    { kind: "jump", target: "dev", seq: 7 },
  ]);
  const read = opened(3).press("tab", "down", "enter");
  expect(read.actions).toEqual([{ kind: "all-read", target: "dev" }]);
  expect(read.state.overlay).toMatchObject({ kind: "inbox" });
  expect(opened(3).press("tab", "down", "down", "enter").actions).toEqual([
    { kind: "mute", target: "dev" },
  ]);
  const screen = opened().press("tab", "esc");
  expect(screen.state.overlay).toMatchObject({ kind: "inbox", action: undefined });
  expect(screen.press("esc").state.overlay).toBeUndefined();
});

test("a letter opens the finder with it, a slash begins a command, and nothing is posted", () => {
  for (const letter of "abdjnpxyGN") {
    const screen = opened().type(letter);
    const kinds = screen.actions.map(({ kind }) => kind);
    expect([typed(screen), kinds]).toEqual([letter, ["finder-opened", "find-messages"]]);
  }
  expect(typed(opened().type("and yes"))).toBe("and yes");
  const command = opened().type("/rooms");
  expect([command.line, command.state.overlay]).toEqual(["/rooms|", undefined]);
});
