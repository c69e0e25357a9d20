/** Daily quota for the history that each account reads. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { HISTORY_BYTES_PER_DAY } from "../../base/limits.ts";
import { formatDuration, formatSize } from "../../base/sizes.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";

const DAY_MS = 86_400_000;

export class HistoryQuota {
  readonly #context: ServerContext;
  readonly #bytesMax: number;
  #day = 0;
  readonly #read = new Map<UserId, number>();

  constructor(options: ServerContext) {
    this.#context = options;
    this.#bytesMax = options.settings.historyBytesPerDay ?? HISTORY_BYTES_PER_DAY;
  }

  /** Pages are counted after they are read, so pages in flight may exceed the quota. */
  isReached(user: UserId): boolean {
    this.#beginDay();
    if ((this.#read.get(user) ?? 0) < this.#bytesMax) return false;
    return !this.#context.registry.policy.isOperator(user);
  }

  check(user: UserId): void {
    if (!this.isReached(user)) return;
    const remainingMs = DAY_MS - (this.#context.clock.unixMs() % DAY_MS);
    const message = `you have reached the daily limit of ${formatSize(this.#bytesMax)} of history`;
    throw new Fault("history-limit", message, {
      remedy: msg`try again in ${formatDuration(remainingMs)}`,
    });
  }

  count(user: UserId, records: readonly LogRecord[]): void {
    this.#beginDay();
    const bytes = records.reduce(
      (sum, { headBytes, bodyBytes }) => sum + headBytes.length + (bodyBytes?.length ?? 0),
      0,
    );
    if (bytes > 0) this.#read.set(user, (this.#read.get(user) ?? 0) + bytes);
  }

  #beginDay(): void {
    const day = Math.floor(this.#context.clock.unixMs() / DAY_MS);
    if (day === this.#day) return;
    this.#day = day;
    this.#read.clear();
  }
}
