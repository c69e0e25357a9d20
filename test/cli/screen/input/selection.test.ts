import { describe, expect, test } from "bun:test";
import type { FileId, RoomId } from "../../../../src/base/ids.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { recordEvent } from "../../../core/model-scene.ts";
import { CAT, lobby, Screen } from "./scene.ts";

const posted: ModelEvent = {
  kind: "posted",
  key: "k",
  id: "k",
  to: "lobby",
  body: { text: "late" },
  writtenUnixMs: 0,
};

function on(seq: number, ...events: readonly ModelEvent[]): Screen {
  const screen = new Screen(lobby(...events)).press("shift-up");
  while (screen.state.selected !== seq) screen.press("up");
  return screen;
}

describe("selecting", () => {
  test("starts at the newest visible message and ends below it", () => {
    const screen = new Screen().press("shift-up");
    expect(screen.state.selected).toBe(11);
    expect(screen.press("up", "up").state.selected).toBe(9);
    expect(screen.press("shift-up").state.selected).toBe(8);
    expect(screen.press("shift-down").state.selected).toBe(9);
    expect(screen.press("down", "down").state.selected).toBe(11);
    expect(screen.press("down").state.selected).toBeUndefined();
    expect(screen.state.scroll).toBeUndefined();
    const scrolled = new Screen().press("pageup").press("alt-s");
    expect(scrolled.state.selected).toBe(7);
  });

  test("skips days, joins and deleted messages", () => {
    const events = [
      recordEvent(12, { kind: "join", from: "cleo" }),
      recordEvent(13, { state: "erased", body: {} }),
    ];
    const screen = new Screen(lobby(...events, recordEvent(14)));
    expect(screen.press("shift-up").state.selected).toBe(14);
    expect(screen.press("up").state.selected).toBe(11);
    expect(screen.press("home").state.selected).toBe(2);
    expect(screen.press("end").state.selected).toBe(14);
  });

  test("handles letters of one read in order", () => {
    expect(on(4).type("+rocket").state.overlay).toMatchObject({ query: { text: "rocket" } });
    expect(on(11).type("k".repeat(33)).line).toBe(`${"k".repeat(33)}|`);
  });

  test("letters without a meaning leave the selection, and are typed behind the draft", () => {
    for (const text of ["no", "dy", "pin it", "/rooms", "yes", "kkk", "G", "m", "x", "s", " hi"]) {
      const screen = new Screen().type("so ").press("shift-up");
      for (const letter of text)
        screen.key({ name: letter === " " ? "space" : letter, text: letter });
      expect([screen.line, screen.state.selected]).toEqual([`so ${text}|`, undefined]);
      expect(screen.state.overlay).toBeUndefined();
      expect(new Screen().press("shift-up").type(text).line).toBe(`${text}|`);
      expect(new Screen().press("shift-up", "enter").type(text).line).toBe(`${text}|`);
    }
  });

  test("a listed letter that does not apply says why, and the rest is typed", () => {
    const screen = new Screen().press("shift-up").press("a");
    expect(screen.state.notes).toEqual([
      { text: "this answers nothing", tone: "plain", isBrief: true },
    ]);
    expect(screen.state.selected).toBe(11);
    expect(screen.type("nd yes").line).toBe("nd yes|");
    expect(screen.state.notes).toEqual([]);
    expect(screen.actions).toEqual([]);
  });

  test("Shift-Up after a jump selects the message of the jump", () => {
    const screen = new Screen();
    screen.state = { ...screen.state, highlighted: 5 };
    expect(screen.press("shift-up").state.selected).toBe(5);
    expect(screen.press("shift-up").state.selected).toBe(4);
  });
});

