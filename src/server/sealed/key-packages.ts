import { fromBase64Url, toBase64Url, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import {
  KEY_PACKAGE_KEEP_MS,
  KEY_PACKAGE_PAIRS_MAX,
  KEY_PACKAGES_MAX,
  KEY_PACKAGES_PER_HOUR,
  KEY_PACKAGES_PER_HOUR_ALL,
} from "../../base/limits-sealed.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Bucket, Value } from "../../io/bucket/bucket.ts";
import type { Clock } from "../../io/clock.ts";
import { Mutex } from "../../io/disk/mutex.ts";

const HOUR_SECONDS = 60 * 60;
const HOUR_MS = HOUR_SECONDS * 1_000;

/**
 * Key packages of devices (RFC 9420, section 10). One that is given out is no more in the stock
 * before the answer, so that none is given out twice, whichever server is asked. Only the last
 * resort is given out again, until its device replaces it.
 */
export class KeyPackageStore {
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #mutex = new Mutex();
  /** When each account took packages of another, oldest first. Bounded by KEY_PACKAGE_PAIRS_MAX. */
  readonly #taken = new Map<string, readonly number[]>();
  /** Key packages that each account has taken. */
  readonly #shares = new TokenBuckets(
    KEY_PACKAGES_PER_HOUR_ALL / HOUR_SECONDS,
    KEY_PACKAGES_PER_HOUR_ALL,
  );
  /** Who waits for packages of a device. Bounded by requests, of which there are few an hour. */
  readonly #awaited = new Map<string, Set<() => void>>();

  constructor(bucket: Bucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  /**
   * Adds to the stock of a device, as far as there is room; the oldest stay.
   * @param device its key in base64url
   * @param lastResort replaces the one before
   * @returns how many there are, and whether there is a last resort that nobody has taken
   * @throws Fault store-…, no-majority
   */
  async add(
    device: string,
    packages: readonly Uint8Array[],
    lastResort?: Uint8Array,
  ): Promise<{ readonly left: number; readonly lastResort: boolean }> {
    const answer = await this.#change(device, (stock) => {
      const known = new Set(stock.once.map(textOf));
      const now = this.#clock.unixMs();
      const once = [...stock.once];
      for (const one of packages) {
        const text = toBase64Url(one);
        if (once.length >= KEY_PACKAGES_MAX || known.has(text)) continue;
        known.add(text);
        once.push(`${now} ${text}`);
      }
      const last =
        lastResort === undefined ? stock.last : `${FRESH}${now} ${toBase64Url(lastResort)}`;
      // A device that gives what there is no room for makes the disk work for nothing.
      const isSame = once.length === stock.once.length && last === stock.last;
      const result = { left: once.length, lastResort: last?.startsWith(FRESH) === true };
      return { next: isSame ? undefined : { once, last }, result };
    });
    if (answer.left > 0) for (const wake of this.#awaited.get(device) ?? []) wake();
    return answer;
  }

  /** Resolves when the device has given some to this server, or after so long without. */
  stocked(device: string, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#awaited.get(device) ?? new Set();
      this.#awaited.set(device, waiting);
      const wake = () => {
        cancel();
        waiting.delete(wake);
        if (waiting.size === 0) this.#awaited.delete(device);
        resolve();
      };
      const cancel = this.#clock.after(withinMs, wake);
      waiting.add(wake);
    });
  }

  /**
   * @param isLast the last resort is given where there is no other: it stays, marked as taken
   * @returns the oldest, and how many are left; undefined: there is none
   * @throws Fault store-…, no-majority
   */
  take(
    device: string,
    isLast = false,
  ): Promise<{ readonly keyPackage: Uint8Array; readonly left: number } | undefined> {
    return this.#change(device, ({ once: [first, ...once], last }) => {
      const given = first ?? (isLast ? last : undefined);
      if (given === undefined) return { next: undefined, result: undefined };
      const result = { keyPackage: fromBase64Url(textOf(given)), left: once.length };
      if (first !== undefined) return { next: { once, last }, result };
      const next = given.startsWith(FRESH)
        ? { once, last: `${TAKEN}${given.slice(FRESH.length)}` }
        : undefined;
      return { next, result };
    });
  }

  /** @throws Fault too-fast: one account would use up what another has */
  checkPace(by: UserId, of: UserId): void {
    const now = this.#clock.now();
    const times = this.#timesOf(`${by} ${of}`, now);
    const [oldest = now] = times;
    if (times.length >= KEY_PACKAGES_PER_HOUR) {
      throw new Fault("too-fast", msg`${KEY_PACKAGES_PER_HOUR} times in an hour is the most`, {
        retryAfterMs: Math.ceil(HOUR_MS - (now - oldest)),
      });
    }
    const retryAfterMs = this.#shares.of(by, now).take(now);
    if (retryAfterMs > 0) {
      const message = msg`${KEY_PACKAGES_PER_HOUR_ALL} times in an hour is the most for all users`;
      throw new Fault("too-fast", message, { retryAfterMs });
    }
    this.#took(by, of, now);
  }

  /** At another server. It counts, whoever has let it. */
  took(by: UserId, of: UserId): void {
    const now = this.#clock.now();
    this.#shares.of(by, now).take(now);
    this.#took(by, of, now);
  }

  #took(by: UserId, of: UserId, now: number): void {
    const pair = `${by} ${of}`;
    const times = this.#timesOf(pair, now);
    this.#taken.delete(pair);
    this.#taken.set(pair, [...times, now].slice(-KEY_PACKAGES_PER_HOUR));
    for (const longest of this.#taken.keys()) {
      if (this.#taken.size <= KEY_PACKAGE_PAIRS_MAX) break;
      this.#taken.delete(longest);
    }
  }

  #timesOf(pair: string, now: number): readonly number[] {
    return (this.#taken.get(pair) ?? []).filter((time) => now - time < HOUR_MS);
  }

  /** Those of devices that are no more. @throws Fault store-…, no-majority */
  sweep(isKnown: (device: string) => boolean): Promise<void> {
    return this.#bucket.sweep(isKnown);
  }

  /** Another server may be quicker: then it is decided anew with what is left. */
  #change<Result>(device: string, change: (stock: Stock) => Changed<Result>) {
    return this.#mutex.run(async () => {
      for (let tries = 0; tries < CONFLICT_TRIES_MAX; tries++) {
        const before = await this.#bucket.read(device);
        const { next, result } = change(this.#stockOf(before));
        if (next === undefined) return result;
        const { once, last } = next;
        const bytes = utf8Encode(JSON.stringify(last === undefined ? once : [...once, last]));
        if (await this.#bucket.write(device, bytes, before)) return result;
      }
      throw new Fault("too-many", "too many ask for this device", { retryAfterMs: 1_000 });
    });
  }

  /** What is damaged or old is none: the device gives new ones. */
  #stockOf(value: Value | undefined): Stock {
    if (value === undefined) return NONE;
    try {
      const stock: unknown = JSON.parse(utf8Decode(value.bytes));
      const isOurs = Array.isArray(stock) && stock.every((one) => typeof one === "string");
      if (!isOurs) return NONE;
      const oldest = this.#clock.unixMs() - KEY_PACKAGE_KEEP_MS;
      const isGood = (one: string) => Number(one.slice(0, one.indexOf(" "))) > oldest;
      const isLast = (one: string) => one.startsWith(FRESH) || one.startsWith(TAKEN);
      const last = stock.find(isLast);
      // Both marks have this length; older servers take a marked one for none.
      const isLastGood = last !== undefined && isGood(last.slice(FRESH.length));
      return { once: stock.filter(isGood), last: isLastGood ? last : undefined };
    } catch {
      return NONE;
    }
  }
}

/** Each as `TIME PACKAGE`; the last resort with FRESH or TAKEN before it. */
interface Stock {
  readonly once: readonly string[];
  readonly last: string | undefined;
}

const FRESH = "fresh:";
const TAKEN = "taken:";
const NONE: Stock = { once: [], last: undefined };

interface Changed<Result> {
  /** `undefined` if the stock stays as it is. */
  readonly next: Stock | undefined;
  readonly result: Result;
}

/** A package as it is kept, without the time. */
function textOf(kept: string): string {
  return kept.slice(kept.indexOf(" ") + 1);
}
