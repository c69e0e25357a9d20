import { describe, expect, test } from "bun:test";
import { EMPTY_EDITOR, editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import type { Overlay } from "../../../../src/cli/screen/state/screen-state.ts";
import type { ChatRecord } from "../../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { foundItems } from "../../../../src/core/model/page.ts";
import { record } from "../../../core/model-scene.ts";
import { lobby, Screen } from "./scene.ts";

const query = { input: "word", text: "word", words: ["word"] };
const first = { query: editorOf("word"), selectedIndex: 0 };
const found = (records: readonly ChatRecord[], hasMore: boolean): ModelEvent =>
  ({ kind: "found", query, records, hasMore }) as ModelEvent;

describe("search", () => {
  test("Enter searches; a second Enter opens the result", () => {
    const screen = new Screen().press("ctrl-f").type("word").press("enter");
    expect(screen.actions).toEqual([{ kind: "search", query }]);
    screen.model({ kind: "search", query }, found([record(3), record(8)], false));
    expect(screen.press("down", "enter").actions).toEqual([
      { kind: "jump", target: "lobby", seq: 3 },
    ]);
    expect([screen.state.overlay, screen.state.selected]).toEqual([undefined, 3]);
    screen.press("esc");
    expect(screen.press("f4").state.overlay).toMatchObject({ query: { text: "word" } });
    expect(screen.press("esc").actions).toEqual([{ kind: "search", query: undefined }]);
  });

  test("continues at the last result", () => {
    const records = [record(3), record(8)];
    const screen = new Screen();
    screen.model({ kind: "search", query }, found(records, true));
    screen.state = { ...screen.state, overlay: { kind: "search", ...first } };
    expect(screen.press("enter").state.selected).toBe(8);
    expect(screen.press("n").actions).toEqual([
      { kind: "jump", target: "lobby", seq: 3 },
      { kind: "search-more" },
    ]);
    expect(screen.press("ctrl-f").state.overlay).toMatchObject({ selectedIndex: 1 });
    expect(screen.press("enter", "N").state.selected).toBe(8);
    expect(screen.press("alt-N").state.notes).toMatchObject([{ text: "no more search results" }]);
    screen.press("esc").type("so").press("alt-n");
    expect([screen.state.selected, screen.line]).toEqual([3, "so|"]);
    expect(screen.press("esc", "esc", "esc").actions).toContainEqual({
      kind: "search",
      query: undefined,
    });
  });

  test("types nothing before a result is loaded", () => {
    const screen = new Screen();
    const room = { ...record(8).room, kind: "person", name: "ben" } as const;
    screen.model(
      { kind: "search", query },
      found([record(1), record(700, { room }), record(800)], false),
    );
    screen.state = { ...screen.state, overlay: { kind: "search", ...first } };
    screen.press("enter").key({ name: "text", text: "nn" });
    expect([screen.state.searchIndex, screen.line]).toEqual([2, "|"]);
  });

  test("asks for more results before the last one is open", () => {
    const screen = new Screen();
    screen.model({ kind: "search", query }, found([record(8)], true));
    expect(screen.press("alt-n").actions).toEqual([{ kind: "search-more" }]);
    screen.model({ kind: "search-more" });
    expect(screen.press("alt-n").actions).toEqual([]);
    const { actions, state } = new Screen().press("alt-n");
    expect([actions, state.notes.at(-1)?.text]).toEqual([[], "nothing for you"]);
  });

  test("opens no result in a room that the user has left", () => {
    const screen = new Screen();
    const room = { ...record(8).room, name: "attic" };
    screen.model({ kind: "search", query }, found([record(8, { room })], false));
    screen.state = { ...screen.state, overlay: { kind: "search", ...first } };
    expect(() => screen.press("enter")).toThrow("you are not in attic");
    screen.model(
      { kind: "search", query },
      found([record(3), record(7, { room }), record(8)], false),
    );
    expect(screen.press("enter", "n").actions).toMatchObject([{ seq: 3 }]);
  });

  test("a filter that is invalid keeps the query", () => {
    const screen = new Screen().press("ctrl-f").type("before:soon");
    expect(() => screen.press("enter")).toThrow("is not a time");
    expect(screen.state.overlay).toMatchObject({ query: { text: "before:soon" } });
  });

  test("Tab completes filters, or moves to the next result", () => {
    const screen = new Screen().press("ctrl-f").type("fr").press("tab");
    const typed = () => (screen.state.overlay as { query: { text: string } }).query.text;
    expect(typed()).toBe("from:");
    expect(screen.press("tab") && typed()).toBe("from:ben ");
    expect(screen.type("in:").press("tab") && typed()).toBe("from:ben in:here ");
    expect(screen.press("tab") && typed()).toBe("from:ben in:lobby ");
    expect(screen.type("x").state.completion).toBeUndefined();
    expect(screen.press("esc").state.overlay).toBeUndefined();
    screen.model({ kind: "search", query }, found([record(3), record(8)], false));
    screen.press("ctrl-f").press("tab");
    expect(screen.state.overlay).toMatchObject({ query: { text: "word" }, selectedIndex: 1 });
  });
});

describe("help", () => {
  const rowsOf = ({ state }: Screen) => (state.overlay as Extract<Overlay, { kind: "help" }>).rows;

  test("typing filters the rows, with their headings", () => {
    const screen = new Screen().press("f1");
    const all = rowsOf(screen).length;
    expect(screen.press("down").state.overlay).toMatchObject({ top: 1 });
    screen.type("REACT");
    expect(screen.state.overlay).toMatchObject({ top: 0 });
    expect(rowsOf(screen)).toEqual([
      { text: "How do I reply to a message, or react to it?", hint: "" },
      { text: "", hint: expect.stringMatching(/^Select it with Alt-S/) },
      { text: "Selected message", hint: "" },
      { text: "+", hint: "react with an emoji" },
      { text: "Commands", hint: "" },
      { text: "/react EMOJI [SEQ]", hint: "react to a message" },
    ]);
    expect(rowsOf(screen.press("ctrl-u")).length).toBe(all);
    expect(screen.press("enter").state.overlay).toBeUndefined();
    expect(screen.line).toBe("|");
  });

  test.each(["/join attic", "hello there"])("Enter moves %j to the input", (text) => {
    const screen = new Screen().type("so ").press("f1").type(text).press("enter");
    expect([screen.line, screen.state.overlay]).toEqual([`so ${text}|`, undefined]);
  });
});

describe("lists", () => {
  const inputHistory = ["one", "two", "three"];

  test("wrap around by lines, and stop at the ends by pages", () => {
    const screen = new Screen(lobby(), { inputHistory }).press("ctrl-r");
    const at = () => (screen.state.overlay as { selectedIndex: number }).selectedIndex;
    expect(screen.press("up") && at()).toBe(2);
    expect(screen.press("down") && at()).toBe(0);
    expect(screen.press("pagedown") && at()).toBe(2);
    expect(screen.press("pageup") && at()).toBe(0);
    expect(screen.press("tab", "shift-tab", "ctrl-n", "ctrl-p", "scroll-down") && at()).toBe(1);
    expect(screen.type("zzz").press("down", "enter").state.overlay).toMatchObject({ found: [] });
    expect(screen.press("ctrl-u").state.overlay).toMatchObject({ found: ["three", "two", "one"] });
  });
});

describe("long texts", () => {
  const lines = Array.from({ length: 30 }, (_, i) => `${i}`);

  test("scroll by lines and pages", () => {
    const screen = new Screen();
    screen.state = { ...screen.state, overlay: { kind: "text", title: "t", lines, top: 0 } };
    const top = () => (screen.state.overlay as { top: number }).top;
    expect(screen.press("down", "enter", "up") && top()).toBe(1);
    expect(screen.press("pagedown", "space") && top()).toBe(9);
    expect(screen.press("pageup", "pageup", "up") && top()).toBe(0);
    expect(screen.press("end") && top()).toBe(29);
    screen.context = { ...screen.context, layout: { ...screen.context.layout, topMax: 25 } };
    expect(screen.press("down") && top()).toBe(25);
    expect(screen.press("home", "scroll-down") && top()).toBe(3);
    expect(screen.press("alt-q").state.overlay).toBeUndefined();
  });

  const panels: readonly Overlay[] = [
    { kind: "text", title: "t", lines, top: 0 },
    { kind: "messages", title: "/pins", found: [], selectedIndex: 0 },
  ];

  test.each(panels.map((overlay) => [overlay.kind, overlay] as const))(
    "a panel never swallows typed text: %s",
    (_, overlay) => {
      for (const text of ["hello", "bob", "/get 1", "can you copy it?", "quit", "@x"]) {
        const opened = () => {
          const screen = new Screen().type("so ");
          screen.state = { ...screen.state, overlay, selected: 2 };
          return screen;
        };
        const byKey = opened();
        for (const letter of text)
          byKey.key({ name: letter === " " ? "space" : letter, text: letter });
        const inOneRead = opened();
        inOneRead.key({ name: "text", text });
        const pasted = opened();
        pasted.key({ name: "paste", text });
        for (const screen of [byKey, inOneRead, pasted]) {
          expect(screen.line).toBe(`so ${text}|`);
          expect([screen.state.overlay, screen.state.selected]).toEqual([undefined, undefined]);
        }
      }
    },
  );

  test("a list of messages opens the selected one", () => {
    const screen = new Screen();
    const found = foundItems([record(3), record(8)], "ana");
    const overlay = { kind: "messages", title: "/saved", found, selectedIndex: 0 } as const;
    screen.state = { ...screen.state, overlay };
    expect(screen.press("down", "enter").actions).toEqual([
      { kind: "jump", target: "lobby", seq: 3 },
    ]);
    expect([screen.state.overlay, screen.state.selected]).toEqual([undefined, 3]);
  });
});

describe("questions", () => {
  const withQuestion = (kind: "yes-no" | "text" | "secret") => {
    const screen = new Screen().type("half");
    screen.state = { ...screen.state, question: { kind, text: "?", answer: EMPTY_EDITOR } };
    return screen;
  };

  test("are answered with yes or no only", () => {
    expect(withQuestion("yes-no").press("y").actions).toEqual([
      { kind: "answered", answer: "yes" },
    ]);
    expect(withQuestion("yes-no").press("n").actions).toEqual([{ kind: "answered", answer: "no" }]);
    expect(withQuestion("yes-no").press("esc").actions).toEqual([
      { kind: "answered", answer: undefined },
    ]);
    const screen = withQuestion("yes-no").press("x", "enter", "e", "up", "tab");
    expect([screen.actions, screen.state.question?.kind]).toEqual([[], "yes-no"]);
    expect(screen.line).toBe("half|");
  });

  test("are answered with text, or cancelled", () => {
    expect(withQuestion("text").type("bob").press("enter").actions).toEqual([
      { kind: "answered", answer: "bob" },
    ]);
    for (const key of ["esc", "ctrl-c", "ctrl-d"]) {
      const screen = withQuestion("secret").press(key);
      expect(screen.actions).toEqual([{ kind: "answered", answer: undefined }]);
      expect(screen.line).toBe("half|");
    }
    expect(withQuestion("secret").type("a").press("up", "down", "tab", "ctrl-r").line).toBe(
      "half|",
    );
  });
});
