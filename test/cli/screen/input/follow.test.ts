import { expect, test } from "bun:test";
import { Fault } from "../../../../src/base/fault.ts";
import { follow, type PreviousModel } from "../../../../src/cli/screen/input/follow.ts";
import type { Action } from "../../../../src/cli/screen/state/screen-state.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { RowBuilder } from "../../../../src/core/model/rows.ts";
import { LOBBY, recordEvent, scene } from "../../../core/model-scene.ts";
import { Screen } from "./scene.ts";

function actionsAfter(screen: Screen, ...events: readonly ModelEvent[]): readonly Action[] {
  const { model, rows } = screen.context;
  const isLeft = events.some(({ kind }) => kind === "left");
  const before: PreviousModel = {
    model,
    jumpedKey: rows.shownKey,
    bottoms: rows.bottoms,
    isEmpty: rows.rows.length === 0,
    isLoggedOut: isLeft,
  };
  screen.model(...events);
  const { state, actions } = follow(screen.state, before, screen.context);
  screen.state = state;
  return actions;
}

test("restores the draft of a room when it is opened", () => {
  const screen = new Screen().type("half").press("pageup", "alt-s", "esc", "alt-2");
  const follow = () => {
    for (const action of screen.actions) {
      if (action.kind === "draft") actionsAfter(screen, action);
      if (action.kind === "open") actionsAfter(screen, { kind: "open", target: action.target });
    }
  };
  follow();
  expect(screen.line).toBe("|");
  expect(screen.state.scroll).toBeUndefined();
  expect(screen.type("other").press("ctrl-^").actions).toEqual([
    { kind: "draft", target: "@ben", draft: { text: "other" } },
    { kind: "open", target: "lobby" },
  ]);
  follow();
  expect(screen.line).toBe("half|");
  expect(screen.press("ctrl-^").actions.at(-1)).toEqual({ kind: "open", target: "@ben" });
});

const GONE = { kind: "room-gone", room: LOBBY } as const;

test("keeps the draft of a room after the user is removed", () => {
  const screen = new Screen().type("half");
  const actions = actionsAfter(screen, GONE);
  expect(actions).toEqual([{ kind: "draft", target: "lobby", draft: { text: "half" } }]);
  expect(screen.line).toBe("|");
  const again = { kind: "room", room: LOBBY, name: "lobby", n: 2, skipped: 0, read: 1 } as const;
  for (const action of actions) if (action.kind === "draft") actionsAfter(screen, action);
  actionsAfter(screen, again, { kind: "open", target: "lobby" });
  expect(screen.line).toBe("half|");
});

test("keeps text written without a room separate from the draft of the opened room", () => {
  const screen = new Screen();
  actionsAfter(screen, { kind: "draft", target: "@ben", draft: { text: "to ben" } }, GONE);
  screen.type("where am I");
  const actions = actionsAfter(screen, { kind: "open", target: "@ben" });
  expect(actions).toEqual([{ kind: "draft", target: "", draft: { text: "where am I" } }]);
  expect(screen.line).toBe("to ben|");
  for (const action of actions) if (action.kind === "draft") actionsAfter(screen, action);
  actionsAfter(screen, { kind: "open", target: undefined });
  expect(screen.line).toBe("where am I|");
});

test("clears the line when another account logs in", () => {
  const screen = new Screen().type("half");
  expect(actionsAfter(screen, { kind: "left" }, { kind: "entered", user: "ben" })).toEqual([]);
  expect(screen.line).toBe("|");
});

test("restores a refused text into an empty line only", () => {
  const draft = { text: "refused" };
  const empty = new Screen();
  actionsAfter(empty, { kind: "draft", target: "lobby", draft });
  expect(empty.line).toBe("refused|");
  const busy = new Screen().type("half");
  actionsAfter(busy, { kind: "draft", target: "lobby", draft });
  expect(busy.line).toBe("half|");
});

