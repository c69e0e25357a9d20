/** Sequencer of records: either this server alone, or the stream that a cluster shares. */

import type { Fault } from "../../base/fault.ts";
import { newestVersion, type Version } from "../../wire/since.ts";

export interface ClusterHealth {
  readonly reachable: boolean;
  readonly follows: boolean;
  readonly nodes: number;
  readonly lag: number;
  readonly messages: number;
  readonly bytes: number;
  readonly leader: string;
  /**
   * Number of NATS servers that should store the stream (`replicas`), and of those that have all of
   * it (`current`).
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
  /** Fault for which this server became read-only. */
  stoppedBy(): Fault | undefined;
  majorityFault(): Fault | undefined;
  /** Newest version whose records all servers of the cluster know. */
  knownVersion(): Version;
  /**
   * Resolves when the history has reached `seq`, which a client may know from another server.
   * @throws {Fault} no-majority after a timeout
   */
  waitForSeq(seq: number): Promise<void>;
  /** Resolves to false if this server may not have applied all earlier records of other servers. */
  waitUntilCurrent(): Promise<boolean>;
  health?(): ClusterHealth;
}

export const LOCAL_SEQUENCER: Sequencer = {
  isShared: false,
  isOwn: () => true,
  stoppedBy: () => undefined,
  majorityFault: () => undefined,
  knownVersion: () => newestVersion(),
  waitForSeq: () => Promise.resolve(),
  waitUntilCurrent: () => Promise.resolve(true),
};
