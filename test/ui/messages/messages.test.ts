import { describe, expect, test } from "bun:test";
import { FAULTS } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { LANGUAGES, languageFor } from "../../../src/ui/messages/languages.ts";
import { loadTexts } from "../../../src/web/browser/texts.ts";

const SAMPLES = ["ana", "lobby", "12:00"] as const;

function said(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "function") return "";
  return String(value.length === 0 ? "" : value(...SAMPLES));
}

describe.each([...LANGUAGES.keys()])("the words of %s", (language) => {
  test("have the same keys in every language", async () => {
    const texts = await loadTexts(language);
    expect(texts.lang).toBe(language);
    expect(Object.keys(texts).sort()).toEqual(Object.keys(ENGLISH).sort());
    const { faults: _, faultTemplates: __, slash, accountChanged, handover, ...rest } = texts;
    const { activityWhat, activityDid, activityFilters, listSections, searchSince, ...others } =
      rest;
    const sets = [listSections, activityFilters, activityWhat, activityDid, searchSince];
    const grouped = Object.fromEntries(sets.flatMap(Object.values).entries());
    const changes = ["password-reset", "password-changed", "device-added"] as const;
    const accounts = [...changes, "irc-password-added", "renamed", "key-replaced"] as const;
    const changed = accounts.map((what) => [what, accountChanged(what, "12:00", "olga")]);
    const steps = ["sending", "sent", "receiving", "part", "read", "hidden"] as const;
    const counts = { name: "vault", messages: 2, total: 3, sizeBytes: 99, device: "xIGqz0WPDdEK" };
    const event = { kind: "handover", room: "rAAAAAAAAAAA" as RoomId, ...counts } as const;
    const handed = steps.map((step) => [step, handover({ ...event, step })]);
    const chosen = Object.fromEntries([...changed, ...handed]);
    const all = { ...others, ...grouped, ...slash, ...chosen };
    const empty = Object.entries(all).filter(([, value]) => {
      return said(value).trim() === "";
    });
    expect(empty).toEqual([]);
  });

  test("has a text for each fault that no user causes, without terminal commands", async () => {
    const { faults } = await loadTexts(language);
    const others = Object.entries(FAULTS).filter(([, { blame }]) => blame !== "user");
    expect(Object.keys(faults).sort()).toEqual(others.map(([code]) => code).sort());
    for (const text of Object.values(faults)) {
      expect(text).toMatch(/^\p{Lu}.*[^.;]$/u);
      expect(text).not.toMatch(/\bchat [a-z-]+|(?:^|\s)\/[a-z]|--[a-z]/);
    }
  });
});

test.each([
  [["id-ID", "en"], "id"],
  [["fr", "ID"], "id"],
  [["en-GB"], "en"],
  [["fr"], "en"],
  [[], "en"],
] as const)("whoever reads %p gets %s", (wanted, language) => {
  expect(languageFor(wanted)).toBe(language);
});
