import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EMPTY_EDITOR } from "../../../../src/cli/screen/editor/editor.ts";
import { activeEditor } from "../../../../src/cli/screen/input/fields.ts";
import { sampleSize } from "../../../samples.ts";
import { lobby, Screen } from "./scene.ts";

describe("the input line", () => {
  test("Enter sends the line and clears it", () => {
    const screen = new Screen().type("hello ").type("world\r");
    expect(screen.actions).toEqual([{ kind: "enter", text: "hello world" }]);
    expect(screen.line).toBe("|");
    expect(new Screen().type("  \r").actions).toEqual([]);
  });

  test("readline's keys edit the line, the query of a list, and an answer", () => {
    const screen = new Screen().type("one two").press("ctrl-w", "ctrl-y", "ctrl-a", "alt-f");
    expect(screen.line).toBe("one| two");
    screen.press("ctrl-k");
    expect(screen.line).toBe("one|");
    expect(screen.press("ctrl-_").line).toBe("one| two");
    screen.press("ctrl-r").type("abc def").press("alt-backspace");
    expect(screen.state.overlay).toMatchObject({ kind: "typed", query: { text: "abc " } });
    const screenWithQuestion = new Screen();
    screenWithQuestion.state = {
      ...screenWithQuestion.state,
      question: { kind: "secret", text: "?", answer: EMPTY_EDITOR },
    };
    screenWithQuestion.type("secrex").press("backspace").paste("t\n").press("enter");
    expect(screenWithQuestion.actions).toEqual([{ kind: "answered", answer: "secret" }]);
    expect(screenWithQuestion.state.question).toBeUndefined();
    expect(screenWithQuestion.line).toBe("|");
  });

  test("Ctrl-C clears the line, which undo restores, and quits on an empty line", () => {
    const screen = new Screen().type("text").press("ctrl-c");
    expect([screen.line, screen.actions]).toEqual(["|", []]);
    expect(screen.press("ctrl-_").line).toBe("text|");
    expect(screen.press("ctrl-c").line).toBe("|");
    expect(screen.press("ctrl-c").actions).toEqual([]);
    expect(screen.press("ctrl-c").actions).toEqual([{ kind: "leave", exitCode: 130 }]);
  });

  test("Ctrl-C on an empty line asks again after three seconds, or another key", () => {
    const screen = new Screen().press("ctrl-c");
    expect([screen.actions, screen.state.leavesUntilUnixMs]).toEqual([[], 3_000]);
    screen.context = { ...screen.context, times: { ...screen.context.times, nowUnixMs: 3_000 } };
    expect(screen.press("ctrl-c").actions).toEqual([]);
    expect(screen.press("left", "ctrl-c").actions).toEqual([]);
    expect(screen.press("ctrl-c").actions).toEqual([{ kind: "leave", exitCode: 130 }]);
  });

  test("Esc and a character in one packet are Esc and that character", () => {
    for (const character of ["/", "#", "@", "?", ":", " ", "q"]) {
      const screen = new Screen().press("shift-up").type(`\x1b${character}`);
      expect([screen.line, screen.state.selected]).toEqual([`${character}|`, undefined]);
      expect(screen.actions.filter(({ kind }) => kind === "open")).toEqual([]);
    }
    expect(new Screen().type("a").type("\x1b\r").line).toBe("a\n|");
  });

  test("Ctrl-D deletes a character, or quits on an empty line", () => {
    const screen = new Screen().type("ab").press("ctrl-a", "ctrl-d");
    expect([screen.line, screen.actions]).toEqual(["|b", []]);
    expect(screen.press("ctrl-e", "ctrl-d").actions).toEqual([]);
    expect(screen.press("ctrl-u", "ctrl-d").actions).toEqual([{ kind: "leave", exitCode: 0 }]);
  });

  test("Ctrl-L redraws and Ctrl-Z suspends in any mode", () => {
    for (const open of ["", "ctrl-r", "f1", "shift-up"]) {
      expect(new Screen().press(open, "ctrl-l").actions).toEqual([{ kind: "redraw" }]);
      expect(new Screen().press(open, "ctrl-z").actions).toEqual([{ kind: "suspend" }]);
    }
  });
});

describe("pastes", () => {
  test.each(["/quit\nnow", "//quit\nnow", "/\n"])("sends %j unchanged", (text) => {
    const screen = new Screen().paste(text).press("enter");
    expect(screen.actions).toEqual([{ kind: "enter", text: `/${text}` }]);
  });

  test("types letters that meet a question, which then changes nothing", () => {
    const question = { kind: "yes-no", text: "?", answer: EMPTY_EDITOR } as const;
    for (const type of [
      (screen: Screen) => screen.key({ name: "text", text: "yes, and now" }),
      (screen: Screen) => screen.paste("yes, and now"),
    ]) {
      const screen = new Screen();
      screen.state = { ...screen.state, question };
      type(screen);
      expect(screen.actions).toEqual([{ kind: "answered", answer: undefined }]);
      expect([screen.line, screen.state.question]).toEqual(["yes, and now|", undefined]);
    }
  });

  test("reports an oversized paste", () => {
    const screen = new Screen().press("paste-oversize");
    expect(screen.state.notes).toEqual([
      { text: "pasted text exceeds 256 KiB; send it as a file", tone: "fault" },
    ]);
    expect(screen.press("esc").state.notes).toEqual([]);
  });
});

