/** One of the two logs of a node: written through the cluster, read from this node's disk. */

import { Fault } from "../../base/fault.ts";
import type { Place } from "../../core/cluster/claims.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";
import type { AppendAllOptions, Log } from "../log/log.ts";
import type { LogFile } from "../log/log-file.ts";
import type { Replica } from "./replica.ts";

export class ReplicatedLog implements Log {
  readonly #replica: Replica;
  readonly #mirror: LogFile;

  constructor(replica: Replica, mirrors: Readonly<Record<Place, LogFile>>, place: Place) {
    this.#replica = replica;
    this.#mirror = mirrors[place];
  }

  append(draft: Draft): Promise<LogRecord> {
    return new Promise((resolve, reject) => {
      this.appendThen([draft], {}, (outcome) => {
        if (outcome instanceof Fault) reject(outcome);
        else resolve(outcome);
      });
    });
  }

  appendThen(
    drafts: readonly Draft[],
    options: AppendAllOptions,
    settle: (outcome: LogRecord | Fault) => void,
  ): void {
    this.#replica.propose(drafts, options, settle);
  }

  read(from: number, to?: number): AsyncIterable<LogRecord> {
    return this.#mirror.read(from, to);
  }

  follow(from: number, onRecord: (record: LogRecord) => void): Promise<() => void> {
    return this.#mirror.follow(from, onRecord);
  }

  erase(seq: number, eraseSeq: number): Promise<void> {
    return this.#mirror.erase(seq, eraseSeq);
  }

  head(): number {
    return this.#mirror.head();
  }

  sizeBytes(): number {
    return this.#mirror.sizeBytes();
  }

  async close(): Promise<void> {
    await this.#replica.close();
    await this.#mirror.close();
  }
}
