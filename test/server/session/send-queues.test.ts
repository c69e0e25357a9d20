import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import {
  SEND_QUEUE_BYTES_MAX,
  SEND_QUEUES_CHECK_MS,
  SEND_QUEUES_PER_ACCOUNT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { SendQueues } from "../../../src/server/session/send-queues.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const ANA = "uAAAAAAAAAAA" as UserId;

/** Sessions of one account, with the bytes that their links have queued. */
class Account {
  readonly time = new VirtualClock();
  queued: readonly number[] = [];
  readonly dropped = new Set<number>();
  readonly queues = new SendQueues({
    clock: this.time,
    sessionsOf: () =>
      this.queued.flatMap((bytes, i) =>
        this.dropped.has(i)
          ? []
          : [
              {
                link: { queuedBytes: () => bytes },
                dropSlowReader: () => void this.dropped.add(i),
              },
            ],
      ),
  });

  async check(queued: readonly number[]): Promise<number[]> {
    this.queued = queued;
    this.dropped.clear();
    this.queues.onLogin(ANA);
    await this.time.advance(SEND_QUEUES_CHECK_MS);
    return [...this.dropped].sort((a, b) => a - b);
  }
}

test("closes the links with the longest queues of an account beyond its limit", async () => {
  const it = new Account();
  const share = SEND_QUEUES_PER_ACCOUNT_BYTES_MAX / 16;
  const even = Array.from({ length: 16 }, () => share);
  expect(await it.check(even)).toEqual([]);
  expect(await it.check([...even.slice(1), share + 1])).toEqual([15]);
  const few = [...even.slice(4), ...Array.from({ length: 4 }, () => 2 * share)];
  expect(await it.check(few)).toEqual([12, 13]);
});

test("checks no account with as few sessions as their own limits allow", async () => {
  const it = new Account();
  expect(await it.check(Array.from({ length: 8 }, () => SEND_QUEUE_BYTES_MAX))).toEqual([]);
  expect(it.time.pendingTimers).toBe(0);
  expect(await it.check(Array.from({ length: 9 }, () => SEND_QUEUE_BYTES_MAX))).toEqual([0]);
  await it.time.advance(SEND_QUEUES_CHECK_MS);
  expect(it.time.pendingTimers).toBe(0);
});
