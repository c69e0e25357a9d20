import { describe, expect, test } from "bun:test";
import {
  type Chosen,
  chosenOf,
  runSet,
  withChosen,
} from "../../../../src/cli/screen/settings/chosen.ts";
import { DEFAULT_SETTINGS } from "../../../../src/cli/screen/state/settings.ts";
import { faultFrom } from "../../../commands/fake-world.ts";
import { VOCABULARY } from "./vocabulary.ts";

const FILE = { ...DEFAULT_SETTINGS, bell: false, colors: { day: "8" } };

function stateOf(chosen: Chosen = {}) {
  return { file: FILE, chosen, vocabulary: VOCABULARY };
}

describe("/set", () => {
  test("shows every setting, and where it comes from", () => {
    expect(runSet("", stateOf({ mouse: "on", "keys.ctrl-x": "search" }))).toEqual({
      lines: [
        "theme = dark  (default)",
        "colors.day = 8  (config.toml)",
        "bell = off  (config.toml)",
        "notify = off  (default)",
        "hide_joins = off  (default)",
        "typing = on  (default)",
        "mouse = on  (/set)",
        "language = auto  (default)",
        "pictures = auto  (default)",
        "fetch_pictures = off  (default)",
        "keys.ctrl-x = search  (/set)",
        "muted = none  (default)",
      ],
      chosen: undefined,
    });
  });

  test("shows one", () => {
    expect(runSet(" bell ", stateOf())).toEqual({
      lines: ["bell = off  (config.toml)"],
      chosen: undefined,
    });
  });

  test.each([
    ["bell on", { bell: "on" }, { bell: true }, "bell = on  (/set)"],
    ["bell YES", { bell: "YES" }, { bell: true }, "bell = on  (/set)"],
    ["theme Light", { theme: "Light" }, { theme: "light" }, "theme = light  (/set)"],
    [
      "muted #a, @b  #c",
      { muted: "#a, @b  #c" },
      { muted: ["#a", "@b", "#c"] },
      "muted = #a, @b, #c",
    ],
    ["muted none", { muted: "none" }, { muted: [] }, "muted = none  (/set)"],
    [
      "colors.mention red",
      { "colors.mention": "red" },
      { colors: { day: "8", mention: "red" } },
      "colors.day = 8  (config.toml)",
    ],
  ])("changes: %s", (words, chosen, settings, line) => {
    const set = runSet(words, stateOf());
    expect(set.chosen).toEqual(chosen);
    expect(set.lines[0]).toStartWith(line);
    expect(withChosen(stateOf(set.chosen ?? {}))).toEqual({ ...FILE, ...settings });
  });

  test("forgets, so that the file counts again", () => {
    const chosen = { bell: "on", "colors.day": "red", "colors.mention": "blue" };
    const forgotten = runSet("bell default", stateOf(chosen));
    expect(forgotten.lines).toEqual(["bell = off  (config.toml)"]);
    expect(forgotten.chosen).toEqual({ "colors.day": "red", "colors.mention": "blue" });
    expect(runSet("colors.day default", stateOf(chosen)).chosen).toEqual({
      bell: "on",
      "colors.mention": "blue",
    });
    expect(runSet("colors default", stateOf(chosen)).chosen).toEqual({ bell: "on" });
  });

  test.each([
    ["bel on", "unknown setting 'bel'", "did you mean bell?"],
    ["toString on", "unknown setting 'toString'", "/set shows all of them"],
    ["bell maybe", "bell is on or off, not 'maybe'", ""],
    ["theme blue", "theme is one of dark, light, not 'blue'", ""],
    ["colors red", "'colors' has no value of its own", "as in /set colors.mention red"],
    ["bell.x on", "'bell.x' has no value of its own", "as in /set bell VALUE"],
    ["colors.day rot", "/set colors.day: 'rot' is no colour", ""],
    ["keys.x fly", "/set keys.x: there is no command 'fly' for x", "see F1"],
  ])("refuses: %s", async (words, message, remedy) => {
    const fault = await faultFrom(() => runSet(words, stateOf()));
    expect(fault.code).toBe("usage");
    expect(fault.message).toBe(message);
    expect(fault.remedy).toContain(remedy);
  });
});

describe("what was kept", () => {
  test("is read again", () => {
    expect(chosenOf(JSON.stringify({ bell: "on" }))).toEqual({ bell: "on" });
  });

  test.each([[undefined], [""], ["{"], ["null"], ["[]"], ['{"bell": 1}']])(
    "%j is nothing",
    (kept) => {
      expect(chosenOf(kept)).toEqual({});
    },
  );

  test("and means nothing any more does no harm", () => {
    const chosen = { theme: "gone", nothing: "on", mouse: "on", "keys.x": "fly" };
    expect(withChosen(stateOf(chosen))).toEqual({ ...FILE, mouse: true });
  });
});
