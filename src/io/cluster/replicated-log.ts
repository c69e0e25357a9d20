/** Log of a cluster node, which writes through the cluster and reads from the local disk. */

import type { Place } from "../../core/cluster/claims.ts";
import type { TimeFall } from "../../core/log/order.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";
import { type AppendAllOptions, type Log, type Settle, settledAppend } from "../log/log.ts";
import type { LogFile } from "../log/log-file.ts";
import type { Replica } from "./replica.ts";

export class ReplicatedLog implements Log {
  readonly #replica: Replica;
  readonly #mirror: LogFile;

  constructor(replica: Replica, mirrors: Readonly<Record<Place, LogFile>>, logName: Place) {
    this.#replica = replica;
    this.#mirror = mirrors[logName];
  }

  append(draft: Draft): Promise<LogRecord> {
    return settledAppend((settle) => this.appendThen([draft], {}, settle));
  }

  appendThen(drafts: readonly Draft[], options: AppendAllOptions, settle: Settle): void {
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

  get time(): number {
    return this.#mirror.time;
  }

  get falls(): readonly TimeFall[] {
    return this.#mirror.falls;
  }

  sizeBytes(): number {
    return this.#mirror.sizeBytes();
  }

  async close(): Promise<void> {
    await this.#replica.close();
    await this.#mirror.close();
  }
}
