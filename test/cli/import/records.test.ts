import { expect, test } from "bun:test";
import { finishSteps } from "../../../src/base/steps.ts";
import { readRecords as stepsOf } from "../../../src/cli/import/records.ts";
import { displayBody } from "../../../src/cli/output/records.ts";
import { recordJson } from "../../../src/cli/output/render.ts";
import { isOfLog, RECORD_KINDS } from "../../../src/wire/kinds.ts";

const readRecords = (...args: Parameters<typeof stepsOf>) => finishSteps(stepsOf(...args));

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
  const { entries, problems, skippedKinds } = read(
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
  expect(skippedKinds.map(({ reason }) => reason)).toEqual(["join (event)", "erased message"]);
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

test("reports malformed records by line", () => {
  const { entries, problems } = read(
    lines(
      { kind: "text", seq: 2, ...said, text: "hi" },
      { kind: "text", seq: 5, ...said, time: "soon", text: "x" },
      { kind: "text", seq: 6, ...said, text: 5 },
      ["a list"],
      { kind: 5 },
      { kind: "damaged", seq: 7, ...said, reason: "x" },
      { kind: "edited", seq: 8, ...said, text: "x" },
    ),
  );
  expect(entries).toHaveLength(1);
  expect(problems.map(({ location }) => location)).toEqual(
    [2, 3, 4, 5, 6, 7].map((n) => `line ${n}`),
  );
});

/** Fields of all kinds. */
const BODY = {
  text: "x",
  re: 1,
  seq: 1,
  react: "+1",
  name: "n",
  user: "ben",
  was: "w",
  on: true,
  file: "f1",
  size: 3,
  topic: "t",
  options: 2,
  choices: [1],
  added: [],
  removed: [],
};

/** Kinds that have no message; a kind that is missing here must become a message. */
const EVENTS: ReadonlySet<string> = new Set([
  ...["room", "join", "leave", "topic", "kick", "mute", "admission", "grant", "rename", "close"],
  ...["remove", "retention", "pin", "receipts", "hand", "poll", "vote", "knock", "rules", "group"],
  ...["erase", "sealed", "checkpoint", "fork", "clock", "profile", "wall"],
]);

test.each([...RECORD_KINDS].filter((kind) => isOfLog(kind, "history")))(
  "imports an export with a record of the kind %s",
  (kind) => {
    const content = { seq: 9, kind, from: "ana", state: "whole", body: BODY } as const;
    const head = { timeUnixMs: 5, destination: { room: "lobby" } };
    const json = recordJson({ ...head, ...displayBody(content) });
    const { entries, problems, skippedKinds } = read(lines(json));
    expect(problems).toEqual([]);
    expect([kind, entries.length]).toEqual([kind, EVENTS.has(kind) ? 0 : 1]);
    expect(skippedKinds).toHaveLength(1 - entries.length);
  },
);

test("imports a text of a kind that only a later version knows", () => {
  const { entries, problems, skippedKinds } = read(
    lines(
      { kind: "song", seq: 2, ...said, text: "la la", re: 1 },
      { kind: "dance", seq: 3, ...said },
      { kind: "ack", seq: 2, room: "lobby", text: "la la" },
    ),
  );
  expect(problems).toEqual([]);
  expect(entries).toMatchObject([{ kind: "text", text: "la la", re: "1", key: "2" }]);
  expect(skippedKinds.map(({ reason }) => reason)).toEqual(["dance (event)", "ack (event)"]);
});

test("keeps threads and notices", () => {
  const { entries } = read(
    lines(
      { kind: "text", seq: 2, ...said, text: "hi", notice: true },
      { kind: "text", seq: 3, ...said, text: "re", re: 2, thread: true },
    ),
  );
  expect(entries).toMatchObject([{ notice: true }, { thread: true, re: "2" }]);
});

test("counts messages that the export lacks, so that the import is incomplete", () => {
  const { problems, skippedKinds } = read(
    lines({ kind: "unreadable", seq: 2, ...said, reason: "no key" }),
  );
  expect(problems).toEqual([]);
  expect(skippedKinds).toMatchObject([{ count: 1, isLost: true }]);
});

test("imports no file that was erased later in the file", () => {
  const file = (id: string) => ({ id, name: `${id}.txt`, sizeBytes: 3 });
  const { entries, skippedKinds, problems } = read(
    lines(
      { kind: "file", seq: 2, ...said, text: "both", files: [file("fA"), file("fB")] },
      { kind: "file", seq: 3, ...said, files: [file("fB")] },
      { kind: "file", seq: 4, ...said, text: "left", files: [], erasedFiles: [file("fC")] },
      { kind: "erased-files", seq: 2, ...said, files: ["fB"] },
    ),
  );
  expect(entries.map((entry) => "text" in entry && entry.text)).toEqual([
    "[file fA.txt, 3 B, fA] both",
    "left",
  ]);
  expect(skippedKinds.map(({ reason }) => reason)).toEqual(["erased message", "erased files"]);
  expect(problems).toEqual([]);
});

test("imports no message that was erased later in the file", () => {
  const { entries, skippedKinds } = read(
    lines(
      { kind: "text", seq: 2, ...said, text: "secret" },
      { kind: "edited", seq: 3, ...said, of: 2, text: "secret!" },
      { kind: "text", seq: 4, ...said, text: "open" },
      { kind: "erased", seq: 2, ...said, also: [3] },
    ),
  );
  expect(entries).toMatchObject([{ text: "open" }]);
  expect(skippedKinds).toMatchObject([{ reason: "erased message", count: 3 }]);
});

test("imports a record once that two exports have, and mixes no servers", () => {
  const hi = { kind: "text", seq: 2, ...said, text: "hi" };
  const sealed = { kind: "unreadable", seq: 3, ...said };
  const readable = { kind: "text", seq: 3, ...said, text: "opened" };
  const overlapping = read(lines(hi, sealed, { ...hi, from: "anna" }, readable, readable));
  expect(overlapping.problems).toEqual([]);
  expect(overlapping.entries).toMatchObject([{ text: "hi" }, { text: "opened" }]);
  expect(overlapping.skippedKinds).toContainEqual(
    expect.objectContaining({ reason: "repeated record", count: 2 }),
  );
  const { problems } = read(lines(hi, { ...hi, text: "of another server" }));
  expect(problems).toMatchObject([{ location: "line 2" }]);
});

test("keeps rooms and conversations apart", () => {
  const file = lines(
    { kind: "text", seq: 2, ...said, text: "lobby" },
    { kind: "text", seq: 3, ...said, room: "other", text: "other" },
    { kind: "text", seq: 4, time: TIME, from: "ana", to: "ben", text: "to ben" },
    { kind: "text", seq: 5, time: TIME, from: "ben", to: "ana", text: "from ben" },
  );
  expect(() => read(file)).toThrow("no channel 'x' in the export; channels: ana,ben, lobby, other");
  const textsIn = (channel: string) =>
    read(file, channel).entries.map((entry) => entry.kind === "text" && entry.text);
  expect(textsIn("other")).toEqual(["other"]);
  expect(textsIn("@ben")).toEqual(["to ben", "from ben"]);
  const one = lines({ kind: "text", seq: 2, ...said, text: "lobby" });
  expect(() => read(one, "other")).toThrow("no channel 'other'");
  expect(read(one).entries).toHaveLength(1);
});
