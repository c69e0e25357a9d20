import { describe, expect, test } from "bun:test";
import { keysOfGroup } from "../../../../src/cli/screen/input/finder.ts";
import {
  chordName,
  chordOf,
  type KeyGroup,
  Keymap,
} from "../../../../src/cli/screen/input/keymap.ts";
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
    [{ d: "erase" }, "use a function key, or a chord with Ctrl"],
    [{ "alt-p": "pin" }, "use a function key, or a chord with Ctrl"],
  ])("%j is a fault", (keys, remedy) => {
    expect(faultOf(() => new Keymap(keys as Record<string, string>))).toMatchObject({
      code: "usage",
      remedy,
    });
  });
});

test("names chords as they are printed on keys", () => {
  const names = ["ctrl-k", "alt-N", "f1", "shift-up", "n", "space", "ctrl-alt-h", "pagedown"];
  const shown = "Ctrl-K, Alt-Shift-N, F1, Shift-Up, n, Space, Ctrl-Alt-H, PageDown";
  expect(names.map(chordName).join(", ")).toBe(shown);
});

test("binds every command, and each key once per group", () => {
  const keymap = new Keymap();
  const bound = new Set([...keymap.groups().values()].flatMap((rows) => [...rows.keys()]));
  expect(COMMAND_NAMES.filter((name) => !bound.has(name))).toEqual([]);
  // Others see these, or they destroy, so that they are in the menu alone.
  const selected = [...(keymap.groups().get("selected") ?? [])];
  const inMenu = selected.filter(([, chords]) => chords.length === 0).map(([name]) => name);
  expect(inMenu).toEqual(["pin", "stop", "resend"]);
  for (const rows of keymap.groups().values()) {
    const chords = [...rows.values()].flat();
    const twice = chords.filter((chord, i) => chords.indexOf(chord) !== i);
    expect(twice.join()).toBe("");
    for (const chord of chords) expect(chordOf(chord)).toBe(chord);
  }
});

describe("help", () => {
  test("names the current key bindings", () => {
    const keymap = new Keymap({ "ctrl-o": "help", f1: "none" });
    const rows = (group: KeyGroup) =>
      keysOfGroup(group, { keymap, texts: ENGLISH_KEYS }).map(({ chord, label }) => [chord, label]);
    expect(rows("everywhere")).toContainEqual(["Ctrl-O", ENGLISH_KEYS.commands.help]);
    expect(rows("rooms")).toContainEqual(["Alt-1 … Alt-0", ENGLISH_KEYS.commands["room-1"]]);
    expect(rows("writing")).toContainEqual(["Alt-Enter, Ctrl-J", "new line"]);
  });
});
