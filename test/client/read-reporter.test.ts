import { expect, test } from "bun:test";
import { READ_NOTICE_INTERVAL_MS } from "../../src/base/limits.ts";
import { ReadReporter } from "../../src/client/session.ts";
import type { RequestFields } from "../../src/wire/messages.ts";
import { VirtualClock } from "./virtual-clock.ts";

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
  for (let n = 1; n <= 100; n++) reporter.report("r", { n });
  reporter.report("r", { n: 7 });
  reporter.report("s", { n: 1 });
  await clock.advance(READ_NOTICE_INTERVAL_MS - 1);
  expect(sent).toEqual([]);
  await clock.advance(1);
  link.isClosed = false;
  reporter.flush();
  expect(sent).toEqual([
    ["r", 100],
    ["s", 1],
  ]);
  reporter.report("r", { n: 101 });
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
  reporter.report("r", { n: 7 });
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

test("reports calls beyond the position once, with the position", async () => {
  const clock = new VirtualClock();
  const sent: unknown[] = [];
  const requestThen = (_: string, fields: object) => void sent.push(fields);
  const reporter = new ReadReporter(clock, () => undefined);
  reporter.connected({ isClosed: false, requestThen });
  reporter.report("r", { n: 3, calls: [8] });
  reporter.report("r", { n: 4, calls: [9] });
  await clock.advance(READ_NOTICE_INTERVAL_MS);
  reporter.report("r", { n: 5 });
  await clock.advance(READ_NOTICE_INTERVAL_MS);
  expect(sent).toEqual([
    { room: "r", n: 4, calls: [8, 9] },
    { room: "r", n: 5 },
  ]);
});
