/** Sequencer of records: either this server alone, or the stream that a cluster shares. */

import type { Fault } from "../../base/fault.ts";

/** State of the cluster, up to a few seconds old. */
export interface ClusterHealth {
  readonly reachable: boolean;
  readonly follows: boolean;
  readonly nodes: number;
  /** Number of messages that this server has not applied yet. */
  readonly lag: number;
  readonly messages: number;
  readonly bytes: number;
  /** NATS server that leads the stream; empty if there is no leader, or for a single server. */
  readonly leader: string;
  /**
   * Number of NATS servers that should store the stream (`replicas`), and number of those that have
   * all of it (`current`).
   */
  readonly replicas: number;
  readonly current: number;
  readonly rootsEqual: boolean;
}

export interface Sequencer {
  readonly isShared: boolean;
  /**
   * Reports whether this server wrote an account record. Valid only while the record is being
   * applied.
   */
  isOwn(seq: number): boolean;
  /** Reports whether this server can write and is receiving the records of other servers. */
  isFollowing(): boolean;
  /** Returns the fault `no-majority` while too few servers of the stream respond. */
  majorityFault(): Fault | undefined;
  /**
   * Resolves when the history has reached `seq`, which a client may know from another server.
   * @throws {Fault} no-majority after a timeout
   */
  waitForSeq(seq: number): Promise<void>;
  /**
   * Resolves to true when this server has applied all earlier records of other servers, or to false
   * if that is unknown or takes too long.
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
