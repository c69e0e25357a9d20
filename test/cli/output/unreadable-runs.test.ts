import { expect, test } from "bun:test";
import { UnreadableCount, UnreadableRuns } from "../../../src/cli/output/damage.ts";
import { displayBody, NO_KEY } from "../../../src/cli/output/records.ts";
import { type DisplayRecord, renderRecord, type Style } from "../../../src/cli/output/render.ts";
import { eventBody } from "./event-body.ts";

const STYLE: Style = {
  format: "text",
  color: false,
  offsetMinutes: () => 0,
  me: "ana",
  stamp: "clock",
};

function record(seq: number, text: string | undefined, room = "vault"): DisplayRecord {
  const place = { seq, timeUnixMs: seq * 60_000, destination: { room }, from: "ben" };
  if (text === undefined) return { ...place, kind: "unreadable", reason: NO_KEY, sealed: true };
  return text === "joins" ? { ...place, ...eventBody("join") } : { ...place, kind: "text", text };
}

const shown = (records: readonly DisplayRecord[]) =>
  records.map((record) => renderRecord(record, STYLE).trimEnd());

test("folds a run of unreadable records into one line, across pages and joins", () => {
  const gaps = new UnreadableRuns("ana");
  const first = gaps.fold([record(1, undefined), record(2, "joins"), record(3, undefined)]);
  expect(shown(first)).toEqual(["00:02 vault * ben joined"]);
  const second = gaps.fold([record(4, undefined), record(5, "hello"), record(6, undefined)]);
  expect(shown(second)).toEqual([
    "00:04 vault * 3 encrypted messages that this device can't read",
    "00:05 #5 vault ben: hello",
  ]);
  expect(shown(gaps.remaining())).toEqual([
    "00:06 vault * 1 encrypted message that this device can't read",
  ]);
  expect(gaps.remaining()).toEqual([]);
});

test("tracks runs per room, and per conversation in both directions", () => {
  const gaps = new UnreadableRuns("ana");
  const direct = { seq: 2, timeUnixMs: 0, kind: "unreadable", reason: NO_KEY } as const;
  const folded = gaps.fold([
    record(1, undefined),
    { ...direct, destination: { to: "ben" }, from: "ana" },
    { ...direct, destination: { to: "ana" }, from: "ben" },
    record(3, "elsewhere", "lobby"),
  ]);
  expect(shown(folded)).toEqual(["00:03 #3 lobby ben: elsewhere"]);
  expect(gaps.remaining()).toMatchObject([{ count: 1 }, { count: 2 }]);
});

test("reports each run once while streaming", () => {
  const gaps = new UnreadableRuns("ana");
  const all = [undefined, undefined, "joins", undefined, "hello", undefined, undefined];
  const lines = all
    .map((text, at) => gaps.next(record(at, text)))
    .filter((record) => record !== undefined);
  expect(shown(lines).map((line) => line.replace(/^.*vault /, ""))).toEqual([
    "* encrypted messages that this device can't read",
    "* ben joined",
    "ben: hello",
    "* encrypted messages that this device can't read",
  ]);
});

test("omits changes of a wall, which a timer makes often", () => {
  const gaps = new UnreadableRuns("ana");
  const change: DisplayRecord = { ...record(1, "x"), kind: "wall" };
  expect(gaps.fold([change])).toEqual([]);
  expect(gaps.next(change)).toBeUndefined();
});

test("says which records wait for a decision about a key", () => {
  const waiting = (seq: number): DisplayRecord => {
    const place = { seq, timeUnixMs: seq * 60_000, destination: { room: "vault" } };
    const content = { seq, from: "ben", kind: "sealed", state: "whole", body: {} } as const;
    return { ...place, ...displayBody({ ...content, waitsFor: "ben" }) };
  };
  const records = [record(1, undefined), waiting(2), waiting(3), record(4, "hello")];
  const gaps = new UnreadableRuns("ana");
  expect(shown(gaps.fold(records)).map((line) => line.replace(/^.*vault /, ""))).toEqual([
    "* 1 encrypted message that this device can't read",
    "* 2 encrypted messages wait for your decision about ben's key",
    "ben: hello",
  ]);
  expect(records.flatMap((one) => gaps.next(one) ?? [])).toMatchObject([
    { kind: "gap" },
    { kind: "gap", waitsFor: "ben" },
    { kind: "text" },
  ]);
  const count = new UnreadableCount();
  count.add(records);
  expect(count.text).toBe("1 of 4 records are encrypted and unreadable on this device");
  expect(count.waitingFault).toMatchObject({ code: "incomplete" });
  expect(count.waitingFault?.remedy).toContain("chat verify-user ben --accept");
});
