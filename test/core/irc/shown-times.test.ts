import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { RoomId } from "../../../src/base/ids.ts";
import {
  BURST_MAX,
  BURST_MS,
  LiveTimes,
  ShownTimes,
  type TimedRecord,
} from "../../../src/core/irc/shown-times.ts";

const ROOM = "room" as RoomId;

function shown(records: readonly TimedRecord[], after: readonly TimedRecord[] = []) {
  const times = new ShownTimes();
  for (const record of after) times.next(record);
  return records.map((record) => times.next(record));
}

function records(kinds: string, times: readonly number[]): TimedRecord[] {
  return times.map((timeUnixMs, i) => {
    return { seq: i + 1, kind: kinds[i % kinds.length] === "m" ? "text" : "join", timeUnixMs };
  });
}

describe("shown times", () => {
  test("messages of one millisecond are two milliseconds apart", () => {
    expect(shown(records("m", [9, 50, 50, 50, 53, 90]))).toEqual([9, 50, 52, 54, 56, 90]);
  });

  test("another record lies between the messages around it", () => {
    expect(shown(records("me", [50, 50, 50, 51, 52, 60]))).toEqual([50, 51, 52, 53, 54, 59]);
    expect(shown(records("em", [50, 50, 0, 0]))).toEqual([49, 50, 0, 0]);
  });

  test("a clock that was wrong no longer counts", () => {
    expect(shown(records("m", [9_000, 9_000, 50, 50]))).toEqual([9_000, 9_002, 50, 52]);
  });

  test("a longer burst is shown at most BURST_MS late", () => {
    const all = shown(records("m", Array(BURST_MAX + 2).fill(50)));
    expect(new Set(all).size).toBe(BURST_MAX);
    expect(all.at(-1)).toBeLessThan(50 + BURST_MS);
  });

  const BURST = fc.array(
    fc.record({ isMessage: fc.boolean(), ms: fc.constantFrom(0, 0, 0, 1, 3) }),
    { maxLength: BURST_MAX },
  );

  test("no message shares its time, and a part of the history has the same times", () => {
    fc.assert(
      fc.property(BURST, fc.nat(BURST_MAX), (burst, from) => {
        let timeUnixMs = 1_000;
        const all = burst.map(({ isMessage, ms }, seq) => {
          timeUnixMs += ms;
          return { seq, kind: isMessage ? "text" : "join", timeUnixMs };
        });
        const times = shown(all);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        const messages = times.filter((_, i) => all[i]?.kind === "text");
        for (const time of messages)
          expect(times.filter((other) => other === time)).toHaveLength(1);
        const before = all.slice(0, from).filter(({ kind }) => kind === "text");
        expect(shown(all.slice(from), before)).toEqual(times.slice(from));
      }),
    );
  });
});

test("live times do not depend on who requests them first", () => {
  const live = new LiveTimes();
  const burst = records("m", [50, 50, 50]);
  expect(burst.map((record) => live.of(ROOM, record))).toEqual([50, 52, 54]);
  expect(burst.map((record) => live.of(ROOM, record))).toEqual([50, 52, 54]);
  expect(live.of("other" as RoomId, { seq: 4, kind: "text", timeUnixMs: 50 })).toBe(50);
});
