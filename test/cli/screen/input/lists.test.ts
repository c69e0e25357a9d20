import { describe, expect, test } from "bun:test";
import { EMPTY_EDITOR } from "../../../../src/cli/screen/editor/editor.ts";
import type { Overlay } from "../../../../src/cli/screen/state/screen-state.ts";
import { foundItems } from "../../../../src/core/model/page.ts";
import { record } from "../../../core/model-scene.ts";
import { lobby, Screen } from "./scene.ts";

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
      { kind: "turn-page" },
      { kind: "jump", target: "lobby", seq: 3 },
    ]);
    expect([screen.state.overlay, screen.state.highlighted]).toEqual([undefined, 3]);
    expect(screen.state.selected).toBeUndefined();
  });
});

describe("questions", () => {
  const withQuestion = (kind: "yes-no" | "text" | "secret") => {
    const screen = new Screen().type("half");
    const question = { kind, text: "?", answer: EMPTY_EDITOR, askedUnixMs: 0 };
    screen.state = { ...screen.state, question };
    screen.context = { ...screen.context, times: { ...screen.context.times, nowUnixMs: 300 } };
    return screen;
  };

  test("are menus whose first entry changes nothing, and letters are text", () => {
    const answered = (...keys: readonly string[]) => withQuestion("yes-no").press(...keys).actions;
    expect(answered("enter")).toEqual([{ kind: "answered", answer: "no" }]);
    expect(answered("down", "enter")).toEqual([{ kind: "answered", answer: "yes" }]);
    expect(answered("up", "tab", "enter")).toEqual([{ kind: "answered", answer: "no" }]);
    expect(answered("esc")).toEqual([{ kind: "answered", answer: undefined }]);
    for (const letter of ["y", "n", "t", "/", "space"]) {
      const screen = withQuestion("yes-no");
      screen.key({ name: letter, text: letter === "space" ? " " : letter });
      expect(screen.actions).toEqual([{ kind: "answered", answer: undefined }]);
      expect(screen.line).toBe(`half${letter === "space" ? " " : letter}|`);
    }
    const early = withQuestion("yes-no");
    early.context = { ...early.context, times: { ...early.context.times, nowUnixMs: 299 } };
    expect([early.press("enter").actions, early.state.question?.kind]).toEqual([[], "yes-no"]);
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
