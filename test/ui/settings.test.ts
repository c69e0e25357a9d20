import { expect, test } from "bun:test";
import { pageSettings } from "../../src/ui/settings.ts";

const FIRST = {
  language: undefined,
  theme: "system",
  showsTyping: true,
  isQuiet: false,
  showsPictures: true,
  notifies: false,
} as const;

test("reads the settings that a page stored", () => {
  const stored =
    '{"language":"id","theme":"dark","notifies":true,"sounds":true,"pushesFor":"ana",' +
    '"showsPeople":false,"isQuiet":true,"showsTyping":false,"showsPictures":false}';
  expect(pageSettings(JSON.parse(stored))).toEqual({
    language: "id",
    theme: "dark",
    showsTyping: false,
    isQuiet: true,
    showsPictures: false,
    notifies: true,
  });
});

test.each([
  {},
  { language: 1, theme: "pink", showsTyping: "no", isQuiet: 1, showsPictures: 0, notifies: "yes" },
  { language: null, theme: null, showsTyping: null, isQuiet: null, __proto__: { theme: "dark" } },
])("uses the default for what it cannot read: %j", (kept) => {
  const own = JSON.parse(JSON.stringify(kept)) as Record<string, unknown>;
  expect(pageSettings(own)).toEqual(FIRST);
});
