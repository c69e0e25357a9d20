/** The last stream message applied to disk, and finding it again. */

import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_ANSWER_MS, CLUSTER_STALLED_MS } from "../../base/limits-cluster.ts";
import { type Clock, delay } from "../clock.ts";
import type { Stream } from "./stream.ts";
import { markOf } from "./stream-reader.ts";

/** Up to where a node has applied the stream, and how long its logs were then. */
export interface Position {
  readonly seq: number;
  readonly history: number;
  readonly accounts: number;
  /** Which message stands at `seq`; left out: not known. */
  readonly mark?: string;
  /** A log from before the cluster is being copied into the stream, and is not whole yet. */
  readonly isFilling?: true;
}

export const NOWHERE: Position = { seq: 0, history: 0, accounts: 0 };

/** Between two of these a node applies so many messages. */
export const KEEP_EVERY = 1_000;
/** Older ones serve a stream that has lost more than it could between two of them. */
const KEPT_MAX = 16;
const ASK_EVERY_MS = 50;

/** @param kept oldest first @returns the same with one more */
export function withPosition(kept: readonly Position[], at: Position): Position[] {
  const before = kept.filter(({ seq }) => seq < at.seq);
  const [last, former] = [before.at(-1), before.at(-2)];
  // Each stop keeps one, too: those would push the older ones out.
  if (last !== undefined && at.seq - (former?.seq ?? 0) < KEEP_EVERY) before.pop();
  return [...before, at].slice(-KEPT_MAX);
}

export interface PositionParts {
  readonly stream: Pick<Stream, "get" | "last">;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

async function late(clock: Clock): Promise<undefined> {
  await delay(clock, CLUSTER_ANSWER_MS);
  return undefined;
}

/**
 * The last of them at which the stream still is what this node has applied.
 * @param kept oldest first
 * @throws Fault no-majority
 */
export async function lastCommon(
  kept: readonly Position[],
  { stream, clock, sha256 }: PositionParts,
): Promise<Position> {
  const last = await stream.last();
  for (const position of kept.toReversed()) {
    const { seq, mark } = position;
    if (seq > last) continue;
    if (seq === 0 || mark === undefined) return position;
    // Who is asked may hang: then another one is asked.
    const ask = () => Promise.race([stream.get(seq), late(clock)]);
    let found = await ask();
    const until = clock.now() + 2 * CLUSTER_STALLED_MS;
    while (found === undefined && clock.now() < until) {
      await delay(clock, ASK_EVERY_MS); // A copy that lags.
      found = await ask();
    }
    // One that was deleted says nothing against what follows it.
    if (found === undefined || markOf(found, sha256) === mark) return position;
  }
  return NOWHERE;
}
