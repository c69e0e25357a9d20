import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import {
  TIMELINE_ROOMS_MAX,
  Timeline,
  type TimelineEffect,
  type TimelineInput,
} from "../../../src/core/client/timeline.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { sampleSize } from "../../samples.ts";

const room = (n: number, skipped = 0, id = "a", behind = false): TimelineInput => ({
  kind: "room",
  room: id,
  n,
  skipped,
  behind,
});
const record = (n: number, seq: number, id = "a"): TimelineInput => ({
  kind: "record",
  room: id,
  n,
  seq,
});
const connected = (after?: number): TimelineInput => ({ kind: "connected", after });
const caughtUp = (seq: number): TimelineInput => ({ kind: "caught-up", seq });

function feed(timeline: Timeline, ...inputs: TimelineInput[]): TimelineEffect[] {
  return inputs.flatMap((input) => timeline.handle(input));
}

const timelineTest = fixtureTest(() => new Timeline());

describe("timeline", () => {
  test("requests everything again if the link was lost while older records arrived", () => {
    const timeline = new Timeline();
    feed(timeline, connected(), room(1), record(1, 10), room(1, 0, "b", true), caughtUp(11));
    expect(timeline.after).toBe(0);
  });

  test("starts with cursor 0 at a server without records", () => {
    expect(feed(new Timeline(), connected(), caughtUp(0))).toEqual([{ kind: "cursor", seq: 0 }]);
  });

  timelineTest("returns the next record and advances the cursor after catching up", (timeline) => {
    expect(feed(timeline, connected(), room(1), record(1, 10), record(2, 12))).toEqual([
      { kind: "show" },
      { kind: "show" },
    ]);
    expect(timeline.after).toBeUndefined();
    expect(feed(timeline, caughtUp(15), record(3, 20))).toEqual([
      { kind: "cursor", seq: 15 },
      { kind: "show" },
      { kind: "cursor", seq: 20 },
    ]);
    expect(timeline.after).toBe(20);
  });

  timelineTest("drops records repeated by a new link", (timeline) => {
    feed(timeline, connected(), room(1), record(1, 10), record(2, 12));
    expect(feed(timeline, connected(), room(1), record(1, 10), record(2, 12))).toEqual([]);
    expect(feed(timeline, record(3, 13))).toEqual([{ kind: "show" }]);
  });

  timelineTest("reports skipped records and the number of unread ones", (timeline) => {
    expect(feed(timeline, connected(5), room(60, 50))).toEqual([
      { kind: "skipped", room: "a", count: 50 },
    ]);
    feed(timeline, record(60, 100), caughtUp(100), connected(50));
    expect(feed(timeline, room(90, 80))).toEqual([{ kind: "skipped", room: "a", count: 29 }]);
  });

  timelineTest("requests a gap again once, then accepts it", (timeline) => {
    feed(timeline, connected(), room(1), record(1, 10), caughtUp(10), record(2, 11));
    feed(timeline, room(1, 0, "b"), record(1, 30, "b"));
    expect(timeline.after).toBe(30);
    expect(feed(timeline, record(4, 31))).toEqual([
      { kind: "gap", room: "a", expected: 3, received: 4, again: false },
    ]);
    expect(timeline.after).toBe(11);
    expect(feed(timeline, connected(11), room(4))).toEqual([
      { kind: "gap", room: "a", expected: 3, received: 4, again: true },
    ]);
  });

  timelineTest("forgets a gap that the next link fills, and no other", (other) => {
    feed(other, connected(), room(1), record(1, 10), caughtUp(10), record(3, 12));
    feed(other, connected(10), room(2), caughtUp(12));
    expect([other.after, feed(other, record(3, 13))[0]]).toMatchObject([10, { again: true }]);
    const timeline = new Timeline();
    feed(timeline, connected(), room(1), record(1, 10), caughtUp(10), record(3, 12));
    const effects = feed(timeline, connected(10), room(2), record(2, 11), record(3, 12));
    expect(effects).toEqual([{ kind: "show" }, { kind: "show" }]);
    feed(timeline, caughtUp(12));
    expect(timeline.after).toBe(12);
    expect(feed(timeline, record(5, 14))).toMatchObject([{ kind: "gap", again: false }]);
  });

  timelineTest("holds the cursor while a room catches up", (timeline) => {
    feed(timeline, connected(), room(1), record(1, 10), caughtUp(10));
    feed(timeline, room(1, 0, "b", true));
    expect(feed(timeline, record(2, 40))).toEqual([{ kind: "show" }]);
    expect(feed(timeline, record(1, 20, "b"), record(2, 30, "b"))).toEqual([
      { kind: "show" },
      { kind: "show" },
    ]);
    expect(timeline.after).toBe(10);
    expect(feed(timeline, room(3, 0, "b"))).toEqual([{ kind: "cursor", seq: 40 }]);
    expect(feed(timeline, record(4, 50, "b"))).toMatchObject([{ kind: "gap", expected: 3 }]);
  });

  timelineTest("misses no record of a new room after a lost link", (timeline) => {
    feed(timeline, connected(), room(1), record(1, 10), caughtUp(10));
    feed(timeline, room(1, 0, "b", true), record(1, 20, "b"), record(2, 40));
    expect(timeline.after).toBe(10);
    feed(timeline, connected(10), room(2), record(2, 40), room(1, 0, "b"));
    expect(feed(timeline, record(1, 20, "b"), record(2, 30, "b"))).toEqual([{ kind: "show" }]);
    expect(feed(timeline, caughtUp(40))).toEqual([{ kind: "cursor", seq: 40 }]);
  });

  timelineTest("advances the cursor if a new room was left during a lost link", (timeline) => {
    feed(timeline, connected(), room(1), record(1, 10), caughtUp(10), room(1, 0, "b", true));
    expect(feed(timeline, connected(10), room(2), caughtUp(30))).toEqual([
      { kind: "cursor", seq: 30 },
    ]);
  });

  timelineTest("ignores records of rooms that this link has not sent", (timeline) => {
    feed(timeline, connected(), room(1), record(1, 10), caughtUp(10), connected(10));
    expect(feed(timeline, record(2, 11))).toEqual([]);
  });

  timelineTest("ends with a removed room, and restarts if it is recreated", (timeline) => {
    feed(timeline, connected(), room(1), record(1, 10), caughtUp(10));
    expect(feed(timeline, { kind: "gone", room: "a" }, record(2, 11))).toEqual([]);
    expect(feed(timeline, room(9), record(9, 20))[0]).toEqual({ kind: "show" });
  });

  timelineTest("forgets a room that the next link does not mention", (timeline) => {
    feed(timeline, connected(), room(1), record(1, 10), caughtUp(10));
    feed(timeline, connected(10), caughtUp(50));
    expect(feed(timeline, room(40))).toEqual([]);
  });

  timelineTest("decreases the cursor after a server was restored from a backup", (timeline) => {
    feed(timeline, connected(), caughtUp(100), connected(100));
    expect(feed(timeline, caughtUp(40))).toEqual([{ kind: "cursor", seq: 40 }]);
  });

  timelineTest("limits the rooms", (timeline) => {
    const input = (i: number) => ({ kind: "room", room: `r${i}`, n: 1, skipped: 0 }) as const;
    for (let i = 0; i < TIMELINE_ROOMS_MAX; i++) timeline.handle(input(i));
    expect(() => timeline.handle(input(-1))).toThrow(Fault);
  });
});

