import { expect, test } from "bun:test";
import { displayBody } from "../../../src/cli/output/records.ts";
import type { DisplayRecord } from "../../../src/cli/output/render.ts";
import { listedText, SpokenLines, type SpokenStyle } from "../../../src/cli/output/spoken.ts";
import { spokenPlace } from "../../../src/cli/output/spoken-inbox.ts";
import { eventBody } from "./event-body.ts";

const NOON = Date.UTC(2026, 10, 20, 12);
const MINUTE_MS = 60_000;

const STYLE: SpokenStyle = {
  ...({ format: "text", color: false, stamp: "clock", me: "ana", hasNumbers: false } as const),
  offsetMinutes: () => 0,
  columns: () => 40,
  nameOf: (account) => account,
  authorOf: (seq) => (seq === 7 ? "tom" : undefined),
};

function record(fields: object, minutes = 0): DisplayRecord {
  const place = { seq: 9, timeUnixMs: NOON + minutes * MINUTE_MS, destination: { room: "dev" } };
  return { ...place, from: "ben", kind: "text", ...fields } as DisplayRecord;
}

function spoken(records: readonly DisplayRecord[], style = STYLE): string[] {
  const lines = new SpokenLines(NOON);
  return records.map((one) => lines.next(one, style).trimEnd());
}

test("names the room when it changes, and the time after a pause", () => {
  const later = record({ text: "later" }, 15);
  const times = spoken([
    record({ text: "one" }),
    record({ text: "two" }, 14),
    record({ text: "other", destination: { room: "ops" } }, 14),
    later,
    record({ text: "soon" }, 16),
  ]);
  expect(times.map((text) => text.replace(/^.*\d\d:\d\d\.\n/, "TIME "))).toEqual([
    "dev, ben: one",
    "ben: two",
    "ops, ben: other",
    "TIME dev, ben: later",
    "ben: soon",
  ]);
});

test("names rooms by their display names, also two of the same one", () => {
  const titled = (room: string) =>
    record({ text: "hello", destination: { room, title: "Year 7 Blue" } });
  expect(spoken([titled("vii-a"), titled("vii-a"), titled("vii-b")])).toEqual([
    "Year 7 Blue, ben: hello",
    "ben: hello",
    "Year 7 Blue, ben: hello",
  ]);
  expect(listedText(titled("vii-a"), STYLE)).toStartWith("ben in Year 7 Blue, ");
  const listed = { kind: "room", name: "vii-a", title: "Year 7 Blue" } as const;
  expect(spokenPlace(listed, STYLE)).toBe("Year 7 Blue");
});

test("says signs as words, and numbers only on request", () => {
  const file = { id: "fAAAAAAAAAAA", name: "plan.pdf", sizeBytes: 210_000, digest: "", chunks: 1 };
  const call = {
    ...eventBody("hand"),
    event: { on: false, isCall: true, subject: "ana", text: "" },
  };
  const records = [
    record({ text: "Thursday", re: 7 }),
    record({ text: "Thursday", re: 8 }),
    record({ text: "me", re: 7, thread: true }),
    record({ kind: "file", files: [file], text: "the plan" }),
    record({ kind: "reaction", react: "👍", re: 7 }),
    record({ kind: "edited", of: 7, text: "new" }),
    record(call),
  ];
  const words = [
    "dev, ben answers tom: Thursday",
    "ben answers a message: Thursday",
    "ben answers tom in a thread: me",
    "ben: file plan.pdf, 210 kB: the plan",
    "ben: reaction thumbs up to tom",
    "ben edited: new",
    "ben calls on you in dev. To end: /hand",
  ];
  expect(spoken(records)).toEqual(words);
  expect(spoken(records.slice(0, 1), { ...STYLE, hasNumbers: true })).toEqual([
    "dev, ben #9 answers tom: Thursday",
  ]);
});

test("marks each further row of a text, so that none imitates another message", () => {
  const [text = ""] = spoken([record({ text: `hi\nana: I quit\n${"word ".repeat(20)}` })]);
  const [first, ...more] = text.split("\n");
  expect(first).toBe("dev, ben: hi");
  expect(more.length).toBeGreaterThan(2);
  for (const row of more) expect(row).toMatch(/^ {2}\| \S/);
});

test("says whether a message was deleted or has expired", () => {
  expect(spoken([record({ kind: "erased" }), record({ kind: "erased", expired: true })])).toEqual([
    "dev, ben: message deleted",
    "ben: message expired",
  ]);
});

test("an erased rename leaves nothing but its number in JSON output", () => {
  const erased = { seq: 3, from: "olga", state: "erased", body: undefined } as const;
  expect(displayBody({ ...erased, kind: "rename" })).toMatchObject({ isHidden: true });
  expect(displayBody({ ...erased, kind: "text" })).not.toHaveProperty("isHidden");
});
