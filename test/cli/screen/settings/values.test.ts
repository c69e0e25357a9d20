import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS_LISTED_MAX } from "../../../../src/base/limits-screen.ts";
import { readSettings, SETTING_NAMES } from "../../../../src/cli/screen/settings/values.ts";
import { DEFAULT_SETTINGS } from "../../../../src/cli/screen/state/settings.ts";
import { parseConfig } from "../../../../src/cli/settings.ts";
import { faultFrom } from "../../../commands/fake-world.ts";
import { VOCABULARY } from "./vocabulary.ts";

function read(text: string) {
  return readSettings(parseConfig(text, "c.toml").screen, VOCABULARY);
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
muted = ["#noise", "@bob"]

[screen.colors]
mention = "#ff8800"
day = 8

[screen.keys]
ctrl-x = "search"
`;

describe("[screen] of config.toml", () => {
  test("is read", () => {
    expect(read(ALL)).toEqual({
      settings: {
        theme: "light",
        colors: { mention: "#ff8800", day: "8" },
        bell: false,
        notify: "osc777",
        hideJoins: true,
        typing: true,
        mouse: true,
        language: "id",
        pictures: "kitty",
        fetchPictures: true,
        keys: { "ctrl-x": "search" },
        muted: ["#noise", "@bob"],
      },
      warnings: [],
    });
  });

  test("may be missing, or empty", () => {
    expect(read("")).toEqual({ settings: DEFAULT_SETTINGS, warnings: [] });
    expect(read("[screen]\n").settings).toEqual(DEFAULT_SETTINGS);
  });

  test("may say more than we know", () => {
    expect(read("[screen]\nhide-joins = true\nconstructor = 1\n").warnings).toEqual([
      "c.toml:2:1: unknown setting 'hide-joins', did you mean hide_joins?; it is ignored",
      "c.toml:3:1: unknown setting 'constructor'; it is ignored",
    ]);
  });

  test("is what the documentation says", () => {
    const page = join(import.meta.dir, "../../../../docs/talking.md");
    const [, example = ""] = /```toml\n([^`]*)```/.exec(readFileSync(page, "utf8")) ?? [];
    const { screen } = parseConfig(example, "c.toml");
    expect(Object.keys(screen?.values ?? {}).toSorted()).toEqual(SETTING_NAMES.toSorted());
    const { settings, warnings } = read(example);
    expect(warnings).toEqual([]);
    const { colors, keys, muted, ...defaults } = settings;
    expect([colors, keys, muted].map((one) => Object.values(one).length)).toEqual([1, 1, 1]);
    expect({ ...DEFAULT_SETTINGS, ...defaults }).toEqual(DEFAULT_SETTINGS);
  });

  test.each([
    ["bell = 1", "c.toml:2:1: bell must be true or false"],
    ['theme = "drak"', 'c.toml:2:1: theme must be one of "dark", "light"'],
    ["theme = 1", 'c.toml:2:1: theme must be one of "dark", "light"'],
    ['notify = "loud"', "c.toml:2:1: notify must be one of"],
    ['pictures = "jpeg"', 'c.toml:2:1: pictures must be one of "auto", "kitty", "iterm2", "sixel"'],
    ['language = "de"', 'c.toml:2:1: language must be one of "auto", "en", "id"'],
    ['muted = "#a"', "c.toml:2:1: muted must be a list of texts"],
    ["muted = [1]", "c.toml:2:1: muted must be a list of texts"],
    ['colors = "red"', "c.toml:2:1: colors must be a table"],
    ['colors.day = "rot"', "c.toml:2:1: 'rot' is no colour"],
    ["colors.day = true", "c.toml:2:1: 'day' must be a text"],
    ['\n[screen.colors]\nmentoin = "red"', "c.toml:4:1: unknown setting 'mentoin', did you mean"],
    ['[screen.keys]\n"ctrl-x" = "fly"', "c.toml:3:1: there is no command 'fly' for ctrl-x"],
  ])("%j is refused with its place", async (text, message) => {
    const fault = await faultFrom(() => read(`[screen]\n${text}\n`));
    expect([fault.code, fault.exitCode]).toEqual(["usage", 2]);
    expect(fault.message).toStartWith(message);
  });

  test("lists are bounded", async () => {
    const muted = (count: number) =>
      read(
        `[screen]\nmuted = ${JSON.stringify(Array.from({ length: count }, (_, i) => `#r${i}`))}`,
      );
    expect(muted(SETTINGS_LISTED_MAX).settings.muted).toHaveLength(SETTINGS_LISTED_MAX);
    expect((await faultFrom(() => muted(SETTINGS_LISTED_MAX + 1))).code).toBe("too-many");
  });
});