describe("actions", () => {
  test("keeps the draft of a reply, and sends it with the replied message", () => {
    const screen = new Screen().type("yes").press("shift-up", "r");
    const draft = { text: "yes", re: 11 };
    expect(screen.actions).toEqual([{ kind: "draft", target: "lobby", draft }]);
    expect([screen.line, screen.state.selected]).toEqual(["yes|", undefined]);
    screen.model({ kind: "draft", target: "lobby", draft });
    expect(screen.press("enter").actions).toEqual([
      { kind: "enter", text: "yes", re: 11 },
      { kind: "draft", target: "lobby", draft: undefined },
    ]);
  });

  test("loads the old text for an edit, and restores the draft afterwards", () => {
    const screen = new Screen().type("half").press("shift-up");
    while (screen.state.selected !== 5) screen.press("up");
    screen.press("e");
    expect(screen.line).toBe("mine|");
    const draft = { text: "mine", edits: 5, before: { text: "half" } };
    expect(screen.actions).toEqual([{ kind: "draft", target: "lobby", draft }]);
    screen.model({ kind: "draft", target: "lobby", draft });
    expect(screen.type("!").press("enter").actions).toEqual([
      { kind: "enter", text: "mine!", edits: 5 },
      { kind: "draft", target: "lobby", draft: { text: "half" } },
    ]);
    expect(screen.line).toBe("half|");
  });

  test("copies and fetches the files of a message together", () => {
    const digest = "0".repeat(64);
    const files = ["a.png", "b.png"].map((name, i) => {
      return { file: `fabcdefghij${i}` as FileId, name, size: 1, chunks: 1, digest };
    });
    const screen = new Screen(lobby(recordEvent(12, { kind: "file", body: { files } })));
    screen.press("shift-up", "c");
    expect(screen.actions).toEqual([{ kind: "copy", text: "a.png\nb.png" }]);
    screen.press("shift-up", "g");
    expect(screen.actions).toEqual(files.map(({ file, name }) => ({ kind: "fetch", file, name })));
  });

  test("edits or removes the caption of the user's own file", () => {
    const fields = { name: "a.png", size: 1, chunks: 1, digest: "0".repeat(64) };
    const file = {
      kind: "file",
      from: "ana",
      body: { text: "look", files: [{ file: "fabcdefghijl", ...fields }] },
    };
    const screen = new Screen(lobby(recordEvent(12, file))).press("shift-up", "e");
    expect(screen.line).toBe("look|");
    const draft = { text: "look", edits: 12 };
    expect(screen.actions).toEqual([{ kind: "draft", target: "lobby", draft }]);
    screen.model({ kind: "draft", target: "lobby", draft });
    screen.press("ctrl-u");
    screen.model({ kind: "draft", target: "lobby", draft: { text: "", edits: 12 } });
    expect(screen.press("enter").actions[0]).toEqual({ kind: "enter", text: "", edits: 12 });
    const word = { kind: "draft", target: "lobby", draft: { text: "", edits: 5 } } as const;
    expect(new Screen(lobby(word)).press("enter").actions).toEqual([]);
    expect(on(6).press("e").actions).toEqual([]);
  });

  test("edits and deletes only own messages, and asks before deleting", () => {
    expect(on(4).press("e").actions).toEqual([]);
    expect(on(4).press("delete").state.overlay).toBeUndefined();
    const screen = on(5).press("delete");
    expect(screen.state.overlay).toMatchObject({
      title: "Delete for everyone?",
      detail: "ana, 00:16: mine",
    });
    expect(screen.press("enter").actions).toEqual([]);
    expect([screen.state.overlay, screen.state.selected]).toEqual([undefined, 5]);
    expect(screen.press("delete", "down", "enter").actions).toEqual([{ kind: "erase", seq: 5 }]);
    expect(screen.state.selected).toBeUndefined();
    expect(screen.state.scroll).toBeUndefined();
  });

  test("accepts an emoji by name or as a character", () => {
    const screen = on(4).press("+");
    expect(screen.state.overlay).toMatchObject({ kind: "react", seq: 4, selectedIndex: 0 });
    expect(screen.press("enter").actions).toEqual([{ kind: "react", seq: 4, sign: "👍" }]);
    expect([screen.state.selected, screen.state.scroll]).toEqual([undefined, undefined]);
    const reacts = (name: string) => on(4).press("+").type(name).press("enter").actions;
    expect(reacts("rocket")).toEqual([{ kind: "react", seq: 4, sign: "🚀" }]);
    expect(reacts("🦊")).toEqual([{ kind: "react", seq: 4, sign: "🦊" }]);
    expect(reacts("nosuchsign")).toEqual([]);
  });

  test("copies text and fetches files; Enter lists the actions", () => {
    expect(on(5).press("c").actions).toEqual([{ kind: "copy", text: "mine" }]);
    const fetch = { kind: "fetch", file: CAT, name: "cat.png" } as const;
    expect(on(6).press("g").actions).toEqual([fetch]);
    expect(on(6).press("enter").state.overlay).toMatchObject({ kind: "menu" });
    expect(on(5).press("g").actions).toEqual([]);
    expect(on(5).press("enter").state.overlay).toMatchObject({ kind: "menu" });
  });

  test("copies the code of a message that is only a block of code", () => {
    const copied = (text: string) => {
      const screen = new Screen(lobby(recordEvent(12, { body: { text } })));
      return screen.press("shift-up", "c").actions;
    };
    expect(copied("```py\ndef f():\n    return 1\n```")).toEqual([
      { kind: "copy", text: "def f():\n    return 1" },
    ]);
    const mixed = "see\n```\nx\n```";
    expect(copied(mixed)).toEqual([{ kind: "copy", text: mixed }]);
    expect(copied("`x`")).toEqual([{ kind: "copy", text: "`x`" }]);
  });

  test("resends an unsent post, or discards it after a question", () => {
    const screen = new Screen(lobby(posted)).press("shift-up");
    expect(screen.state.selected).toBe("k");
    expect(screen.press("r", "e", "+").actions).toEqual([]);
    expect(screen.press("c").actions).toEqual([{ kind: "copy", text: "late" }]);
    const { overlay } = screen.press("enter").state;
    const commands = overlay?.kind === "menu" ? overlay.entries.map(({ action }) => action) : [];
    expect(commands).toEqual(
      ["copy", "resend", "erase"].map((command) => ({ kind: "command", command }) as never),
    );
    expect(screen.press("down", "enter").actions).toEqual([{ kind: "resend", key: "k" }]);
    const gone = new Screen(lobby(posted)).press("shift-up", "delete");
    expect(gone.state.overlay).toMatchObject({ detail: "late" });
    expect(gone.press("down", "enter").actions).toEqual([{ kind: "discard", key: "k" }]);
  });

  test("goes to the replied message, even if it is not loaded", () => {
    const answer = (re: number) => recordEvent(12, { body: { text: "so", re } });
    expect(on(12, answer(4)).press("a").state.selected).toBe(4);
    expect(on(12, answer(1)).press("a").actions).toEqual([
      { kind: "jump", target: "lobby", seq: 1 },
    ]);
    expect(on(4).press("a").state.selected).toBe(4);
  });
});

