/** Key packages of devices (RFC 9420, section 10). */

import * as v from "valibot";
import { fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import {
  KEY_PACKAGE_KEEP_MS,
  KEY_PACKAGE_PAIRS_MAX,
  KEY_PACKAGE_SKEW_MS,
  KEY_PACKAGES_MAX,
  KEY_PACKAGES_PER_HOUR,
  KEY_PACKAGES_PER_HOUR_ALL,
  SEALED_CHANGES_QUEUED_MAX,
} from "../../base/limits-sealed.ts";
import { formatDuration } from "../../base/sizes.ts";
import { NewestMap } from "../../core/evict.ts";
import { HOUR_SECONDS, TokenBuckets } from "../../core/rate.ts";
import { readLifetime } from "../../crypto/seal/header.ts";
import type { Bucket, Value } from "../../io/bucket/bucket.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { parseJson } from "../../wire/field.ts";
import type { ExpiryClock } from "../kernel/server-clock.ts";

const HOUR_MS = HOUR_SECONDS * 1_000;

/**
 * A package is removed from storage before it is returned, so that no package is used twice. Only
 * the last-resort package is returned repeatedly, until its device replaces it.
 */
export class KeyPackageStore {
  readonly #changes = new TaskQueue({ waiting: SEALED_CHANGES_QUEUED_MAX });
  readonly #claimTimes = new NewestMap<string, readonly number[]>(KEY_PACKAGE_PAIRS_MAX);
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
   * Beyond the limit, drops packages that are not valid now, then new ones.
   * @param device key in base64url
   * @param timeUnixMs the device's time, which decides while the server's own clock is in doubt
   * @returns the number of packages that are valid now or were just added, and whether the
   * last-resort package is unused and valid
   */
  async add(
    device: string,
    packages: readonly Uint8Array[],
    lastResort?: Uint8Array,
    timeUnixMs?: number,
  ): Promise<{ readonly left: number; readonly lastResort: boolean }> {
    const answer = await this.#change(device, (stock) => {
      const existing = new Set(stock.once.map(packageOf));
      const now = this.clock.unixMs();
      const added = new Set(packages.map(toBase64Url)).difference(existing);
      const span = this.#timeOf(timeUnixMs);
      const isValid = (entry: string) => isValidWithin(entry, span);
      const { valid = [], invalid = [] } = Object.groupBy(stock.once, (entry) =>
        isValid(entry) ? "valid" : "invalid",
      );
      // If no package is valid, the clock of the server or of the device is wrong, and the newest
      // packages are the most likely ones to become valid.
      const candidates = [...valid, ...[...added].map((text) => `${now} ${text}`), ...invalid];
      const once = candidates.slice(0, KEY_PACKAGES_MAX);
      const newLast = lastResort && `${FRESH}${now} ${toBase64Url(lastResort)}`;
      const keepsLast = stock.last !== undefined && isValid(stock.last);
      const isReplaced = newLast !== undefined && (isValid(newLast) || !keepsLast);
      const last = isReplaced ? newLast : stock.last;
      // A device that sends packages beyond the maximum must not cause writes.
      const isSame = added.size === 0 || valid.length >= KEY_PACKAGES_MAX;
      const isChanged = !isSame || last !== stock.last;
      const result = {
        left: Math.min(valid.length + added.size, KEY_PACKAGES_MAX),
        lastResort: last?.startsWith(FRESH) === true && (lastResort !== undefined || isValid(last)),
      };
      return { next: isChanged ? { once: isSame ? stock.once : once, last } : undefined, result };
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

  /**
   * Prefers packages that are valid at the given time. The claiming device decides about others,
   * because the server's own clock may be wrong.
   */
  claim(
    device: string,
    { isOnce = true, isLast = false, isValidOnly = false, timeUnixMs }: ClaimOptions = {},
  ): Promise<{ readonly keyPackage: Uint8Array; readonly left: number } | undefined> {
    return this.#change(device, ({ once, last }) => {
      const offered = isOnce ? once : [];
      const lastResort = isLast ? last : undefined;
      const span: TimeSpan = timeUnixMs === undefined ? this.#timeOf() : [timeUnixMs, timeUnixMs];
      const isValid = (entry: string) => isValidWithin(entry, span);
      const validLast = lastResort !== undefined && isValid(lastResort) ? lastResort : undefined;
      const other = isValidOnly ? undefined : (offered[0] ?? lastResort);
      const chosen = offered.find(isValid) ?? validLast ?? other;
      if (chosen === undefined) return { next: undefined, result: undefined };
      const remaining = once.filter((entry) => entry !== chosen);
      const result = { keyPackage: fromBase64Url(packageOf(chosen)), left: remaining.length };
      if (chosen !== last) return { next: { once: remaining, last }, result };
      const next = chosen.startsWith(FRESH)
        ? { once, last: `${TAKEN}${chosen.slice(FRESH.length)}` }
        : undefined;
      return { next, result };
    });
  }

  /** Returns the earliest and the latest time that it may be now. */
  #timeOf(deviceUnixMs?: number): TimeSpan {
    const { now, newest } = this.clock.status();
    const [from, until] = [Math.min(now, newest), Math.max(now, newest)];
    if (deviceUnixMs === undefined) return [from, until];
    const time = Math.min(Math.max(deviceUnixMs, from), until);
    return [time, time];
  }

  /**
   * Counts a claim. `withdraw` reverts the count if the claim returned nothing.
   * @returns milliseconds until the user may claim single-use packages of the other user; 0 now
   * @throws {Fault} too-fast if the user has made too many claims in total
   */
  countClaim(
    by: UserId,
    of: UserId,
  ): { readonly onceAfterMs: number; readonly withdraw: () => void } {
    const now = this.clock.now();
    const total = this.#claimRates.of(by, now);
    const waitMs = total.take(now);
    if (waitMs > 0) throw tooManyClaims(KEY_PACKAGES_PER_HOUR_ALL, waitMs);
    const pair = `${by} ${of}`;
    const times = this.#timesOf(pair, now);
    const [oldest = now] = times;
    if (times.length >= KEY_PACKAGES_PER_HOUR) {
      const onceAfterMs = Math.ceil(HOUR_MS - (now - oldest));
      return { onceAfterMs, withdraw: () => total.spend(now, -1) };
    }
    this.#recordPair(by, of, now);
    const withdraw = () => {
      total.spend(now, -1);
      const counted = this.#timesOf(pair, now);
      const at = counted.indexOf(now);
      const others = counted.filter((_, index) => index !== at);
      this.#claimTimes.set(pair, others);
    };
    return { onceAfterMs: 0, withdraw };
  }

  recordRemoteClaim(by: UserId, of: UserId): void {
    const now = this.clock.now();
    this.#claimRates.of(by, now).take(now);
    this.#recordPair(by, of, now);
  }

  #recordPair(by: UserId, of: UserId, now: number): void {
    const pair = `${by} ${of}`;
    const times = this.#timesOf(pair, now);
    const recent = [...times, now].slice(-KEY_PACKAGES_PER_HOUR);
    this.#claimTimes.set(pair, recent);
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
      throw new Fault("too-many", msg`too many requests for this device`, { retryAfterMs: 1_000 });
    });
  }

  /** Ignores damaged and old packages, because the device replaces them. */
  #stockOf(value: Value | undefined): Stock {
    const stock = (value && parseJson(STORED_PACKAGES, value.bytes)) ?? [];
    const oldest = this.clock.expiryUnixMs() - KEY_PACKAGE_KEEP_MS;
    const isFresh = (entry: string) => Number(entry.slice(0, entry.indexOf(" "))) > oldest;
    const isLast = (entry: string) => entry.startsWith(FRESH) || entry.startsWith(TAKEN);
    const last = stock.find(isLast);
    // FRESH and TAKEN have the same length.
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

