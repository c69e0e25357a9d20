/** The order of the records: of this server alone, or of the stream that a cluster shares. */

import type { Fault } from "../../base/fault.ts";

/** State of the cluster as this server saw it a few seconds ago. */
export interface ClusterHealth {
  readonly reachable: boolean;
  /** This server applies new messages; otherwise the history is read-only. */
  readonly follows: boolean;
  /** Servers that answered, including this one. */
  readonly nodes: number;
  /** Messages of the stream that this server has not applied. */
  readonly lag: number;
  /** Messages of the stream since its beginning. */
  readonly messages: number;
  readonly bytes: number;
  /** The NATS server that leads the stream. Empty if there is none, or only one server. */
  readonly leader: string;
  /** NATS servers that should hold the stream, and those that have all of it. */
  readonly replicas: number;
  readonly current: number;
  /** No server that answered has a different history. */
  readonly rootsEqual: boolean;
}

export interface Sequencer {
  /** Other servers write to the same logs. */
  readonly isShared: boolean;
  /** Reports, while an account record is being applied, whether this server wrote it. */
  isOwn(seq: number): boolean;
  /** Reports whether this server writes, and receives what the others write. */
  isFollowing(): boolean;
  /** `no-majority` while too few machines of the shared stream answer. */
  majorityFault(): Fault | undefined;
  /**
   * Resolves when the history has so many records, which clients may have seen at other servers.
   * @throws Fault no-majority if it takes too long
   */
  waitForSeq(seq: number): Promise<void>;
  /**
   * Resolves when everything that the others had recorded at the call is applied here. Resolves to
   * false if that cannot be determined, or after a timeout, since this server may be far behind.
   */
  waitUntilCurrent(): Promise<boolean>;
  /** `undefined` if nothing checks it. */
  health?(): ClusterHealth;
}

/** Used by a single server. */
export const LOCAL_SEQUENCER: Sequencer = {
  isShared: false,
  isOwn: () => true,
  isFollowing: () => true,
  majorityFault: () => undefined,
  waitForSeq: () => Promise.resolve(),
  waitUntilCurrent: () => Promise.resolve(true),
};
