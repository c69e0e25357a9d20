import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../../src/base/fault.ts";
import { helpRows } from "../../../../src/cli/screen/input/help.ts";
import { chordOf, Keymap } from "../../../../src/cli/screen/input/keymap.ts";
import { COMMAND_NAMES } from "../../../../src/cli/screen/state/commands.ts";
import { INPUT_EN } from "../../../../src/cli/screen/text/input-en.ts";
import { INPUT_ID } from "../../../../src/cli/screen/text/input-id.ts";
import { lobby, Screen } from "./scene.ts";

function faultOf(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  return expect.unreachable();
}

describe("chords as people write them", () => {
  test.each([
    ["ctrl-x", "ctrl-x"],
    ["Ctrl+X", "ctrl-x"],
    ["C-x", "ctrl-x"],
    ["M-x", "alt-x"],
    ["Alt+Enter", "alt-enter"],
    ["meta-Return", "alt-enter"],
    ["alt-ctrl-left", "ctrl-alt-left"],
    ["shift-tab", "shift-tab"],
    ["shift-a", "A"],
    ["alt-shift-a", "alt-A"],
    ["alt-A", "alt-A"],
    ["F5", "f5"],
    ["PgUp", "pageup"],
    ["escape", "esc"],
    ["ctrl-i", "tab"],
    ["ctrl-/", "ctrl-_"],
    ["alt--", "alt--"],
    ["alt-+", "alt-+"],
    [" ctrl-o ", "ctrl-o"],
    ["漢", "漢"],
  ])("%j is %j", (typed, expected) => {
    expect(chordOf(typed)).toBe(expected);
  });

  test.each(["", "ctrl-", "hyperx", "foo-x", "ctrl-foo", "f99", "ab", "\x1b[A"])(
    "%j is none",
    (typed) => {
      expect(faultOf(() => chordOf(typed))).toMatchObject({ code: "usage" });
    },
  );

  test("any text is a chord or a fault, and a chord is its own name", () => {
    const part = fc.constantFrom("ctrl", "alt", "shift", "-", "+", "a", "A", "up", "é", " ", "f1");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((all) => all.join("")),
        ),
        (typed) => {
          let chord = "";
          try {
            chord = chordOf(typed);
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
            return;
          }
          expect(chordOf(chord)).toBe(chord);
        },
      ),
    );
  });
});

describe("keys of config.toml", () => {
  test("take a chord from what had it, and leave the rest", () => {
    const keymap = new Keymap({ "Ctrl+O": "switcher", "ctrl-t": "search", f5: "none", x: "reply" });
    expect(keymap.commandsAt("input", "ctrl-o")).toEqual(["switcher"]);
    expect(keymap.commandsAt("input", "alt-k")).toEqual(["switcher"]);
    expect(keymap.commandsAt("input", "ctrl-t")).toEqual(["search"]);
    expect(keymap.commandsAt("input", "f5")).toEqual([]);
    expect(keymap.commandsAt("selected", "x")).toEqual(["reply"]);
    expect(keymap.commandsAt("selected", "r")).toEqual(["reply"]);
    // What lists do with a key is another matter.
    const up = new Keymap({ up: "cursor-left" });
    expect(up.commandsAt("input", "up")).toEqual(["cursor-left"]);
    expect(up.commandsAt("selected", "up")).toEqual(["select-up"]);
    expect(up.commandsAt("list", "up")[0]).toBe("list-up");
  });

  test("none frees a chord everywhere", () => {
    const keymap = new Keymap({ "ctrl-k": "none", up: "none" });
    expect(keymap.commandsAt("input", "ctrl-k")).toEqual([]);
    expect(keymap.commandsAt("list", "up")).toEqual([]);
    expect(keymap.commandsAt("selected", "up")).toEqual([]);
  });

  test("an own chord is pressed as any other", () => {
    const screen = new Screen(lobby(), { keymap: new Keymap({ "ctrl-o": "room-next" }) });
    expect(screen.press("ctrl-o").acts).toEqual([{ kind: "open", target: "@ben" }]);
  });

  test.each([
    [{ "ctrl-o": "swicher" }, "did you mean switcher?"],
    [{ "ctrl-o": "nonsense" }, "F1 shows what keys can do"],
    [{ "ctrl-o": "toString" }, "F1 shows what keys can do"],
    [{ foo: "switcher" }, "write keys as ctrl-x, alt-enter, shift-tab or f5"],
    [{ x: "switcher" }, "bind it with a modifier: alt-x"],
    [{ space: "send" }, "bind it with a modifier: alt-space"],
  ])("%j is a fault", (keys, remedy) => {
    expect(faultOf(() => new Keymap(keys as Record<string, string>))).toMatchObject({
      ...{ code: "usage", remedy },
    });
  });
});

test("every command can be reached by a key, and no key does two things in one place", () => {
  const keymap = new Keymap();
  const bound = new Set([...keymap.groups().values()].flatMap((rows) => [...rows.keys()]));
  expect(COMMAND_NAMES.filter((name) => !bound.has(name))).toEqual([]);
  for (const [group, rows] of keymap.groups()) {
    const chords = [...rows.values()].flat();
    const twice = chords.filter((chord, i) => chords.indexOf(chord) !== i);
    // Enter fetches a file, and opens the menu of other messages.
    expect(twice).toEqual(group === "selected" ? ["enter"] : []);
    for (const chord of chords) expect(chordOf(chord)).toBe(chord);
  }
});

test("shift changes nothing where it is not asked for", () => {
  const keymap = new Keymap();
  expect(keymap.commandsAt("input", "shift-backspace")).toEqual(["delete-back"]);
  expect(keymap.commandsAt("input", "ctrl-shift-left")).toEqual(["word-left"]);
  expect(keymap.commandsAt("input", "shift-up")).toEqual(["select"]);
  expect(keymap.commandsAt("input", "alt-A")).toEqual([]);
});

describe("help", () => {
  const commands = [{ name: "join", usage: "/join ROOM", summary: "enter a room" }];

  test("is made from the keys as they are bound", () => {
    const rows = helpRows(new Keymap({ "ctrl-o": "help", f1: "none" }), INPUT_EN, commands);
    expect(rows).toContainEqual({ text: "ctrl-o", hint: INPUT_EN.commands.help });
    expect(rows.filter(({ hint }) => hint === INPUT_EN.commands["room-1"])).toEqual([
      { text: "alt-1 … alt-0", hint: INPUT_EN.commands["room-1"] },
    ]);
    expect(rows.slice(-2)).toEqual([
      { text: "Commands", hint: "" },
      { text: "/join ROOM", hint: "enter a room" },
    ]);
    expect(rows).toContainEqual({ text: "y", hint: "yes" });
    expect(rows).toContainEqual({
      ...{ text: "alt-enter, ctrl-j, shift-enter", hint: "begin a new line" },
    });
    expect(rows[0]).toEqual({ text: "Everywhere", hint: "" });
  });

  test("says all in both languages", () => {
    for (const texts of [INPUT_EN, INPUT_ID]) {
      const rows = helpRows(new Keymap(), texts, []);
      const sentences = new Set(Object.values(texts.commands));
      for (const sentence of sentences)
        expect(rows.some(({ hint }) => hint === sentence)).toBe(true);
    }
    for (const name of COMMAND_NAMES) {
      if (name === "undo") continue;
      expect(INPUT_ID.commands[name]).not.toBe(INPUT_EN.commands[name]);
    }
  });
});