interface ClaimOptions {
  /** Permits a single-use package. */
  readonly isOnce?: boolean;
  /** Permits the last-resort package. */
  readonly isLast?: boolean;
  readonly isValidOnly?: boolean;
  /** The claiming device's time. The server's own time if omitted. */
  readonly timeUnixMs?: number | undefined;
}

type TimeSpan = readonly [fromUnixMs: number, untilUnixMs: number];

/** A package whose lifetime cannot be read counts as valid. */
function isValidWithin(entry: string, [fromUnixMs, untilUnixMs]: TimeSpan): boolean {
  const lifetime = readLifetime(fromBase64Url(packageOf(entry)));
  if (lifetime === undefined) return true;
  const hasBegun = lifetime.fromUnixMs - KEY_PACKAGE_SKEW_MS <= untilUnixMs;
  return hasBegun && fromUnixMs <= lifetime.untilUnixMs + KEY_PACKAGE_SKEW_MS;
}

interface StockChange<Result> {
  readonly next: Stock | undefined;
  readonly result: Result;
}

function packageOf(stored: string): string {
  return stored.slice(stored.indexOf(" ") + 1);
}

export function tooManyClaims(max: number, waitMs: number): Fault {
  const message = msg`limit of ${max} additions per hour reached`;
  const remedy = msg`try again in ${formatDuration(waitMs)}`;
  return new Fault("too-fast", message, { remedy, retryAfterMs: waitMs });
}
