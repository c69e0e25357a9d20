import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../../../src/base/ids.ts";
import { follow } from "../../../../src/cli/screen/input/follow.ts";
import type { CatchUpPart, RoomCatchUp } from "../../../../src/core/model/catch-up.ts";
import type { NewMessages } from "../../../../src/core/model/new-messages.ts";
import { LOBBY, recordEvent } from "../../../core/model-scene.ts";
import { lobby, Screen } from "./scene.ts";

const body = { text: "@ana", mentions: ["ana"] };
const dev = { kind: "room", name: "dev", id: "dev" as RoomId, topic: "" } as const;
const devRoom = { kind: "room", room: dev.id, name: "dev", n: 2, skipped: 0, read: 1 } as const;
const inDev = recordEvent(8, { room: dev, n: 2, body });

function calledScreen(): Screen {
  return new Screen(lobby(recordEvent(12, { body }), recordEvent(13, { body }), devRoom, inDev));
}

function jumpOf({ actions }: Screen) {
  const jump = actions.find(({ kind }) => kind === "jump");
  return jump && "seq" in jump ? [jump.kind === "jump" && jump.target, jump.seq] : undefined;
}

function lastNote({ state }: Screen): string | undefined {
  return state.notes.at(-1)?.text;
}

describe("calls", () => {
  test("Alt-N goes through those of the open room, then of others, and begins again", () => {
    const screen = calledScreen();
    expect(jumpOf(screen.press("alt-n"))).toEqual(["lobby", 12]);
    // A call that was read stays in the walk.
    screen.model({ kind: "seen", room: LOBBY, from: 1, to: 12, isPassed: false });
    expect(jumpOf(screen.press("n"))).toEqual(["lobby", 13]);
    expect(jumpOf(screen.press("p"))).toEqual(["lobby", 12]);
    expect(jumpOf(screen.press("p"))).toBeUndefined();
    expect(lastNote(screen)).toBe("this is the first one");
    screen.press("n");
    expect(jumpOf(screen.press("n"))).toEqual(["dev", 8]);
    screen.model({ kind: "open", target: "dev" });
    expect(jumpOf(screen.press("alt-n"))).toEqual(["lobby", 12]);
  });

  test("a call that arrives during the walk joins it", () => {
    const screen = new Screen(lobby(recordEvent(12, { body }))).press("alt-n");
    screen.model(recordEvent(13, { body }));
    expect(jumpOf(screen.press("n"))).toEqual(["lobby", 13]);
    expect(screen.state.walk).toMatchObject({ at: 1, part: { kind: "calls" } });
  });

  test("passes over a call that was erased", () => {
    const screen = calledScreen().press("alt-n");
    screen.model(recordEvent(14, { kind: "erase", body: { seq: 13 } }));
    expect(jumpOf(screen.press("n"))).toEqual(["dev", 8]);
  });

  test("Alt-P begins with the last one, and without calls nothing happens", () => {
    expect(jumpOf(calledScreen().press("alt-p"))).toEqual(["dev", 8]);
    const none = new Screen().press("alt-n");
    expect([none.actions, lastNote(none)]).toEqual([[], "nothing for you"]);
  });

  test("a reply that only its thread shows stays until the thread was read", () => {
    const reply = recordEvent(9, { n: 3, room: dev, body: { text: "a", re: 8, thread: true } });
    const follow = { room: dev.id, seq: 8, on: true, read: 8, unread: 1, last: 9 };
    const prefs = { kind: "prefs", rooms: [], saved: [], follows: [follow] } as const;
    const read = { kind: "read", room: dev.id, n: 3 } as const;
    const screen = new Screen(lobby({ ...devRoom, n: 3 }, inDev, reply, prefs, read));
    expect(jumpOf(screen.press("alt-n"))).toEqual(["dev", 9]);
    // A glance at the thread from which the user has gone on.
    screen.model({ kind: "open", target: "dev" });
    screen.model({ kind: "thread", room: dev.id, seq: 9 });
    screen.model({ kind: "open", target: "lobby" });
    screen.state = { ...screen.state, walk: undefined };
    expect(jumpOf(screen.press("alt-n"))).toEqual(["dev", 9]);
  });

  test("from the inbox, the oldest of all comes first", () => {
    const screen = calledScreen();
    screen.state = {
      ...screen.state,
      overlay: { kind: "inbox", list: undefined, selectedIndex: 0, unfolded: {} },
    };
    expect(jumpOf(screen.press("alt-n"))).toEqual(["dev", 8]);
    expect(screen.state.overlay).toBeUndefined();
  });
});

