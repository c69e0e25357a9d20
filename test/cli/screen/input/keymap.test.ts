import { describe, expect, test } from "bun:test";
import { chordOf, helpRows, Keymap } from "../../../../src/cli/screen/input/keymap.ts";
import { COMMAND_NAMES } from "../../../../src/cli/screen/state/screen-state.ts";
import { ENGLISH_KEYS } from "../../../../src/ui/messages/en/keys.ts";
import { faultOf } from "../../../fault-code.ts";

describe("chords in different notations", () => {
  test.each([
    ["Ctrl+X", "ctrl-x"],
    ["C-x", "ctrl-x"],
    ["meta-Return", "alt-enter"],
    ["alt-ctrl-left", "ctrl-alt-left"],
    ["alt-shift-a", "alt-A"],
    ["escape", "esc"],
    ["ctrl-i", "tab"],
    ["ctrl-/", "ctrl-_"],
    [" ctrl-o ", "ctrl-o"],
  ])("%j is %j", (input, expected) => {
    expect(chordOf(input)).toBe(expected);
  });

  test.each(["", "ctrl-", "hyperx", "foo-x", "ctrl-foo", "f99", "ab", "\x1b[A"])(
    "%j is none",
    (input) => {
      expect(faultOf(() => chordOf(input))).toMatchObject({ code: "usage" });
    },
  );
});

describe("keys of config.toml", () => {
  test("rebind a chord, and keep the other bindings", () => {
    const keymap = new Keymap({ "Ctrl+O": "switcher", "ctrl-t": "search", f5: "none", x: "reply" });
    expect(keymap.commandsAt("input", "ctrl-o")).toEqual(["switcher"]);
    expect(keymap.commandsAt("input", "alt-k")).toEqual(["switcher"]);
    expect(keymap.commandsAt("input", "ctrl-t")).toEqual(["search"]);
    expect(keymap.commandsAt("input", "f5")).toEqual([]);
    expect(keymap.commandsAt("selected", "x")).toEqual(["reply"]);
    expect(keymap.commandsAt("selected", "r")).toEqual(["reply"]);
    const up = new Keymap({ up: "cursor-left" });
    expect(up.commandsAt("input", "up")).toEqual(["cursor-left"]);
    expect(up.commandsAt("selected", "up")).toEqual(["select-up"]);
    expect(up.commandsAt("list", "up")[0]).toBe("list-up");
  });

  test.each([
    [{ "ctrl-o": "swicher" }, "did you mean switcher?"],
    [{ "ctrl-o": "nonsense" }, "press F1 for a list of keys"],
    [{ "ctrl-o": "toString" }, "press F1 for a list of keys"],
    [{ foo: "switcher" }, "use a form such as ctrl-x, alt-enter, shift-tab or f5"],
    [{ x: "switcher" }, "add a modifier: alt-x"],
    [{ space: "send" }, "add a modifier: alt-space"],
  ])("%j is a fault", (keys, remedy) => {
    expect(faultOf(() => new Keymap(keys as Record<string, string>))).toMatchObject({
      code: "usage",
      remedy,
    });
  });
});

test("binds every command, and each key once per group", () => {
  const keymap = new Keymap();
  const bound = new Set([...keymap.groups().values()].flatMap((rows) => [...rows.keys()]));
  expect(COMMAND_NAMES.filter((name) => !bound.has(name))).toEqual([]);
  for (const [group, rows] of keymap.groups()) {
    const chords = [...rows.values()].flat();
    const twice = chords.filter((chord, i) => chords.indexOf(chord) !== i);
    const both: Partial<Record<typeof group, string>> = { selected: "enter", list: "tab" };
    expect(twice.join()).toBe(both[group] ?? "");
    for (const chord of chords) expect(chordOf(chord)).toBe(chord);
  }
});

describe("help", () => {
  const commands = [{ name: "join", usage: "/join ROOM", summary: "enter a room" }];

  test("lists the current key bindings", () => {
    const rows = helpRows(new Keymap({ "ctrl-o": "help", f1: "none" }), ENGLISH_KEYS, commands);
    expect(rows).toContainEqual({ text: "ctrl-o", hint: ENGLISH_KEYS.commands.help });
    expect(rows.filter(({ hint }) => hint === ENGLISH_KEYS.commands["room-1"])).toEqual([
      { text: "alt-1 … alt-0", hint: ENGLISH_KEYS.commands["room-1"] },
    ]);
    expect(rows.slice(-2)).toEqual([
      { text: "Commands", hint: "" },
      { text: "/join ROOM", hint: "enter a room" },
    ]);
    const newLine = { text: "alt-enter, ctrl-j, shift-enter", hint: "new line" };
    expect(rows).toContainEqual(newLine);
    expect(rows[0]).toEqual({ text: "Everywhere", hint: "" });
  });
});