describe("the input history", () => {
  const inputHistory = ["old", "two\nlines", "new"];

  test("Up and Down browse it, and return to the draft", () => {
    const screen = new Screen(lobby(), { inputHistory }).type("begun").press("up");
    expect(screen.line).toBe("new|");
    expect(screen.press("up").line).toBe("two\nlines|");
    expect(screen.press("up").line).toBe("two|\nlines");
    expect(screen.press("up").line).toBe("old|");
    expect(screen.press("up").line).toBe("old|");
    expect(screen.press("down", "down", "down").line).toBe("begun|");
    expect(screen.press("down").line).toBe("begun|");
  });

  test("Ctrl-R finds an entry, and Enter inserts it", () => {
    const screen = new Screen(lobby(), { inputHistory }).type("x").press("ctrl-r").type("LINES");
    expect(screen.state.overlay).toMatchObject({ found: ["two\nlines"], selectedIndex: 0 });
    expect(screen.press("enter").line).toBe("two\nlines|");
    expect([screen.state.overlay, screen.actions]).toEqual([undefined, []]);
    screen.press("ctrl-r", "ctrl-r");
    expect(screen.state.overlay).toMatchObject({ selectedIndex: 1 });
    expect(screen.press("esc").line).toBe("two\nlines|");
  });
});

describe("rooms", () => {
  const rooms = ["beta", "alpha"].map(
    (name, i) => ({ kind: "room", room: `r${i}`, name, n: 1, skipped: 0, read: 1 }) as never,
  );

  test("open by number and by neighbour, and keep their drafts", () => {
    const screen = new Screen(lobby(...rooms)).type("half").press("alt-1");
    expect(screen.actions).toEqual([
      { kind: "draft", target: "lobby", draft: { text: "half" } },
      { kind: "open", target: "alpha" },
    ]);
    const opens = (key: string) => new Screen(lobby(...rooms)).press(key).actions;
    expect(opens("alt-up")).toEqual([{ kind: "open", target: "beta" }]);
    expect(opens("alt-down")).toEqual([{ kind: "open", target: "@ben" }]);
    expect([opens("alt-9"), opens("alt-3")]).toEqual([[], []]);
  });
});

const KEYS = [
  ...["a", "r", "e", "d", "+", "c", "g", "x", "y", "n", "q", "k", "j", "enter", "esc", "tab", "up"],
  ...["down", "left", "right", "home", "end", "pageup", "pagedown", "backspace", "delete", "f1"],
  ...["f2", "f3", "f4", "shift-up", "shift-tab", "alt-1", "alt-2", "alt-up", "alt-a", "alt-s"],
  ...["ctrl-k", "ctrl-r", "ctrl-f", "ctrl-c", "ctrl-d", "ctrl-w", "ctrl-_", "scroll-up", "space"],
  ...["scroll-down", "focus-in", "report", "click", "ctrl-end", "ctrl-home", "@", "/", "#", ":"],
];

test("keeps the state consistent for any sequence of keys", () => {
  const model = lobby();
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...KEYS), { maxLength: 40 }), (names) => {
      const screen = new Screen(model, { inputHistory: ["one", "two"] });
      for (const name of names) {
        screen.press(name);
        const { state } = screen;
        const { overlay, completion } = state;
        if (overlay !== undefined && "found" in overlay) {
          expect(overlay.selectedIndex === 0 || overlay.selectedIndex < overlay.found.length).toBe(
            true,
          );
        }
        if (overlay !== undefined && "top" in overlay) {
          expect(overlay.top).toBeLessThan(1);
        }
        if (completion !== undefined) {
          expect(completion.selectedIndex).toBeLessThan(completion.candidates.length);
          const { text } = activeEditor(state) ?? state.editor;
          expect(completion.to).toBeLessThanOrEqual(text.length);
        }
        expect(state.editor.cursor).toBeLessThanOrEqual(state.editor.text.length);
      }
      for (let i = 0; i < 8; i++) screen.press("esc");
      const { overlay, question, selected, completion, scroll } = screen.state;
      expect({ overlay, question, selected, completion, scroll }).toEqual({
        overlay: undefined,
        question: undefined,
        selected: undefined,
        completion: undefined,
        scroll: undefined,
      });
    }),
    { numRuns: sampleSize(300, 1_500), examples: [[["/", "tab", "ctrl-r"]]] },
  );
});
