import { expect, test } from "bun:test";
import {
  IMPORTED_NAME_BYTES_MAX,
  REACTION_BYTES_MAX,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { EntryList, localMoment } from "../../../src/cli/import/entry.ts";

const good = { where: "line 1", from: "ana", timeUnixMs: 1, kind: "text", text: "hi" } as const;
const react = { where: "line 1", from: "ana", timeUnixMs: 1, kind: "reaction", re: "1" } as const;

test("an entry fits a post, or is a problem", () => {
  const longest = [
    good,
    { ...good, from: "x".repeat(IMPORTED_NAME_BYTES_MAX) },
    { ...good, text: "x".repeat(TEXT_BYTES_MAX) },
    { ...react, react: "x".repeat(REACTION_BYTES_MAX) },
  ];
  const wrong = [
    { ...good, from: "" },
    { ...good, from: "x".repeat(IMPORTED_NAME_BYTES_MAX + 1) },
    { ...good, timeUnixMs: Number.NaN },
    { ...good, timeUnixMs: -1 },
    { ...good, timeUnixMs: 1e17 },
    { ...good, text: "" },
    { ...good, text: "x".repeat(TEXT_BYTES_MAX + 1) },
    { ...react, react: "" },
    { ...react, react: "x".repeat(REACTION_BYTES_MAX + 1) },
  ];
  const list = new EntryList();
  for (const entry of [...longest, ...wrong]) list.add(entry);
  expect(list.entries).toEqual(longest);
  expect(list.problems).toHaveLength(wrong.length);
});

test("half of a character is replaced as the server would", () => {
  const list = new EntryList();
  list.add({ ...good, text: "a\ud800", from: "\udc00" });
  expect(list.entries).toEqual([{ ...good, text: "a\ufffd", from: "\ufffd" }]);
});

test("a local time that there is not is none", () => {
  const moment = (...parts: number[]) => localMoment(parts, () => 60);
  expect(moment(2020, 2, 29, 0, 30, 0)).toBe(Date.parse("2020-02-28T23:30:00Z"));
  for (const parts of [
    [2021, 2, 29],
    [2021, 13, 1],
    [2021, 0, 1],
    [2021, 1, 1, 24],
  ]) {
    expect(moment(...parts)).toBeNaN();
  }
});
