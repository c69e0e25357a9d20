import { expect, test } from "bun:test";
import { parseDue } from "../../src/ui/commands.ts";
import { ACCOUNT_NAMES } from "../../src/ui/text/person-text.ts";
import { handedState, missingUsers, sortedWork } from "../../src/ui/text/rules-text.ts";

test("tells work in time from late and missing work", () => {
  const states = [
    {},
    { at: 9 },
    { first: 9, at: 10 },
    { first: 10, at: 11 },
    { first: 11, at: 12 },
  ];
  expect(states.map((one) => handedState({ ...one, due: 10 }))).toEqual([
    ...(["missing", "in-time", "in-time", "added-later", "late"] as const),
  ]);
  expect(handedState({ at: 1 })).toBeUndefined();
});

test("lists missing work first, then late work, and reminds only those who are there", () => {
  const work = (user: string, at?: number, left?: true) => {
    return { user, messages: at === undefined ? 0 : 1, files: 0, at, left, due: 10 };
  };
  const works = [work("ana", 9), work("ben", 11), work("cleo", undefined, true), work("dora")];
  const sorted = sortedWork(works, ACCOUNT_NAMES).map(({ user }) => user);
  expect(sorted).toEqual(["dora", "ben", "ana", "cleo"]);
  expect(missingUsers(works)).toEqual(["dora"]);
});

test("reads a due date as a time, the end of a day or a duration from now", () => {
  const context = { nowUnixMs: Date.UTC(2026, 10, 26), offsetMinutes: () => 60 };
  const utc = (text: string) => new Date(parseDue(text, context)).toISOString();
  expect(utc("2026-11-30T18:00")).toBe("2026-11-30T17:00:59.999Z");
  expect(utc("2026-11-30 23:59")).toBe(utc("2026-11-30"));
  expect(utc("18:00")).toBe("2026-11-26T17:00:59.999Z");
  expect(utc("2026-11-30")).toBe("2026-11-30T22:59:59.999Z");
  expect(utc("7d")).toBe("2026-12-03T00:00:00.000Z");
  expect(parseDue("off", context)).toBe(0);
  expect(() => parseDue("soon", context)).toThrow("is not a due date");
  expect(() => parseDue("00:30", context)).toThrow("has passed today");
  expect(utc("01:00")).toBe("2026-11-26T00:00:59.999Z");
});
