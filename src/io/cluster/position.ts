/** Positions in the stream up to which a node has applied the messages. */

import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_ANSWER_TIMEOUT_MS, CLUSTER_STALLED_MS } from "../../base/limits-cluster.ts";
import { type Clock, delay, withTimeout } from "../clock.ts";
import type { Stream } from "./stream.ts";
import { markOf } from "./stream-reader.ts";

export interface Position {
  readonly seq: number;
  readonly history: number;
  readonly accounts: number;
  readonly mark?: string;
  readonly isFilling?: true;
}

export const START: Position = { seq: 0, history: 0, accounts: 0 };

export const POSITION_INTERVAL = 1_000;
/** Older positions matter only if the stream loses more than POSITION_INTERVAL messages. */
const POSITIONS_MAX = 16;
const RETRY_INTERVAL_MS = 50;

export function withPosition(stored: readonly Position[], at: Position): Position[] {
  const before = stored.filter(({ seq }) => seq < at.seq);
  const [last, former] = [before.at(-1), before.at(-2)];
  // Replace a nearby position, because frequent restarts must not displace older ones.
  if (last !== undefined && at.seq - (former?.seq ?? 0) < POSITION_INTERVAL) before.pop();
  return [...before, at].slice(-POSITIONS_MAX);
}

export interface LastCommonOptions {
  readonly stream: Pick<Stream, "get" | "last">;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

/**
 * @returns the last position at which the stream still matches this node's messages
 * @throws {Fault} no-majority if the stream does not answer
 */
export async function lastCommonPosition(
  stored: readonly Position[],
  { stream, clock, sha256 }: LastCommonOptions,
): Promise<Position> {
  const last = await stream.last();
  for (const position of stored.toReversed()) {
    const { seq, mark } = position;
    if (seq > last) continue;
    if (seq === 0 || mark === undefined) return position;
    // Retry if the queried server hangs, because a different server may answer.
    const fetch = () =>
      withTimeout(stream.get(seq), CLUSTER_ANSWER_TIMEOUT_MS, () => undefined, clock);
    let found = await fetch();
    const until = clock.now() + 2 * CLUSTER_STALLED_MS;
    while (found === undefined && clock.now() < until) {
      await delay(clock, RETRY_INTERVAL_MS);
      found = await fetch();
    }
    // A missing message does not prove a mismatch, so keep the position.
    if (found === undefined || markOf(found, sha256) === mark) return position;
  }
  return START;
}
