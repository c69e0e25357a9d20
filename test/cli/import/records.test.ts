import { expect, test } from "bun:test";
import { readRecords } from "../../../src/cli/import/records.ts";

const read = (bytes: Uint8Array, channel?: string) =>
  readRecords([{ path: "", read: () => bytes }], {
    channel: channel ?? "x",
    isChannelGiven: channel !== undefined,
  });
const TIME = "2026-11-20T05:46:33.123Z";
const said = { time: TIME, room: "lobby", from: "ana" };
const lines = (...records: object[]) =>
  new TextEncoder().encode(records.map((record) => `${JSON.stringify(record)}\n`).join(""));

test("reads messages, reactions, edits and files, and skips events", () => {
  const imported = { from: "Eve", time: "2001-01-01T00:00:00.000Z" };
  const { entries, problems, skipped } = read(
    lines(
      { kind: "join", seq: 1, ...said },
      { kind: "text", seq: 2, ...said, text: "hi" },
      { kind: "action", seq: 3, ...said, text: "waves", re: 2 },
      { kind: "reaction", seq: 4, ...said, re: 2, react: "👍" },
      { kind: "edited", seq: 5, ...said, of: 2, text: "ho" },
      { kind: "file", seq: 6, ...said, id: "f1", name: "a.png", sizeBytes: 1200, text: "look" },
      { kind: "text", seq: 7, ...said, text: "old", imported },
      { kind: "erased", seq: 8, ...said },
      { kind: "edited", seq: 9, ...said, of: 6, text: "look there" },
      { kind: "edited", seq: 10, ...said, of: 6, text: "" },
    ),
  );
  expect(problems).toEqual([]);
  expect(skipped).toBe(2);
  const common = (line: number, from = "ana", time = TIME) => {
    return { location: `line ${line}`, from, timeUnixMs: Date.parse(time) };
  };
  const old = common(7, imported.from, imported.time);
  expect(entries).toEqual([
    { ...common(2), kind: "text", text: "hi", key: "2", re: undefined },
    { ...common(3), kind: "action", text: "waves", key: "3", re: "2" },
    { ...common(4), kind: "reaction", react: "👍", re: "2" },
    { ...common(5), kind: "edit", text: "ho", re: "2" },
    { ...common(6), kind: "text", text: "[file a.png, 1.2 kB, f1] look", key: "6" },
    { ...old, kind: "text", text: "old", key: "7", re: undefined },
    { ...common(9), kind: "edit", text: "[file a.png, 1.2 kB, f1] look there", re: "6" },
    { ...common(10), kind: "edit", text: "[file a.png, 1.2 kB, f1]", re: "6" },
  ]);
});

test("reports malformed records and other rooms by line", () => {
  const { entries, problems } = read(
    lines(
      { kind: "text", seq: 2, ...said, text: "hi" },
      { kind: "text", seq: 3, ...said, room: "other", text: "hi" },
      { kind: "teleport", seq: 4, ...said },
      { kind: "text", seq: 5, ...said, time: "soon", text: "x" },
      { kind: "text", seq: 6, ...said, text: 5 },
      ["a list"],
    ),
  );
  expect(entries).toHaveLength(1);
  expect(problems.map(({ location }) => location)).toEqual([2, 3, 4, 5, 6].map((n) => `line ${n}`));
});
