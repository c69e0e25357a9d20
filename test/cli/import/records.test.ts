import { expect, test } from "bun:test";
import { readRecords } from "../../../src/cli/import/records.ts";

const TIME = "2026-11-20T05:46:33.123Z";
const said = { time: TIME, room: "lobby", from: "ana" };
const lines = (...records: object[]) =>
  new TextEncoder().encode(records.map((record) => `${JSON.stringify(record)}\n`).join(""));

test("messages, reactions, edits and files; what happens is left out", () => {
  const imported = { from: "Eve", time: "2001-01-01T00:00:00.000Z" };
  const { entries, problems, leftOut } = readRecords(
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
  expect(leftOut).toBe(2);
  const common = (line: number) => ({
    where: `line ${line}`,
    from: "ana",
    timeUnixMs: Date.parse(TIME),
  });
  expect(entries).toEqual([
    { ...common(2), kind: "text", text: "hi", key: "2", re: undefined },
    { ...common(3), kind: "action", text: "waves", key: "3", re: "2" },
    { ...common(4), kind: "reaction", react: "👍", re: "2" },
    { ...common(5), kind: "edit", text: "ho", re: "2" },
    { ...common(6), kind: "text", text: "[file a.png, 1.2 kB, f1] look", key: "6" },
    {
      ...common(7),
      from: "Eve",
      timeUnixMs: Date.parse(imported.time),
      kind: "text",
      text: "old",
      key: "7",
      re: undefined,
    },
    { ...common(9), kind: "edit", text: "[file a.png, 1.2 kB, f1] look there", re: "6" },
    { ...common(10), kind: "edit", text: "[file a.png, 1.2 kB, f1]", re: "6" },
  ]);
});

test("what is no record, or of another room, is told by its line", () => {
  const { entries, problems } = readRecords(
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
  expect(problems.map(({ where }) => where)).toEqual([2, 3, 4, 5, 6].map((n) => `line ${n}`));
});

test("both directions of a conversation are one place", () => {
  const { problems } = readRecords(
    lines(
      { kind: "text", seq: 2, time: TIME, to: "bob", from: "ana", text: "hi" },
      { kind: "text", seq: 3, time: TIME, to: "ana", from: "bob", text: "ho" },
    ),
  );
  expect(problems).toEqual([]);
});

test("what happened in a room is left out, of whatever kind it is", () => {
  const kinds = ["join", "leave", "topic", "rename", "close", "retention", "group", "unreadable"];
  const lines = kinds.map((kind, at) => {
    return JSON.stringify({
      kind,
      seq: at + 1,
      time: "2026-11-20T10:00:00.000Z",
      room: "lab",
      from: "ana",
    });
  });
  const { problems, leftOut } = readRecords(new TextEncoder().encode(lines.join("\n")));
  expect(problems).toEqual([]);
  expect(leftOut).toBe(kinds.length);
});

test("a damaged record is a problem, since its text is lost", () => {
  const { entries, problems } = readRecords(
    lines(
      { kind: "text", seq: 1, ...said, text: "hi" },
      { kind: "damaged", seq: 2, ...said, reason: "what is stored is not what was recorded" },
    ),
  );
  expect(entries).toHaveLength(1);
  expect(problems).toEqual([
    { where: "line 2", reason: "the record is damaged, and its text is lost" },
  ]);
});
