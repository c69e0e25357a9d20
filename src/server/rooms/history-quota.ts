/** Daily quota for the history that each account reads. */

import { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { HISTORY_BYTES_PER_DAY } from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import { DailyQuota } from "../../core/rate.ts";
import { contentBytes, type LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";

export class HistoryQuota {
  readonly #read;

  constructor(private readonly options: ServerContext) {
    this.#read = new DailyQuota(options.settings.historyBytesPerDay ?? HISTORY_BYTES_PER_DAY);
  }

  /** Pages are counted after they are read, so pages in flight may exceed the quota. */
  isReached(user: UserId): boolean {
    const { clock, registry } = this.options;
    return this.#read.isReached(user, clock.unixMs()) && !registry.policy.isOperator(user);
  }

  check(user: UserId): void {
    if (!this.isReached(user)) return;
    const max = formatSize(this.#read.max);
    throw new Fault("history-limit", `you have reached the daily limit of ${max} of history`, {
      remedy: this.#read.remedy(this.options.clock.unixMs()),
    });
  }

  count(user: UserId, records: readonly LogRecord[]): void {
    const bytes = records.reduce((sum, record) => sum + contentBytes(record), 0);
    this.#read.count(user, bytes, this.options.clock.unixMs());
  }
}
