import { expect } from "bun:test";
import type { FinderOverlay } from "../../src/cli/screen/state/finder.ts";
import type { Overlay, ScreenState } from "../../src/cli/screen/state/screen-state.ts";
import { foundItems } from "../../src/core/model/page.ts";
import { lobby, Screen } from "../cli/screen/input/scene.ts";
import { followed } from "../cli/screen/input/scene-follow.ts";
import { record, recordEvent } from "../core/model-scene.ts";
import { exempt, testRule } from "./rule.ts";

const CALL = { text: "@ana help", mentions: ["ana"] };
/** What people write next; none of it is meant as a key. */
const TEXTS = ["and yes", "/rooms", "okay", "delete it", "yes", "G", "sorry", "mute", "x", "#1"];

/** Actions that others see, or that lose something. */
const HARMFUL = new Set(["enter", "erase", "discard", "pin", "react", "waiting", "resend"]);

/** Brings the user to a message, and types each text. Without Enter, nothing may happen. */
function leavesLettersAlone(reach: (screen: Screen) => void, listed = ""): () => void {
  return () => {
    for (const text of TEXTS) {
      const screen = reached(reach);
      // Letters that the prompt lists are its keys, and do no harm.
      const typed = [...text].slice(listed.includes(text.slice(0, 1)) ? 1 : 0).join("");
      for (const letter of text) {
        screen.key({ name: letter === " " ? "space" : letter, text: letter });
        const harm = screen.actions.filter(({ kind }) => HARMFUL.has(kind) || kind === "leave");
        expect({ text, harm }).toEqual({ text, harm: [] });
      }
      expect(screen.state.question).toBeUndefined();
      if (typed === text) expect(screen.line).toBe(`${text}|`);
      const inOneRead = reached(reach).key({ name: "text", text });
      expect(inOneRead.actions.filter(({ kind }) => HARMFUL.has(kind))).toEqual([]);
      const pasted = reached(reach).paste(text);
      expect([pasted.line, pasted.state.selected]).toEqual([`${text}|`, undefined]);
    }
  };
}

function reached(reach: (screen: Screen) => void): Screen {
  const moderates = { room: "lobby", name: "lobby", n: 13, skipped: 0, read: 1, moderates: true };
  const calls = [12, 13].map((seq) => recordEvent(seq, { body: CALL }));
  const screen = new Screen(lobby({ kind: "room", ...moderates } as never, ...calls));
  reach(screen);
  return screen;
}

/** Opens an overlay, chooses its row, and follows where it leads. */
function chosen(overlay: Overlay): (screen: Screen) => void {
  return (screen) => {
    screen.state = { ...screen.state, overlay } satisfies ScreenState;
    followed(screen, "enter");
  };
}

const FOUND = foundItems([record(3), record(8)], "ana");
const LISTED = { kind: "messages", title: "/pins", found: FOUND, selectedIndex: 0 } as const;
const INBOX: Overlay = {
  kind: "inbox",
  list: {
    inbox: {
      calls: [
        {
          reason: "mention",
          room: { id: "lobby", kind: "room", name: "lobby", topic: "" },
          seq: 5,
          timeUnixMs: 0,
          from: "ben",
          text: "@ana?",
        } as never,
      ],
      people: [],
      threads: [],
      rooms: [],
      callCount: 1,
      unread: 1,
    },
    muted: [],
    recent: [],
    unread: new Map(),
  } as never,
  selectedIndex: 0,
  unfolded: {},
};

testRule("letters are text unless the prompt lists them", "reach a message", {
  "search result": leavesLettersAlone((screen) => {
    screen.press("f4").type("text");
    const { overlay } = screen.state;
    expect((overlay as FinderOverlay).query.text).toBe("in:here text");
    chosen(LISTED)(screen);
  }, "nprt"),
  "list of messages": leavesLettersAlone(chosen(LISTED), "nprt"),
  "/jump": leavesLettersAlone((screen) => {
    followed(screen, { kind: "jump", room: "lobby" as never, seq: 4 });
  }),
  "/jump to a message that is not loaded": leavesLettersAlone((screen) => {
    followed(screen, { kind: "jump", room: "lobby" as never, seq: 1 });
  }),
  inbox: leavesLettersAlone(chosen(INBOX)),
  "Alt-N": leavesLettersAlone((screen) => followed(screen, "alt-n"), "nprt"),
  "card of new messages": leavesLettersAlone((screen) => {
    const part = { kind: "calls" as const, messages: [{ target: "lobby", seq: 5 }] };
    const entries = [{ action: { kind: "walk" as const, part }, chord: "", label: "" }];
    chosen({ kind: "menu", selectedIndex: 0, entries })(screen);
  }, "nprt"),
  "answered message": leavesLettersAlone((screen) => {
    followed(screen, recordEvent(14, { body: { text: "so", re: 4 } }));
    followed(screen, "shift-up", "a");
    followed(screen, "esc");
  }),
  thread: leavesLettersAlone((screen) => {
    followed(screen, "shift-up", "t");
    followed(screen, { kind: "thread", room: "lobby" as never, seq: 13 });
  }),
  "F-keys": leavesLettersAlone((screen) => {
    for (const key of ["f2", "f3", "f8"]) followed(screen, key);
  }),
  "room keys": leavesLettersAlone((screen) => {
    for (const key of ["alt-a", "alt-down", "alt-up", "alt-1"]) screen.press(key);
  }),
  "Shift-Up": leavesLettersAlone((screen) => followed(screen, "shift-up"), "retc+gfab"),
  "Alt-S": leavesLettersAlone((screen) => followed(screen, "alt-s"), "retc+gfab"),
  "menu of a message": leavesLettersAlone(
    (screen) => followed(screen, "shift-up", "enter"),
    "retc+gfab",
  ),
  "question of a command": leavesLettersAlone((screen) => {
    const question = { kind: "yes-no", text: "?", answer: screen.state.editor } as const;
    screen.state = { ...screen.state, question };
  }),
  page: exempt("the page acts on buttons and menus; single keys are a setting that is off"),
});
