import { expect, test } from "bun:test";
import { REQUESTS_BURST, REQUESTS_PER_SECOND } from "../../../src/base/limits.ts";
import { BulkRequests } from "../../../src/client/link/bulk.ts";
import { TokenBucket } from "../../../src/core/rate.ts";

const COUNT = 3 * REQUESTS_BURST;
const items = Array.from({ length: COUNT }, (_, i) => i);

/** Time passes only while a request must wait. */
function waitingClock() {
  let now = 0;
  return {
    now: () => now,
    after: (delayMs: number, callback: () => void) => {
      now += delayMs;
      queueMicrotask(callback);
      return () => {};
    },
  };
}

test("never exceeds what a server accepts from one client", async () => {
  const clock = waitingClock();
  const server = new TokenBucket(REQUESTS_PER_SECOND, REQUESTS_BURST, clock.now());
  const refused: number[] = [];
  const sent: number[] = [];
  const send = (item: number) => {
    if (server.take(clock.now()) > 0) refused.push(item);
    return Promise.resolve(item);
  };
  for await (const { item, answer } of new BulkRequests(clock).each(items, send)) {
    expect(answer).toBe(item);
    sent.push(item);
  }
  expect(refused).toEqual([]);
  expect(sent).toEqual(items);
});

test("continues after a refused request and keeps the order", async () => {
  const send = (item: number) => {
    return item % 2 === 0 ? Promise.resolve(item) : Promise.reject(new Error(`no ${item}`));
  };
  const outcomes: unknown[] = [];
  for await (const outcome of new BulkRequests(waitingClock()).each([0, 1, 2], send)) {
    outcomes.push(outcome);
  }
  expect(outcomes).toEqual([
    { item: 0, answer: 0 },
    { item: 1, fault: new Error("no 1") },
    { item: 2, answer: 2 },
  ]);
});
