/** Position of the last stream message applied to disk, and how to find it again. */

import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_ANSWER_TIMEOUT_MS, CLUSTER_STALLED_MS } from "../../base/limits-cluster.ts";
import { type Clock, delay, within } from "../clock.ts";
import type { Stream } from "./stream.ts";
import { markOf } from "./stream-reader.ts";

/** Position up to which a node has applied the stream, and the length of its logs then. */
export interface Position {
  readonly seq: number;
  readonly history: number;
  readonly accounts: number;
  /** Mark of the message at `seq`; `undefined` if unknown. */
  readonly mark?: string;
  /** A log from before the cluster is being copied into the stream and is incomplete. */
  readonly isFilling?: true;
}

export const NOWHERE: Position = { seq: 0, history: 0, accounts: 0 };

/** Messages applied between two stored positions. */
export const KEEP_EVERY = 1_000;
/** Older positions help with a stream that has lost more than the distance between two of them. */
const KEPT_MAX = 16;
const ASK_EVERY_MS = 50;

/**
 * @param kept oldest first
 * @returns the same with one more
 */
export function withPosition(kept: readonly Position[], at: Position): Position[] {
  const before = kept.filter(({ seq }) => seq < at.seq);
  const [last, former] = [before.at(-1), before.at(-2)];
  // Each stop stores one, too; those would push out the older ones.
  if (last !== undefined && at.seq - (former?.seq ?? 0) < KEEP_EVERY) before.pop();
  return [...before, at].slice(-KEPT_MAX);
}

export interface PositionParts {
  readonly stream: Pick<Stream, "get" | "last">;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

/**
 * Returns the last position at which the stream still matches what this node has applied.
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
    // The machine asked may hang: then another one is asked.
    const ask = () => within(stream.get(seq), CLUSTER_ANSWER_TIMEOUT_MS, () => undefined, clock);
    let found = await ask();
    const until = clock.now() + 2 * CLUSTER_STALLED_MS;
    while (found === undefined && clock.now() < until) {
      await delay(clock, ASK_EVERY_MS); // A replica that lags.
      found = await ask();
    }
    // A deleted message proves nothing against the later ones.
    if (found === undefined || markOf(found, sha256) === mark) return position;
  }
  return NOWHERE;
}
