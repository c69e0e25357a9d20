import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS_LISTED_MAX } from "../../../../src/base/limits-screen.ts";
import {
  readPreferences,
  ScreenPreferences,
  SETTING_NAMES,
} from "../../../../src/cli/screen/settings/preferences.ts";
import { DEFAULT_SETTINGS } from "../../../../src/cli/screen/state/screen-state.ts";
import { parseConfig } from "../../../../src/cli/settings.ts";
import { faultFrom } from "../../../commands/fake-world.ts";

function read(text: string) {
  return readPreferences(parseConfig(text, "c.toml").screen);
}

const ALL = `[screen]
theme = "light"
bell = false
notify = "osc777"
hide_joins = true
mouse = true
language = "id"
pictures = "kitty"
fetch_pictures = true
group_messages = false
muted = ["#noise", "@bob"]

[screen.colors]
mention = "#ff8800"
day = "blue"

[screen.keys]
ctrl-x = "search"
`;

describe("[screen] of config.toml", () => {
  test("sets every setting", () => {
    expect(read(ALL)).toEqual({
      settings: {
        theme: "light",
        colors: { mention: "#ff8800", day: "blue" },
        bell: false,
        notify: "osc777",
        hideJoins: true,
        typing: true,
        mouse: true,
        language: "id",
        pictures: "kitty",
        fetchPictures: true,
        groupMessages: false,
        keys: { "ctrl-x": "search" },
        muted: ["#noise", "@bob"],
      },
      warnings: [],
    });
  });

  test("ignores unknown settings with a warning", () => {
    expect(read("[screen]\nhide-joins = true\nconstructor = 1\n").warnings).toEqual([
      "c.toml:2:1: unknown setting 'hide-joins' (did you mean hide_joins?); ignored",
      "c.toml:3:1: unknown setting 'constructor'; ignored",
    ]);
  });

  test("matches the example in the documentation", () => {
    const page = join(import.meta.dir, "../../../../docs/screen.md");
    const [, example = ""] = /```toml\n([^`]*)```/.exec(readFileSync(page, "utf8")) ?? [];
    const { screen } = parseConfig(example, "c.toml");
    expect(Object.keys(screen?.values ?? {}).toSorted()).toEqual(SETTING_NAMES.toSorted());
    const { settings, warnings } = read(example);
    expect(warnings).toEqual([]);
    const { colors, keys, muted, ...defaults } = settings;
    expect([colors, keys, muted].map((table) => Object.values(table).length)).toEqual([1, 1, 1]);
    expect({ ...DEFAULT_SETTINGS, ...defaults }).toEqual(DEFAULT_SETTINGS);
  });

  test.each([
    ["bell = 1", "c.toml:2:1: bell must be true or false"],
    ['theme = "drak"', 'c.toml:2:1: theme must be one of "auto", "dark", "light"'],
    ['muted = "#a"', "c.toml:2:1: muted must be a list of strings"],
    ['colors.day = "rot"', "c.toml:2:1: 'rot' is not a colour"],
    ['\n[screen.colors]\nmentoin = "red"', "c.toml:4:1: unknown setting 'mentoin' (did you mean"],
    ['[screen.keys]\n"ctrl-x" = "fly"', "c.toml:3:1: unknown key command 'fly'"],
  ])("rejects %j with its position", async (text, message) => {
    const fault = await faultFrom(() => read(`[screen]\n${text}\n`));
    expect([fault.code, fault.exitCode]).toEqual(["usage", 2]);
    expect(fault.message).toStartWith(message);
  });

  test("bounds lists", async () => {
    const muted = (count: number) => {
      const rooms = Array.from({ length: count }, (_, i) => `#r${i}`);
      return read(`[screen]\nmuted = ${JSON.stringify(rooms)}`);
    };
    expect(muted(SETTINGS_LISTED_MAX).settings.muted).toHaveLength(SETTINGS_LISTED_MAX);
    expect((await faultFrom(() => muted(SETTINGS_LISTED_MAX + 1))).code).toBe("too-many");
  });
});

const FILE = { ...DEFAULT_SETTINGS, bell: false, colors: { day: "blue" } };

function preferencesWith(chosen: Readonly<Record<string, string>> = {}) {
  let stored = JSON.stringify(chosen);
  const { screen } = parseConfig('[screen]\nbell = false\ncolors.day = "blue"\n', "c.toml");
  const change = (_: string, changed: (stored: string) => string) => {
    stored = changed(stored);
  };
  const state = { preference: () => stored, changePreference: change };
  const preferences = new ScreenPreferences({ settings: () => ({ screen }) } as never, state);
  return {
    preferences,
    state,
    set: (argument: string) => preferences.set(argument),
    stored: () => JSON.parse(stored),
  };
}

describe("/set", () => {
  test.each([
    ["bell on", { bell: "on" }, { bell: true }, "bell = on  (/set)"],
    [
      "muted #a, @b  #c",
      { muted: "#a, @b  #c" },
      { muted: ["#a", "@b", "#c"] },
      "muted = #a, @b, #c",
    ],
    [
      "colors.mention red",
      { "colors.mention": "red" },
      { colors: { day: "blue", mention: "red" } },
      "colors.day = blue  (config.toml)",
    ],
  ])("changes: %s", (argument, chosen, settings, line) => {
    const { preferences, set, stored } = preferencesWith();
    expect(set(argument)[0]).toStartWith(line);
    expect(stored()).toEqual(chosen);
    expect(preferences.settings).toEqual({ ...FILE, ...settings });
  });

  test("lists every setting with its source", () => {
    const { set } = preferencesWith({ mouse: "on", "keys.ctrl-x": "search" });
    expect(set("")).toEqual(
      expect.arrayContaining(["colors.day = blue  (config.toml)", "mouse = on  (/set)"]),
    );
  });

  test("resets a setting to the value in the file", () => {
    const chosen = { bell: "on", "colors.day": "red", "colors.mention": "blue" };
    const { set, stored } = preferencesWith(chosen);
    expect(set("bell default")).toEqual(["bell = off  (config.toml)"]);
    expect(stored()).toEqual({ "colors.day": "red", "colors.mention": "blue" });
    set("colors.day default");
    expect(stored()).toEqual({ "colors.mention": "blue" });
    set("colors default");
    expect(stored()).toEqual({});
  });

  test("keeps what another window has changed", () => {
    const { state, stored, ...first } = preferencesWith();
    const second = new ScreenPreferences({ settings: () => ({ screen: {} }) } as never, state);
    first.set("bell on");
    second.set("theme light");
    expect(stored()).toEqual({ bell: "on", theme: "light" });
  });

  test.each([
    ["bel on", "unknown setting 'bel'", "did you mean bell?"],
    ["toString on", "unknown setting 'toString'", "list the settings: /set"],
    ["bell maybe", "bell must be on or off, not 'maybe'", ""],
    ["theme blue", "theme must be one of auto, dark, light, not 'blue'", ""],
    ["colors red", "invalid setting 'colors'", "for example, /set colors.mention red"],
    ["colors.day rot", "/set colors.day: 'rot' is not a colour", ""],
    ["keys.x fly", "/set keys.x: unknown key command 'fly'", "press F1"],
  ])("rejects: %s", async (argument, message, remedy) => {
    const fault = await faultFrom(() => preferencesWith().set(argument));
    expect(fault.code).toBe("usage");
    expect(fault.message).toBe(message);
    expect(fault.remedy).toContain(remedy);
  });
});