describe("keys of the prompt", () => {
  test("r answers the message, t opens its thread", () => {
    const answered = calledScreen().press("alt-n", "r");
    expect(answered.actions).toEqual([
      { kind: "draft", target: "lobby", draft: { text: "", re: 12 } },
    ]);
    const thread = calledScreen().press("alt-n", "t");
    expect(thread.actions).toContainEqual({ kind: "thread", seq: 12 });
  });

  test("no other letter is a key: it leaves the prompt and is typed", () => {
    for (const letter of ["d", "x", "N", "e", "/", "+"]) {
      const screen = calledScreen().press("alt-n", letter);
      expect([screen.line, screen.state.selected, screen.actions]).toEqual([
        `${letter}|`,
        undefined,
        [],
      ]);
    }
    const typed = calledScreen().press("alt-n").type("and yes");
    expect([typed.line, typed.state.question]).toEqual(["and yes|", undefined]);
  });

  test("Esc ends the walk and stays, a second one goes to the newest message", () => {
    const screen = calledScreen().press("alt-n", "esc");
    const { walk, selected, scroll } = screen.state;
    expect([walk, selected, scroll === undefined]).toEqual([undefined, undefined, false]);
    expect(screen.press("esc").state.scroll).toBeUndefined();
  });

  test("Alt-N keeps the text in the input", () => {
    const screen = calledScreen().type("half a");
    expect(jumpOf(screen.press("alt-n"))).toEqual(["lobby", 12]);
    expect([screen.line, screen.state.selected]).toEqual(["half a|", undefined]);
    expect(screen.type(" n").line).toBe("half a n|");
    expect(jumpOf(screen.press("alt-n"))).toEqual(["lobby", 13]);
  });

  test("posting ends the walk", () => {
    const screen = calledScreen().press("alt-n", "r").type("yes");
    expect(screen.press("enter").state.walk).toBeUndefined();
  });
});

describe("card", () => {
  const at = (seq: number) => ({ seq, n: seq });
  const messages: NewMessages = {
    room: LOBBY,
    target: "lobby",
    read: 1,
    last: 11,
    unread: 40,
    calls: [],
    hasCard: true,
  };
  const parts: readonly CatchUpPart[] = [
    { kind: "calls", messages: [at(4)] },
    { kind: "moderator", user: "ben", messages: [at(3), at(9)] },
    { kind: "moderator", user: "eve", messages: [at(7)] },
    { kind: "files", messages: [at(6)] },
  ];
  const catchUp: RoomCatchUp = {
    unread: 40,
    sinceUnixMs: 0,
    first: at(2),
    last: at(11),
    authors: 2,
    people: [],
    parts,
    isPartial: false,
  };

  function withCard(loaded: RoomCatchUp | "missing" | undefined): Screen {
    const model = lobby({ kind: "mark-unread", room: LOBBY, n: 2 });
    const screen = new Screen(model);
    const heightOf = (key: string) => (key === "unread" ? 3 : 1);
    screen.context = { ...screen.context, layout: { ...screen.context.layout, heightOf } };
    screen.state = {
      ...screen.state,
      newMessages: messages,
      loadedCatchUp: loaded && { messages, catchUp: loaded },
      selected: "unread",
    };
    return screen;
  }

  function labels({ state }: Screen): readonly string[] {
    return state.overlay?.kind === "menu" ? state.overlay.entries.map(({ label }) => label) : [];
  }

  test("Enter lists what can be walked, moderators as one part", () => {
    expect(labels(withCard(catchUp).press("enter"))).toEqual([
      "Walk 1 for you",
      "Walk 3 from moderators",
      "Walk 1 file",
      "Mark all as read",
    ]);
    expect(labels(withCard("missing").press("enter"))).toEqual(["Mark all as read"]);
    expect(withCard(undefined).press("enter").state.overlay).toBeUndefined();
  });

  test("walks through a part, the oldest first", () => {
    const screen = withCard(catchUp).press("enter", "down", "enter");
    expect([jumpOf(screen), screen.state.highlighted]).toEqual([["lobby", 3], 3]);
    expect(jumpOf(screen.press("n"))).toEqual(["lobby", 7]);
    expect(jumpOf(screen.press("alt-n"))).toEqual(["lobby", 9]);
  });

  test("marks all as read, and Ctrl-_ undoes that before it undoes typing", () => {
    const screen = withCard(catchUp).press("enter", "up", "enter");
    expect(screen.actions).toEqual([{ kind: "all-read", target: "lobby" }]);
    screen.type("typed");
    screen.model({ kind: "all-read", rooms: [LOBBY] });
    expect(screen.press("ctrl-_").actions).toEqual([{ kind: "undo-read" }]);
    screen.model({ kind: "all-read-end", isUndone: true });
    expect([screen.press("ctrl-_").actions, screen.line]).toEqual([[], "|"]);
  });

  test("the line alone cannot be selected", () => {
    const screen = withCard(catchUp);
    screen.context = { ...screen.context, layout: { ...screen.context.layout, heightOf: () => 1 } };
    screen.state = { ...screen.state, selected: 2 };
    expect(screen.press("shift-up").state.selected).toBe(2);
  });
});

test("after undoing, the room stands where it was, and nothing is selected", () => {
  const screen = new Screen();
  screen.state = { ...screen.state, returnTo: { seq: 4, above: 0 } };
  const before = { model: screen.context.model, jumpedKey: undefined, bottoms: 0, isEmpty: false };
  screen.model({ kind: "jump", room: LOBBY, seq: 4 });
  const { state } = follow(screen.state, before, screen.context);
  expect(state).toMatchObject({
    scroll: { key: "i8", below: 0 },
    selected: undefined,
    returnTo: undefined,
  });
});
