/** Replies in the threads of a room, from which the server counts the unread ones. */

import type { UserId } from "../../base/ids.ts";
import { isCountedAuthor, type UnreadReader } from "./counted.ts";

/**
 * Threads of a room, the last answered one last. Each takes about 100 bytes.
 * @internal
 */
export const COUNTED_THREADS_MAX = 200;
/**
 * Counted replies in a thread. Users do not need a larger number.
 * @internal
 */
export const COUNTED_REPLIES_MAX = 100;

export interface Thread {
  /** Author of the root; `undefined` if the root was no longer counted at the first reply. */
  readonly starter?: UserId | undefined;
  /** Seq and author of each reply that is not erased, the newest last. */
  readonly replies: readonly (readonly [number, UserId])[];
}

/** Threads by the seq of their root. */
export type Threads = Map<number, Thread>;

export interface ThreadCount {
  /** Replies of others after the read position. */
  readonly unread: number;
  /** Seq of the newest reply; the root's without one. */
  readonly last: number;
}

export function addReply(
  threads: Threads,
  root: number,
  reply: readonly [number, UserId],
  starter: UserId | undefined,
): void {
  const known = threads.get(root) ?? { starter, replies: [] };
  const replies = [...known.replies, reply].slice(-COUNTED_REPLIES_MAX);
  threads.delete(root);
  threads.set(root, { ...known, replies });
  if (threads.size > COUNTED_THREADS_MAX) dropOne(threads);
}

/**
 * Drops the oldest of the threads whose repliers reply in most threads. A thread counts for the one
 * of its repliers who replies in the fewest, so that a flood displaces no thread of others.
 */
function dropOne(threads: Threads): void {
  const repliers = [...threads].map(
    ([root, { replies }]) => [root, new Set(replies.map(([, by]) => by))] as const,
  );
  const counts = new Map<UserId, number>();
  for (const [, users] of repliers)
    for (const user of users) counts.set(user, (counts.get(user) ?? 0) + 1);
  let dropped: { readonly root: number; readonly count: number } | undefined;
  for (const [root, users] of repliers) {
    const count = Math.min(...[...users].map((user) => counts.get(user) ?? 0));
    if (dropped === undefined || count > dropped.count) dropped = { root, count };
  }
  if (dropped !== undefined) threads.delete(dropped.root);
}

/**
 * Leaves the state that a restart would build, because a start never reads erased records.
 * @returns the threads that lost replies, as they were before
 */
export function removeReplies(
  threads: Threads,
  erased: ReadonlySet<number>,
): ReadonlyMap<number, Thread> {
  const changed = new Map<number, Thread>();
  for (const [root, thread] of threads) {
    if (!thread.replies.some(([seq]) => erased.has(seq))) continue;
    changed.set(root, thread);
    const replies = thread.replies.filter(([seq]) => !erased.has(seq));
    if (replies.length === 0) threads.delete(root);
    else threads.set(root, { ...thread, replies });
  }
  if (changed.size === 0) return changed;
  const ordered = [...threads].sort(([, a], [, b]) => lastSeq(a) - lastSeq(b));
  threads.clear();
  for (const [root, thread] of ordered) threads.set(root, thread);
  return changed;
}

function lastSeq({ replies }: Thread): number {
  return replies.at(-1)?.[0] ?? 0;
}

export function countReplies(
  threads: ReadonlyMap<number, Thread>,
  root: number,
  read: number,
  reader: UnreadReader<UserId>,
): ThreadCount {
  const replies = threads.get(root)?.replies ?? [];
  const unread = replies.filter(([seq, by]) => seq > read && isCountedAuthor(by, reader));
  return { unread: unread.length, last: replies.at(-1)?.[0] ?? root };
}

/**
 * Returns the threads of the user's messages and those in which the user has replied, each with the
 * seq up to which the user has read it at least.
 */
export function* threadsWith(
  threads: ReadonlyMap<number, Thread>,
  user: UserId,
): Generator<readonly [root: number, read: number]> {
  for (const [root, { starter, replies }] of threads) {
    const own = replies.findLast(([, by]) => by === user)?.[0];
    if (own !== undefined || starter === user) yield [root, own ?? root];
  }
}
