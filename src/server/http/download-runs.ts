/** Running downloads over HTTP, and of collected work: their number and memory. */

import { Fault, msg, type Translatable } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { BUSY_RETRY_MS, DATA_CHANNELS_PER_ACCOUNT_MAX } from "../../base/limits.ts";
import {
  ARCHIVES_PER_ACCOUNT_MAX,
  CONCURRENT_ARCHIVES_MAX,
  CONCURRENT_HTTP_DOWNLOADS_MAX,
  DOWNLOADS_MEMORY_MAX,
  DOWNLOADS_MEMORY_PER_ACCOUNT_MAX,
} from "../../base/limits-page.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { Clock } from "../../io/clock.ts";
import type { Address } from "../../io/link/link.ts";
import type { ClientConnection } from "../session/client-connection.ts";

export interface WebDownloadOptions {
  /** `undefined` for a link of an account, which needs no session. */
  readonly parent: ClientConnection | undefined;
  readonly account: Account;
  readonly file: FileId;
  readonly name: string | undefined;
  readonly address: Address;
  readonly sinceMs: number;
  readonly sizeBytes: number;
  readonly isArchive: boolean;
  /** Estimate of what the download keeps in memory while its client reads nothing. */
  readonly memoryBytes: number;
  /** The data channel counts the bytes that it sends. */
  readonly isOnChannel?: boolean;
}

export interface WebDownload extends WebDownloadOptions {
  doneBytes: number;
  readonly isCancelled: boolean;
  readonly signal: AbortSignal;
  /** Called when the client reads. */
  read(): void;
  cancel(fault: Fault): void;
  end(): void;
}

type CostOf = (run: WebDownloadOptions) => number;

/**
 * Counts a download from its start. Stalled downloads count, too, because they outlive their
 * sessions. If the server has no capacity left, the account that uses most of it loses the download
 * whose client has read nothing for the longest time.
 */
export class DownloadRuns {
  readonly #runs = new Map<WebDownload, { readAt: number }>();

  constructor(private readonly clock: Pick<Clock, "now">) {}

  [Symbol.iterator](): Iterator<WebDownload> {
    return this.#runs.keys();
  }

  /** @throws {Fault} too-many */
  start(options: WebDownloadOptions): WebDownload {
    this.#checkCounts(options);
    this.#makeRoom(options, DOWNLOADS_MEMORY_MAX, (run) => run.memoryBytes);
    this.#makeRoom(options, CONCURRENT_ARCHIVES_MAX, ({ isArchive }) => (isArchive ? 1 : 0));
    const abort = new AbortController();
    const times = { readAt: this.clock.now() };
    const run: WebDownload = {
      ...options,
      doneBytes: 0,
      signal: abort.signal,
      get isCancelled() {
        return abort.signal.aborted;
      },
      read: () => {
        times.readAt = this.clock.now();
      },
      cancel: (fault) => abort.abort(fault),
      end: () => void this.#runs.delete(run),
    };
    this.#runs.set(run, times);
    return run;
  }

  #checkCounts({ parent, account, isArchive, memoryBytes }: WebDownloadOptions): void {
    const own = this.#of(account);
    if (own.filter((run) => run.parent === parent).length >= CONCURRENT_HTTP_DOWNLOADS_MAX) {
      throw tooMany(msg`limit of ${CONCURRENT_HTTP_DOWNLOADS_MAX} downloads per browser reached`);
    }
    if (own.length >= DATA_CHANNELS_PER_ACCOUNT_MAX) {
      throw tooMany(msg`limit of ${DATA_CHANNELS_PER_ACCOUNT_MAX} downloads per account reached`);
    }
    const archives = own.filter((run) => run.isArchive).length;
    if (isArchive && archives >= ARCHIVES_PER_ACCOUNT_MAX) {
      throw tooMany(msg`limit of ${ARCHIVES_PER_ACCOUNT_MAX} folder downloads per account`);
    }
    const ownBytes = own.reduce((sum, run) => sum + run.memoryBytes, memoryBytes);
    if (ownBytes > DOWNLOADS_MEMORY_PER_ACCOUNT_MAX) throw fullServer();
  }

  #makeRoom(options: WebDownloadOptions, max: number, costOf: CostOf): void {
    const sum = (runs: Iterable<WebDownload>) => {
      return [...runs].reduce((total, run) => total + costOf(run), 0);
    };
    const cost = costOf(options);
    while (cost > 0 && sum(this) + cost > max) {
      const accounts = [...Map.groupBy(this, (run) => run.account).values()];
      const largest = accounts.reduce((a, b) => (sum(b) > sum(a) ? b : a), []);
      const byReading = largest
        .filter((run) => costOf(run) > 0)
        .sort((a, b) => this.#readAt(a) - this.#readAt(b));
      const [stalled] = byReading;
      const isLarger = sum(largest) > sum(this.#of(options.account)) + cost;
      if (stalled === undefined || !isLarger) throw fullServer();
      stalled.cancel(fullServer());
      stalled.end();
    }
  }

  #of(account: Account): WebDownload[] {
    return [...this].filter((run) => run.account === account);
  }

  #readAt(run: WebDownload): number {
    return this.#runs.get(run)?.readAt ?? 0;
  }
}

function fullServer(): Fault {
  return tooMany(msg`too many downloads are in progress`);
}

function tooMany(message: Translatable): Fault {
  return new Fault("too-many", message, { retryAfterMs: BUSY_RETRY_MS });
}
