/** Key packages of devices (RFC 9420, section 10). */

import * as v from "valibot";
import { fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import {
  KEY_PACKAGE_KEEP_MS,
  KEY_PACKAGE_PAIRS_MAX,
  KEY_PACKAGES_MAX,
  KEY_PACKAGES_PER_HOUR,
  KEY_PACKAGES_PER_HOUR_ALL,
  SEALED_CHANGES_QUEUED_MAX,
} from "../../base/limits-sealed.ts";
import { setNewest } from "../../core/evict.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Bucket, Value } from "../../io/bucket/bucket.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { parseJson } from "../../wire/field.ts";
import type { ExpiryClock } from "../kernel/server-clock.ts";

const HOUR_SECONDS = 60 * 60;
const HOUR_MS = HOUR_SECONDS * 1_000;

/**
 * A package is removed from storage before it is returned, so that no package is used twice. Only
 * the last-resort package is returned repeatedly, until its device replaces it.
 */
export class KeyPackageStore {
  readonly #changes = new TaskQueue({ waiting: SEALED_CHANGES_QUEUED_MAX });
  readonly #claimTimes = new Map<string, readonly number[]>();
  readonly #claimRates = new TokenBuckets(
    KEY_PACKAGES_PER_HOUR_ALL / HOUR_SECONDS,
    KEY_PACKAGES_PER_HOUR_ALL,
  );
  readonly #waiters = new Map<string, Set<() => void>>();

  constructor(
    private readonly bucket: Bucket,
    private readonly clock: ExpiryClock,
  ) {}

  /**
   * Beyond the limit, keeps the older key packages and drops the new ones.
   * @param device key in base64url
   * @returns the number of packages, and whether the last-resort package is unused
   */
  async add(
    device: string,
    packages: readonly Uint8Array[],
    lastResort?: Uint8Array,
  ): Promise<{ readonly left: number; readonly lastResort: boolean }> {
    const answer = await this.#change(device, (stock) => {
      const existing = new Set(stock.once.map(packageOf));
      const now = this.clock.unixMs();
      const once = [...stock.once];
      for (const keyPackage of packages) {
        const text = toBase64Url(keyPackage);
        if (once.length >= KEY_PACKAGES_MAX || existing.has(text)) continue;
        existing.add(text);
        once.push(`${now} ${text}`);
      }
      const last =
        lastResort === undefined ? stock.last : `${FRESH}${now} ${toBase64Url(lastResort)}`;
      // A device that sends packages beyond the maximum must not cause writes.
      const isSame = once.length === stock.once.length && last === stock.last;
      const result = { left: once.length, lastResort: last?.startsWith(FRESH) === true };
      return { next: isSame ? undefined : { once, last }, result };
    });
    if (answer.left > 0) for (const wake of this.#waiters.get(device) ?? []) wake();
    return answer;
  }

  waitForPackages(device: string, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiters.get(device) ?? new Set();
      this.#waiters.set(device, waiting);
      const wake = () => {
        cancel();
        waiting.delete(wake);
        if (waiting.size === 0) this.#waiters.delete(device);
        resolve();
      };
      const cancel = this.clock.after(withinMs, wake);
      waiting.add(wake);
    });
  }

  claim(
    device: string,
    isLast = false,
  ): Promise<{ readonly keyPackage: Uint8Array; readonly left: number } | undefined> {
    return this.#change(device, ({ once: [first, ...once], last }) => {
      const chosen = first ?? (isLast ? last : undefined);
      if (chosen === undefined) return { next: undefined, result: undefined };
      const result = { keyPackage: fromBase64Url(packageOf(chosen)), left: once.length };
      if (first !== undefined) return { next: { once, last }, result };
      const next = chosen.startsWith(FRESH)
        ? { once, last: `${TAKEN}${chosen.slice(FRESH.length)}` }
        : undefined;
      return { next, result };
    });
  }

  checkRate(by: UserId, of: UserId): void {
    const now = this.clock.now();
    const times = this.#timesOf(`${by} ${of}`, now);
    const [oldest = now] = times;
    if (times.length >= KEY_PACKAGES_PER_HOUR) {
      throw new Fault(
        "too-fast",
        msg`limit of ${KEY_PACKAGES_PER_HOUR} requests per hour reached for this user`,
        { retryAfterMs: Math.ceil(HOUR_MS - (now - oldest)) },
      );
    }
    const message = msg`limit of ${KEY_PACKAGES_PER_HOUR_ALL} requests per hour reached`;
    this.#claimRates.check(by, now, "too-fast", message);
    this.#recordClaim(by, of, now);
  }

  recordRemoteClaim(by: UserId, of: UserId): void {
    const now = this.clock.now();
    this.#claimRates.of(by, now).take(now);
    this.#recordClaim(by, of, now);
  }

  #recordClaim(by: UserId, of: UserId, now: number): void {
    const pair = `${by} ${of}`;
    const times = this.#timesOf(pair, now);
    const recent = [...times, now].slice(-KEY_PACKAGES_PER_HOUR);
    setNewest(this.#claimTimes, pair, recent, KEY_PACKAGE_PAIRS_MAX);
  }

  #timesOf(pair: string, now: number): readonly number[] {
    return (this.#claimTimes.get(pair) ?? []).filter((time) => now - time < HOUR_MS);
  }

  sweep(isKnown: (device: string) => boolean): Promise<void> {
    return this.bucket.sweep(isKnown);
  }

  #change<Result>(device: string, change: (stock: Stock) => StockChange<Result>) {
    return this.#changes.runFor(device, async () => {
      for (let tries = 0; tries < CONFLICT_TRIES_MAX; tries++) {
        const before = await this.bucket.read(device);
        const { next, result } = change(this.#stockOf(before));
        if (next === undefined) return result;
        const { once, last } = next;
        const bytes = utf8Encode(JSON.stringify(last === undefined ? once : [...once, last]));
        if (await this.bucket.write(device, bytes, before)) return result;
      }
      throw new Fault("too-many", "too many requests for this device", { retryAfterMs: 1_000 });
    });
  }

  /** Ignores damaged and old packages, because the device replaces them. */
  #stockOf(value: Value | undefined): Stock {
    const stock = (value && parseJson(STORED_PACKAGES, value.bytes)) ?? [];
    const oldest = this.clock.expiryUnixMs() - KEY_PACKAGE_KEEP_MS;
    const isFresh = (entry: string) => Number(entry.slice(0, entry.indexOf(" "))) > oldest;
    const isLast = (entry: string) => entry.startsWith(FRESH) || entry.startsWith(TAKEN);
    const last = stock.find(isLast);
    // FRESH and TAKEN have the same length. Older servers ignore a last-resort package with such a
    // prefix.
    const isLastFresh = last !== undefined && isFresh(last.slice(FRESH.length));
    return { once: stock.filter(isFresh), last: isLastFresh ? last : undefined };
  }
}

/** Packages in the format `TIME PACKAGE`. The last-resort package has the prefix FRESH or TAKEN. */
interface Stock {
  readonly once: readonly string[];
  readonly last: string | undefined;
}

const FRESH = "fresh:";
const TAKEN = "taken:";
const STORED_PACKAGES = v.array(v.string());

interface StockChange<Result> {
  readonly next: Stock | undefined;
  readonly result: Result;
}

function packageOf(stored: string): string {
  return stored.slice(stored.indexOf(" ") + 1);
}