describe("pinning and saving", () => {
  const room = "lobby" as RoomId;
  const mayPin: ModelEvent = {
    kind: "room",
    room,
    name: "lobby",
    n: 12,
    skipped: 0,
    read: 1,
    moderates: true,
  };
  const prefs: ModelEvent = { kind: "prefs", rooms: [], saved: [{ room, seq: 5 }] };

  test("toggle if permitted and supported by the server", () => {
    const pinned = (screen: Screen) => {
      const { overlay } = screen.press("enter").state;
      const entries = overlay?.kind === "menu" ? overlay.entries : [];
      const at = entries.findIndex(({ action }) => "command" in action && action.command === "pin");
      for (let i = 0; i < at; i++) screen.press("down");
      return at < 0 ? undefined : screen.press("enter").actions;
    };
    expect(pinned(on(4))).toBeUndefined();
    expect(on(4).press("b").actions).toEqual([]);
    const screen = on(4, mayPin, prefs);
    expect(pinned(screen)).toEqual([{ kind: "pin", seq: 4, on: true }]);
    expect(screen.state.selected).toBeUndefined();
    expect(on(4, prefs).press("b").actions).toEqual([{ kind: "save", room, seq: 4, on: true }]);
    const pin = recordEvent(12, { kind: "pin", body: { seq: 4, on: true } });
    expect(pinned(on(4, mayPin, pin))).toEqual([{ kind: "pin", seq: 4, on: false }]);
    expect(on(5, prefs).press("b").actions).toEqual([{ kind: "save", room, seq: 5, on: false }]);
  });
});

test("lists the actions with their keys in the menu, and runs them", () => {
  const entries = (screen: Screen) => {
    const { overlay } = screen.state;
    return overlay?.kind === "menu"
      ? overlay.entries.map(({ action }) => "command" in action && action.command)
      : [];
  };
  expect(entries(on(5).press("enter"))).toEqual([
    "reply",
    "edit",
    "thread",
    "copy",
    "react",
    "erase",
  ]);
  expect(entries(on(4).press("enter"))).toEqual(["reply", "thread", "copy", "react"]);
  expect(entries(on(6).press("enter"))).toEqual(["reply", "thread", "copy", "react", "fetch"]);
  const screen = on(5).press("enter", "down", "enter");
  expect([screen.line, screen.state.overlay]).toEqual(["mine|", undefined]);
  expect(on(4).press("enter", "up", "up", "enter").actions).toEqual([{ kind: "copy", text: "4" }]);
  expect(on(4).press("enter", "r").actions).toMatchObject([{ kind: "draft" }]);
  expect(on(4).press("enter", "e").state.overlay).toMatchObject({ kind: "menu" });
  const closed = on(4).press("enter", "esc");
  expect([closed.state.overlay, closed.state.selected]).toEqual([undefined, 4]);
});

describe("a long text", () => {
  const long = () => {
    const screen = on(7);
    const heightOf = (key: string) =>
      key === "i7" ? (screen.state.unfolded.has("i7") ? 80 : 20) : 1;
    const foldsOf = (key: string) => (key === "i7" ? 60 : 0);
    screen.context = { ...screen.context, layout: { ...screen.context.layout, heightOf, foldsOf } };
    return screen;
  };

  test("unfolds and folds in place", () => {
    const screen = long();
    screen.state = { ...screen.state, scroll: { key: "i9", below: 0 } };
    // The first line is above the page of five lines, and the visible lines stay in place.
    expect(screen.press("f").state.scroll).toEqual({ key: "i7", below: 58 });
    expect([...screen.state.unfolded]).toEqual(["i7"]);
    expect(screen.state.selected).toBe(7);
    // After folding, the first line is at the top.
    expect(screen.press("f").state.scroll).toEqual({ key: "i7", below: 15 });
    expect(screen.state.unfolded.size).toBe(0);
  });

  test("scrolls by pages before the next message is selected", () => {
    const screen = long().press("f", "pagedown");
    expect(screen.state).toMatchObject({ selected: 7, scroll: { key: "i7", below: 52 } });
    expect(screen.press("esc").state.scroll).toEqual({ key: "i7", below: 52 });
    const down = long().press("f");
    for (let i = 0; i < 14; i++) down.press("pagedown");
    expect(down.state).toMatchObject({ selected: 7, scroll: { key: "i7", below: 0 } });
    expect(down.press("pagedown").state.selected).toBe(8);
    expect(long().press("f", "pagedown", "pageup").state.scroll).toEqual({ key: "i7", below: 56 });
  });
});
