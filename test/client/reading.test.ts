import { expect, test } from "bun:test";
import { READ_NOTICE_INTERVAL_MS } from "../../src/base/limits.ts";
import { ReadState } from "../../src/client/read-state.ts";
import { ReadReporter } from "../../src/client/reading.ts";
import type { RequestFields } from "../../src/wire/messages.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("counts the records after the last one that any device has read", () => {
  const state = new ReadState();
  expect([state.unread("r"), state.read("r", 3)]).toEqual([0, undefined]);
  state.room("r", 5, 2);
  expect(state.unread("r")).toBe(3);
  state.record("r", 6, { hidden: false, counts: true });
  expect(state.unread("r")).toBe(4);
  expect([state.read("r", 4), state.read("r", 3), state.unread("r")]).toEqual([4, undefined, 2]);
  state.room("r", 5, 1); // Another link tells of it, and knows less.
  expect(state.unread("r")).toBe(1);
  expect([state.read("r", 9), state.unread("r")]).toEqual([9, 0]);
  state.gone("r");
  expect(state.unread("r")).toBe(0);
});

test("marks a hidden record as read with the one before it", () => {
  const state = new ReadState();
  state.room("r", 3, 2);
  state.record("r", 4, { hidden: true, counts: false });
  expect([state.read("r", 3), state.unread("r")]).toEqual([4, 0]);
});

test("reports the last read record of each room at intervals, with a link only", async () => {
  const clock = new VirtualClock();
  const sent: [string, number][] = [];
  const link = {
    isClosed: true,
    askThen: (_: string, fields: object) => {
      const { room, n } = fields as RequestFields<"read">;
      sent.push([room, n]);
    },
  };
  const reporter = new ReadReporter(clock);
  reporter.connected(link);
  for (let n = 1; n <= 100; n++) reporter.note("r", n);
  reporter.note("r", 7);
  reporter.note("s", 1);
  await clock.advance(READ_NOTICE_INTERVAL_MS - 1);
  expect(sent).toEqual([]);
  await clock.advance(1);
  link.isClosed = false;
  reporter.flush();
  expect(sent).toEqual([
    ["r", 100],
    ["s", 1],
  ]);
  reporter.note("r", 101);
  reporter.clear();
  await clock.advance(2 * READ_NOTICE_INTERVAL_MS);
  expect(sent).toHaveLength(2);
});
