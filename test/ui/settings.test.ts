import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { PAGE_KEYS, pageSettings, SETTINGS, settingRow } from "../../src/ui/settings.ts";

const FIRST = {
  language: undefined,
  theme: "system",
  notify: false,
  sounds: false,
  announcements: "everything",
  hideJoins: false,
  singleKeys: true,
  enterSends: undefined,
  pictures: true,
  typing: true,
  showsPeople: true,
  keepsAwake: false,
} as const;

const CHANGED = {
  language: "id",
  theme: "dark",
  notify: true,
  sounds: true,
  announcements: "mine",
  hideJoins: true,
  singleKeys: false,
  enterSends: false,
  pictures: false,
  typing: false,
  showsPeople: false,
  keepsAwake: true,
} as const;

test("reads the settings that a page stored", () => {
  expect(pageSettings(JSON.parse(JSON.stringify(CHANGED)))).toEqual(CHANGED);
});

test.each([
  ["page", "src/web"],
  ["terminal", "src/cli"],
] as const)("the %s reads each of its settings", (place, folder) => {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = files.filter((path) => /\.tsx?$/.test(path));
  const code = sources
    .map((path) => readFileSync(`${folder}/${path}`, "utf8").replaceAll(/\s+/g, " "))
    .join("\n");
  const keys = (Object.keys(SETTINGS) as (keyof typeof SETTINGS)[]).filter(
    (key) => settingRow(key)[place],
  );
  expect(keys.length).toBeGreaterThan(8);
  // As `settings.key` or `{ key } = settings`.
  const isRead = (key: string) =>
    new RegExp(String.raw`ettings(?:\.current)?\.${key}\b|\b${key}\b[^;]{0,60}[sS]ettings\b`).test(
      code,
    );
  expect(keys.filter((key) => !isRead(key))).toEqual([]);
});

test("every choice that the page shows has texts for its values", () => {
  const shown = PAGE_KEYS.map(settingRow).filter(({ control }) => control !== undefined);
  for (const { control, page = [] } of shown) {
    const isSwitch = page.every((value) => typeof value !== "string" || !control?.options);
    if (!isSwitch) expect(Object.keys(control?.options ?? {})).toEqual(page.map(String));
  }
});

test.each([
  {},
  { language: 1, theme: "pink", typing: "no", hideJoins: 1, pictures: 0, notify: "yes" },
  { showsTyping: "no", isQuiet: 1, showsPictures: 0, notifies: "yes", enterSends: "no" },
  { language: null, theme: null, typing: null, hideJoins: null, __proto__: { theme: "dark" } },
])("uses the default for what it cannot read: %j", (kept) => {
  const own = JSON.parse(JSON.stringify(kept)) as Record<string, unknown>;
  expect(pageSettings(own)).toEqual(FIRST);
});