test("keeps the text for a room while a thread is open, and the text for the thread", () => {
  const screen = new Screen().type("half").press("shift-up", "t");
  const thread = (seq: number | undefined) => ({ kind: "thread", room: LOBBY, seq }) as const;
  expect(screen.actions).toEqual([{ kind: "thread", seq: 11 }]);
  const draft = { kind: "draft", target: "lobby", draft: { text: "half" } } as const;
  expect(actionsAfter(screen, thread(11))).toContainEqual(draft);
  actionsAfter(screen, draft);
  expect(screen.line).toBe("|");
  expect(screen.type("mine").press("enter").actions).toEqual([{ kind: "enter", text: "mine" }]);
  // A reply to a message of the thread is a post in it.
  screen.type("more").press("shift-up", "r");
  expect([screen.actions, screen.state.selected]).toEqual([[], undefined]);
  expect(screen.press("esc").actions).toEqual([{ kind: "thread", seq: undefined }]);
  const inThread = { kind: "draft", target: "lobby 11", draft: { text: "more" } } as const;
  expect(actionsAfter(screen, thread(undefined))).toContainEqual(inThread);
  expect(screen.line).toBe("half|");
  actionsAfter(screen, inThread);
  actionsAfter(screen, thread(11));
  expect(screen.line).toBe("more|");
});

test("marks and displays the message of a jump, and selects nothing", () => {
  const screen = new Screen();
  actionsAfter(screen, { kind: "jump", room: "lobby" as never, seq: 4 });
  expect([screen.state.highlighted, screen.state.selected]).toEqual([4, undefined]);
  expect(screen.state.scroll).toEqual({ key: "i6", below: 0 });
  actionsAfter(screen, recordEvent(12));
  screen.press("pagedown", "esc");
  actionsAfter(screen, { kind: "bottom", room: "lobby" as never });
  expect(screen.state.scroll).toBeUndefined();
});

test("letters that follow a jump are text, also before its message is loaded", () => {
  const screen = new Screen();
  const room = "lobby" as never;
  actionsAfter(screen, { kind: "jump", room, seq: 1 });
  expect([screen.state.highlighted, screen.type("n and yes").line]).toEqual([1, "n and yes|"]);
  expect(screen.actions).toEqual([]);
  const failed = { kind: "page-failed", room, side: "around", seq: 1 } as const;
  actionsAfter(screen, { ...failed, fault: new Fault("link-closed", "") });
  expect(screen.state.highlighted).toBeUndefined();
});

test("selects nothing while a room loads its first new message", () => {
  const screen = new Screen();
  const { model } = screen.context;
  const room = model.rooms.get(LOBBY);
  if (room === undefined) throw new Error("no room");
  const loading = { side: "around", seq: 3 } as const;
  const waiting = { ...model, rooms: new Map([[LOBBY, { ...room, loading, jumpSeq: undefined }]]) };
  screen.context = {
    ...screen.context,
    model: waiting,
    rows: new RowBuilder().rowsOf(waiting, () => 0, false, true),
  };
  const before = { model, jumpedKey: undefined, bottoms: 0, isEmpty: false };
  const { selected, highlighted } = follow(screen.state, before, screen.context).state;
  expect([selected, highlighted]).toEqual([undefined, undefined]);
});

test("restores the text that an edit replaced when its message is erased", () => {
  const screen = new Screen();
  const draft = { text: "mine", edits: 5, before: { text: "half" } };
  actionsAfter(screen, { kind: "draft", target: "lobby", draft });
  expect(screen.line).toBe("mine|");
  actionsAfter(screen, recordEvent(12, { kind: "erase", from: "ben", body: { seq: 5 } }));
  expect(screen.line).toBe("half|");
});

const texts = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => recordEvent(from + i));
const away = { kind: "focus", on: false } as const;
const seen = (to: number) => {
  return { kind: "seen", room: LOBBY, from: 2, to, isPassed: false } as const;
};

/** Keys of the rows on a page of 20 lines, each row being one line high. */
function pageOf({ context, state }: Screen): readonly string[] {
  const keys = context.rows.rows.map(({ key }) => key);
  const end = state.scroll === undefined ? keys.length : keys.indexOf(state.scroll.key) + 1;
  return keys.slice(Math.max(0, end - 20), end);
}

