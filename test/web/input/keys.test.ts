import { describe, expect, test } from "bun:test";
import {
  composerAction,
  KeyGuard,
  type KeyPress,
  keyAction,
  rove,
} from "../../../src/web/input/keys.ts";

const NONE = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };

function press(key: string, held: Partial<KeyPress> = {}): KeyPress {
  return { key, ...NONE, ...held };
}

describe("keys of the page", () => {
  test.each([
    [press("ArrowUp", { altKey: true }), "previous-room"],
    [press("ArrowDown", { altKey: true }), "next-room"],
    [press("ArrowDown", { altKey: true, shiftKey: true }), "next-unread"],
    [press("k", { ctrlKey: true }), "switcher"],
    [press("k", { metaKey: true }), "switcher"],
    [press("F", { ctrlKey: true, shiftKey: true }), "search"],
    [press("/"), "composer"],
    [press("?", { shiftKey: true }), "help"],
    [press("a"), undefined],
    [press("f", { ctrlKey: true }), undefined],
  ] as const)("%p", (key, action) => {
    expect(keyAction(key, false)).toBe(action);
  });

  test("leaves letters to text fields, and handles other shortcuts there", () => {
    expect(keyAction(press("/"), true)).toBeUndefined();
    expect(keyAction(press("?"), true)).toBeUndefined();
    expect(keyAction(press("k", { ctrlKey: true }), true)).toBe("switcher");
    expect(keyAction(press("ArrowUp", { altKey: true }), true)).toBe("previous-room");
  });
});

describe("keys of the composer", () => {
  const action = (key: string, held: Partial<KeyPress> = {}, repeat = false, isEmpty = true) =>
    composerAction({ ...press(key, held), repeat }, isEmpty, "", true);

  test("sends on Enter, but not with Shift, and once while it is held", () => {
    expect(action("Enter")).toBe("send");
    expect(action("Enter", { ctrlKey: true })).toBe("send");
    expect(action("Enter", { shiftKey: true })).toBeUndefined();
    expect(action("Enter", {}, true)).toBe("nothing");
    expect(action("Enter", { ctrlKey: true }, true)).toBe("nothing");
    expect(action("Enter", { shiftKey: true }, true)).toBeUndefined();
  });

  test.each([
    ["```js", undefined],
    ["```", undefined],
    ["```js\nlet a;\n```", "send"],
    ["```one line```", "send"],
    ["", "send"],
  ] as const)("Enter behind %j: %p", (before, does) => {
    const enter = { ...press("Enter"), repeat: false };
    expect(composerAction(enter, false, before, true)).toBe(does);
    expect(composerAction({ ...enter, ctrlKey: true }, false, before, true)).toBe("send");
    expect(composerAction(enter, false, before, false)).toBeUndefined();
    expect(composerAction({ ...enter, ctrlKey: true }, false, before, false)).toBe("send");
  });
});

test("keeps the focus inside a list", () => {
  expect(rove("ArrowDown", 2, 3)).toBe(2);
  expect(rove("ArrowDown", 0, 3)).toBe(1);
  expect(rove("ArrowUp", 0, 3)).toBe(0);
  expect(rove("ArrowUp", -1, 3)).toBe(2);
  expect(rove("Home", 2, 3)).toBe(0);
  expect(rove("End", 0, 3)).toBe(2);
  expect(rove("x", 0, 3)).toBeUndefined();
  expect(rove("End", 0, 0)).toBeUndefined();
});

describe("the guard of all key presses", () => {
  const NATIVE = { key: "Enter", repeat: false, isComposing: false, keyCode: 13 };

  test("hides keys of an input method, also the Enter that ends a conversion in Safari", () => {
    const guard = new KeyGuard();
    const judge = (held: object) => guard.judge({ ...NATIVE, target: 1, ...held });
    expect(judge({})).toBe("pass");
    expect(judge({ isComposing: true, keyCode: 229 })).toBe("hide");
    expect(judge({ keyCode: 229 })).toBe("hide");
    expect(judge({ key: "Escape", isComposing: true })).toBe("hide");
  });

  test.each(["Enter", " ", "Backspace", "Delete"])(
    "drops a held %j after a focus change",
    (key) => {
      const guard = new KeyGuard();
      const judge = (target: number, repeat: boolean) =>
        guard.judge({ ...NATIVE, key, target, repeat });
      expect([judge(1, false), judge(1, true), judge(2, true), judge(2, true)]).toEqual([
        ...(["pass", "pass", "drop", "drop"] as const),
      ]);
      expect([judge(2, false), judge(2, true)]).toEqual(["pass", "pass"]);
    },
  );

  test("lets a held arrow key move the focus", () => {
    const guard = new KeyGuard();
    const press = { ...NATIVE, key: "ArrowDown" };
    guard.judge({ ...press, target: 1 });
    expect(guard.judge({ ...press, target: 2, repeat: true })).toBe("pass");
  });
});
