import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { ScreenPreferences } from "../../../src/cli/screen/preferences.ts";
import type { Settings } from "../../../src/cli/settings.ts";
import { parseToml } from "../../../src/cli/toml.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";

const context = (text: string) => ({
  settings: () =>
    ({ screen: parseToml(text, "config.toml", "bell = true") }) as unknown as Settings,
});

test("what is set while talking counts more than the file, and lasts", () => {
  const state = ClientState.inMemory();
  const file = context('bell = false\ntheme = "light"');
  const first = new ScreenPreferences(file, state);
  expect(first.settings).toMatchObject({ bell: false, theme: "light", mouse: false });
  expect(first.set("bell on")).toEqual(["bell = on  (/set)"]);
  expect(first.set("").length).toBeGreaterThan(5);
  const again = new ScreenPreferences(file, state);
  expect(again.settings).toMatchObject({ bell: true, theme: "light" });
  again.set("bell default");
  expect(again.settings.bell).toBe(false);
});

test.each(["theme pink", "keys.ctrl-x nothing", "keys.nokey search", "colors.nobody red"])(
  "/set %s is refused",
  (words) => {
    const preferences = new ScreenPreferences(context(""), ClientState.inMemory());
    expect(() => preferences.set(words)).toThrow(Fault);
  },
);
