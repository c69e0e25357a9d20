import { expect, test } from "bun:test";
import { READ_NOTICE_INTERVAL_MS } from "../../src/base/limits.ts";
import { ReadState } from "../../src/client/account-reader.ts";
import { ReadReporter } from "../../src/client/session.ts";
import type { RequestFields } from "../../src/wire/messages.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("counts the records after the last one that any device has read", () => {
  const state = new ReadState();
  expect([state.unread("r"), state.markRead("r", 3)]).toEqual([0, undefined]);
  state.setRoom("r", 5, 2);
  expect(state.unread("r")).toBe(3);
  state.addRecord("r", 6, { hidden: false, counts: true });
  expect(state.unread("r")).toBe(4);
  expect([state.markRead("r", 4), state.markRead("r", 3), state.unread("r")]).toEqual([
    4,
    undefined,
    2,
  ]);
  expect([state.setRoom("r", 5, 4), state.setRoom("r", 5, 1), state.unread("r")]).toEqual([
    undefined,
    4,
    1,
  ]);
  expect([state.markRead("r", 9), state.unread("r")]).toEqual([9, 0]);
  state.remove("r");
  expect(state.unread("r")).toBe(0);
});

test("marks a hidden record as read with the preceding one", () => {
  const state = new ReadState();
  state.setRoom("r", 3, 2);
  state.addRecord("r", 4, { hidden: true, counts: false });
  expect([state.markRead("r", 3), state.unread("r")]).toEqual([4, 0]);
});

test("reports the last read record of each room at intervals, while connected", async () => {
  const clock = new VirtualClock();
  const sent: [string, number][] = [];
  const link = {
    isClosed: true,
    requestThen: (_: string, fields: object) => {
      const { room, n } = fields as RequestFields<"read">;
      sent.push([room, n]);
    },
  };
  const reporter = new ReadReporter(clock, () => undefined);
  reporter.connected(link);
  for (let n = 1; n <= 100; n++) reporter.report("r", n);
  reporter.report("r", 7);
  reporter.report("s", 1);
  await clock.advance(READ_NOTICE_INTERVAL_MS - 1);
  expect(sent).toEqual([]);
  await clock.advance(1);
  link.isClosed = false;
  reporter.flush();
  expect(sent).toEqual([
    ["r", 100],
    ["s", 1],
  ]);
  reporter.report("r", 101);
  reporter.clear();
  await clock.advance(2 * READ_NOTICE_INTERVAL_MS);
  expect(sent).toHaveLength(2);
});

test("reports nothing before the server's history is compared, also on the next link", async () => {
  const clock = new VirtualClock();
  const sent: unknown[] = [];
  const newLink = () => ({
    isClosed: false,
    requestThen: (_: string, fields: object) => void sent.push(fields),
  });
  let audit: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  const reporter = new ReadReporter(clock, () => audit?.promise);
  const first = newLink();
  reporter.connected(first);
  reporter.report("r", 7);
  await clock.advance(READ_NOTICE_INTERVAL_MS);
  reporter.flush();
  // The link is lost, which ends the audit.
  const lost = audit;
  audit = Promise.withResolvers();
  lost.resolve();
  await clock.advance(1);
  first.isClosed = true;
  reporter.connected(newLink());
  await clock.advance(READ_NOTICE_INTERVAL_MS);
  expect(sent).toEqual([]);
  const { resolve } = audit;
  audit = undefined;
  resolve();
  await clock.advance(1);
  expect(sent).toEqual([{ room: "r", n: 7 }]);
});