function screenOf(...events: readonly ModelEvent[]): Screen {
  const { model } = scene(...events);
  const screen = new Screen(model);
  screen.context = { ...screen.context, layout: { ...screen.context.layout, pageRows: 20 } };
  return screen;
}

test("opens a room with the line of new messages in row 4, or at its end if they fit", () => {
  const read = { kind: "read", room: LOBBY, n: 30 } as const;
  const screen = screenOf(...texts(2, 60), read);
  actionsAfter(screen, { kind: "open", target: "lobby" });
  expect(pageOf(screen).slice(2, 5)).toEqual(["i30", "unread", "i31"]);
  const near = screenOf(...texts(2, 60), { ...read, n: 50 });
  actionsAfter(near, { kind: "open", target: "lobby" });
  expect(near.state.scroll).toBeUndefined();
  const low = screenOf(...texts(2, 60), read);
  low.context = { ...low.context, layout: { ...low.context.layout, pageRows: 12 } };
  actionsAfter(low, { kind: "open", target: "lobby" });
  expect(pageOf(low).slice(-12)[1]).toBe("unread");
});

test("shows what arrived while the program was away, but not against the reader", () => {
  const stored = () =>
    screenOf(...texts(2, 40), { kind: "open", target: "lobby" }, seen(40), {
      kind: "entered",
      user: "ana",
    });
  const room = { kind: "room", room: LOBBY, name: "lobby", skipped: 0, read: 40 } as const;
  const arrived = [{ ...room, n: 40 }, ...texts(41, 80), { kind: "caught-up" }] as const;
  const screen = stored();
  actionsAfter(screen, ...arrived);
  expect(pageOf(screen).slice(2, 5)).toEqual(["i40", "unread", "i41"]);
  const reader = stored();
  reader.state = { ...reader.state, scroll: { key: "i25", below: 0 } };
  actionsAfter(reader, ...arrived);
  expect(pageOf(reader).at(-1)).toBe("i25");
  const nothing = stored();
  actionsAfter(nothing, { ...room, n: 40 }, { kind: "caught-up" });
  expect(nothing.state.scroll).toBeUndefined();
});

test("opens a room where the user left it, also after a thread", () => {
  const open = { kind: "open", target: "lobby" } as const;
  const placed = { kind: "placed", key: LOBBY, place: { seq: 20, above: 0 } } as const;
  const screen = screenOf(...texts(2, 60), { kind: "read", room: LOBBY, n: 60 }, placed);
  actionsAfter(screen, open);
  expect(pageOf(screen)[0]).toBe("i20");
  const thread = (seq: number | undefined) => ({ kind: "thread", room: LOBBY, seq }) as const;
  const unread = screenOf(...texts(2, 60), { kind: "read", room: LOBBY, n: 30 }, open);
  actionsAfter(unread, thread(25), placed);
  actionsAfter(unread, thread(undefined));
  expect(pageOf(unread)[0]).toBe("i20");
});

test("stands still when the first message that nobody sees is at the upper edge", () => {
  const screen = screenOf(...texts(2, 40), { kind: "open", target: "lobby" }, seen(40));
  actionsAfter(screen, away);
  actionsAfter(screen, ...texts(41, 50));
  expect(screen.state.scroll).toBeUndefined();
  actionsAfter(screen, ...texts(51, 80));
  expect(pageOf(screen)[0]).toBe("unread");
  actionsAfter(screen, ...texts(81, 90));
  expect(pageOf(screen)[0]).toBe("unread");
  // Messages that were not seen when the focus was lost do not pull the page back.
  const late = screenOf(...texts(2, 40), { kind: "open", target: "lobby" });
  actionsAfter(late, away);
  expect(pageOf(late).at(-1)).toBe("i40");
  actionsAfter(late, recordEvent(41));
  expect(pageOf(late).at(-1)).toBe("i40");
});