const world = fc.record({
  log: fc.array(fc.constantFrom("a", "b"), { maxLength: 60 }),
  links: fc.array(
    fc.record({
      grown: fc.integer({ min: 0, max: 60 }),
      order: fc.array(fc.boolean(), { maxLength: 60 }),
      cutAfter: fc.integer({ min: 0, max: 130 }),
    }),
    { maxLength: 6 },
  ),
});

interface LogEntry {
  readonly room: string;
  readonly seq: number;
  readonly n: number;
}

function numbered(rooms: readonly string[]): LogEntry[] {
  const last = new Map<string, number>();
  return rooms.map((id, index) => {
    const n = (last.get(id) ?? 0) + 1;
    last.set(id, n);
    return { room: id, seq: index + 1, n };
  });
}

function sendable(
  log: readonly LogEntry[],
  present: number,
  after: number,
  order: readonly boolean[],
) {
  const missed = log.slice(0, present).filter(({ seq }) => seq > after);
  const queues = ["a", "b"].map((id) => missed.filter((entry) => entry.room === id));
  const inputs: TimelineInput[] = ["a", "b"].map((id) => {
    const before = log.filter((entry) => entry.room === id && entry.seq <= after).length;
    return { kind: "room", room: id, n: before + 1, skipped: 0 };
  });
  let turn = 0;
  while (queues.some((queue) => queue.length > 0)) {
    const first = order[turn++ % Math.max(1, order.length)] === true ? 0 : 1;
    const entry = queues[first]?.shift() ?? queues[1 - first]?.shift();
    if (entry !== undefined) inputs.push({ kind: "record", ...entry });
  }
  inputs.push(caughtUp(present));
  for (const entry of log.slice(present)) inputs.push({ kind: "record", ...entry });
  return inputs;
}

test("returns each record once and in order over any links, without gaps", () =>
  fc.assert(
    fc.property(world, ({ log: rooms, links }) => {
      const log = numbered(rooms);
      const timeline = new Timeline();
      const displayed: LogEntry[] = [];
      const calm = { grown: log.length, order: [], cutAfter: Number.POSITIVE_INFINITY };
      let present = 0;
      for (const link of [...links, calm]) {
        present = Math.max(present, Math.min(link.grown, log.length));
        const after = timeline.after;
        timeline.handle({ kind: "connected", after });
        const inputs = sendable(log, present, after ?? 0, link.order);
        for (const input of inputs.slice(0, link.cutAfter)) {
          for (const effect of timeline.handle(input)) {
            expect(effect.kind).not.toBe("gap");
            expect(effect.kind).not.toBe("skipped");
            if (effect.kind === "show" && input.kind === "record") displayed.push(input);
          }
        }
        const cursor = timeline.after ?? 0;
        const seen = new Set(displayed.map(({ seq }) => seq));
        for (let seq = 1; seq <= cursor; seq++) expect(seen.has(seq)).toBe(true);
        present = Math.max(present, cursor);
      }
      for (const id of ["a", "b"]) {
        const of = (entries: readonly LogEntry[]) =>
          entries.filter((entry) => entry.room === id).map(({ n }) => n);
        expect(of(displayed)).toEqual(of(log));
      }
    }),
    { numRuns: sampleSize(2_000, 10_000) },
  ));
