import { expect, test } from "bun:test";
import {
  SEND_QUEUE_BYTES_MAX,
  SEND_QUEUES_BYTES_MAX,
  SEND_QUEUES_CHECK_MS,
  SEND_QUEUES_PER_ACCOUNT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { SendQueues } from "../../../src/server/session/send-queues.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

/** Accounts with the bytes that their links have queued. */
class Site {
  readonly time = new VirtualClock();
  #clients: { sender: string; link: { queuedBytes(): number }; dropSlowReader(): void }[] = [];
  readonly dropped: string[] = [];
  readonly queues: SendQueues;

  constructor() {
    const clients = () => this.#clients;
    this.queues = new SendQueues({
      clock: this.time,
      clients: {
        get count() {
          return clients().length;
        },
        all: clients,
      },
    });
  }

  /** Returns the accounts and numbers of the links that a check closes. */
  async check(queued: Readonly<Record<string, readonly number[]>>): Promise<string[]> {
    this.dropped.length = 0;
    this.#clients = Object.entries(queued).flatMap(([sender, lengths]) =>
      lengths.map((bytes, i) => ({
        sender,
        link: { queuedBytes: () => bytes },
        dropSlowReader: () => {
          this.dropped.push(`${sender}${i}`);
        },
      })),
    );
    this.queues.onLink();
    await this.time.advance(SEND_QUEUES_CHECK_MS);
    return this.dropped.toSorted();
  }
}

test("closes the links with the longest queues of an account beyond its limit", async () => {
  const it = new Site();
  const share = SEND_QUEUES_PER_ACCOUNT_BYTES_MAX / 16;
  const even = Array.from({ length: 16 }, () => share);
  expect(await it.check({ ana: even })).toEqual([]);
  expect(await it.check({ ana: [...even.slice(1), share + 1], ben: even })).toEqual(["ana15"]);
  const few = [...even.slice(4), ...Array.from({ length: 4 }, () => 2 * share)];
  expect(await it.check({ ana: few })).toEqual(["ana14", "ana15"]);
});

test("closes links of the accounts with most queued bytes beyond the limit of all", async () => {
  const it = new Site();
  const many = Array.from({ length: 8 }, () => SEND_QUEUE_BYTES_MAX);
  const eight = Object.fromEntries("abcdefgh".split("").map((account) => [account, many]));
  const total = 8 * 8 * SEND_QUEUE_BYTES_MAX;
  expect(total).toBe(SEND_QUEUES_BYTES_MAX);
  expect(await it.check(eight)).toEqual([]);
  // An account that is within its share loses nothing.
  const closed = await it.check({ ...eight, small: [SEND_QUEUE_BYTES_MAX, 1] });
  expect(closed).toHaveLength(2);
  expect(closed.filter((link) => link.startsWith("small"))).toEqual([]);
});

test("checks nothing while few links are open", async () => {
  const it = new Site();
  expect(await it.check({ ana: Array.from({ length: 8 }, () => 1) })).toEqual([]);
  expect(it.time.pendingTimers).toBe(0);
  await it.check({ ana: Array.from({ length: 9 }, () => 1) });
  expect(it.time.pendingTimers).toBe(1);
  await it.check({});
  expect(it.time.pendingTimers).toBe(0);
});
