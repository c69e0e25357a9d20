/** The order of the records, either of this server alone or of the stream that a cluster shares. */

import type { Fault } from "../../base/fault.ts";

/** State of the cluster a few seconds ago. */
export interface ClusterHealth {
  readonly reachable: boolean;
  readonly follows: boolean;
  readonly nodes: number;
  /** Messages that this server has not applied. */
  readonly lag: number;
  readonly messages: number;
  readonly bytes: number;
  /** NATS server that leads the stream; empty if there is none, or for a single server. */
  readonly leader: string;
  /**
   * Number of NATS servers that should store the stream (`replicas`), and of those with all of it
   * (`current`).
   */
  readonly replicas: number;
  readonly current: number;
  /** True if all servers that answered have the same history. */
  readonly rootsEqual: boolean;
}

export interface Sequencer {
  readonly isShared: boolean;
  /** Reports, while an account record is applied, whether this server wrote it. */
  isOwn(seq: number): boolean;
  /** Reports whether this server writes and receives other servers' records. */
  isFollowing(): boolean;
  /** Returns `no-majority` while too few servers of the stream respond. */
  majorityFault(): Fault | undefined;
  /**
   * Resolves when the history has reached `seq`, which clients may know from other servers.
   * @throws {Fault} no-majority after a timeout
   */
  waitForSeq(seq: number): Promise<void>;
  /**
   * Resolves when all earlier records of other servers are applied here, or to false if that is
   * unknown or takes too long.
   */
  waitUntilCurrent(): Promise<boolean>;
  health?(): ClusterHealth;
}

export const LOCAL_SEQUENCER: Sequencer = {
  isShared: false,
  isOwn: () => true,
  isFollowing: () => true,
  majorityFault: () => undefined,
  waitForSeq: () => Promise.resolve(),
  waitUntilCurrent: () => Promise.resolve(true),
};
