import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import {
  addReply,
  COUNTED_REPLIES_MAX,
  COUNTED_THREADS_MAX,
  countReplies,
  removeReplies,
  type Threads,
  threadsWith,
} from "../../../src/core/rooms/threads.ts";

const user = (letter: string) => `u${letter.repeat(11)}` as UserId;
const [ANA, BEN, CID, EVE] = ["A", "B", "C", "E"].map(user) as [UserId, UserId, UserId, UserId];
const asAna = { id: ANA, ignored: new Set<UserId>() };

test("counts the replies of others after the read position", () => {
  const threads: Threads = new Map();
  for (const [seq, by] of [
    [3, BEN],
    [4, ANA],
    [5, BEN],
    [6, BEN],
  ] as const)
    addReply(threads, 2, [seq, by], ANA);
  expect(countReplies(threads, 2, 2, asAna)).toEqual({ unread: 3, last: 6 });
  expect(countReplies(threads, 2, 5, asAna)).toEqual({ unread: 1, last: 6 });
  const ignoring = { ...asAna, ignored: new Set([BEN]) };
  expect(countReplies(threads, 2, 2, ignoring)).toEqual({ unread: 0, last: 6 });
  removeReplies(threads, new Set([6, 99]));
  expect(countReplies(threads, 2, 4, asAna)).toEqual({ unread: 1, last: 5 });
  expect(countReplies(threads, 7, 0, asAna)).toEqual({ unread: 0, last: 7 });
});

test("leaves the same threads after an erasure as without the erased replies", () => {
  const replies = [
    [2, 4],
    [3, 5],
    [2, 6],
    [7, 8],
  ] as const;
  const threadsOf = (erased: readonly number[]) => {
    const threads: Threads = new Map();
    for (const [root, seq] of replies)
      if (!erased.includes(seq)) addReply(threads, root, [seq, BEN], ANA);
    return threads;
  };
  const threads = threadsOf([]);
  removeReplies(threads, new Set([6, 8]));
  expect([...threads]).toEqual([...threadsOf([6, 8])]);
});

test("knows the threads of the user's messages, and those in which the user replied", () => {
  const threads: Threads = new Map();
  addReply(threads, 2, [3, BEN], ANA);
  addReply(threads, 4, [5, BEN], BEN);
  addReply(threads, 4, [6, ANA], BEN);
  addReply(threads, 4, [7, BEN], BEN);
  addReply(threads, 8, [9, BEN], undefined);
  expect([...threadsWith(threads, ANA)]).toEqual([
    [2, 2],
    [4, 6],
  ]);
});

test("forgets the oldest replies, and the threads that were answered longest ago", () => {
  const threads: Threads = new Map();
  for (let seq = 1; seq <= COUNTED_REPLIES_MAX + 1; seq++) addReply(threads, 1, [seq, BEN], ANA);
  expect(countReplies(threads, 1, 0, asAna).unread).toBe(COUNTED_REPLIES_MAX);
  for (let root = 1_000; root < 1_000 + COUNTED_THREADS_MAX - 1; root++)
    addReply(threads, root, [root + 1, BEN], ANA);
  expect(threads.size).toBe(COUNTED_THREADS_MAX);
  addReply(threads, 1, [5_000, BEN], ANA);
  addReply(threads, 6_000, [6_001, BEN], ANA);
  expect([threads.size, threads.has(1), threads.has(1_000)]).toEqual([
    COUNTED_THREADS_MAX,
    true,
    false,
  ]);
});

test("no member's threads displace those in which others reply", () => {
  const flood = (threads: Threads, by: UserId, first: number, starter?: UserId) => {
    for (let root = first; root < first + 2 * COUNTED_THREADS_MAX; root += 2)
      addReply(threads, root, [root + 1, by], starter);
  };
  const threads: Threads = new Map();
  addReply(threads, 1, [2, BEN], ANA);
  addReply(threads, 3, [4, EVE], ANA);
  addReply(threads, 3, [5, BEN], ANA);
  flood(threads, EVE, 1_000);
  flood(threads, EVE, 5_000, ANA);
  flood(threads, CID, 9_000);
  expect([threads.has(1), threads.has(3), threads.size]).toEqual([true, true, COUNTED_THREADS_MAX]);
  const counts = [EVE, CID].map((user) => [...threadsWith(threads, user)].length);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(COUNTED_THREADS_MAX / 2 - 1);
  // The newest of a member stay.
  expect([threads.has(9_000), threads.has(9_000 + 2 * COUNTED_THREADS_MAX - 2)]).toEqual([
    false,
    true,
  ]);
});
