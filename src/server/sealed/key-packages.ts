import { fromBase64Url, toBase64Url, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import {
  KEY_PACKAGE_KEEP_MS,
  KEY_PACKAGE_PAIRS_MAX,
  KEY_PACKAGES_MAX,
  KEY_PACKAGES_PER_HOUR,
} from "../../base/limits-sealed.ts";
import type { Bucket, Value } from "../../io/bucket/bucket.ts";
import type { Clock } from "../../io/clock.ts";
import { Mutex } from "../../io/disk/mutex.ts";

const HOUR_MS = 60 * 60_000;

/**
 * Key packages of devices (RFC 9420, section 10). One that is given out is no more in the stock
 * before the answer, so that none is given out twice, whichever server is asked.
 */
export class KeyPackageStore {
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #mutex = new Mutex();
  /** When each account took packages of another, oldest first. Bounded by KEY_PACKAGE_PAIRS_MAX. */
  readonly #taken = new Map<string, readonly number[]>();
  /** Who waits for packages of a device. Bounded by requests, of which there are few an hour. */
  readonly #awaited = new Map<string, Set<() => void>>();

  constructor(bucket: Bucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  /**
   * Adds to the stock of a device, as far as there is room; the oldest stay.
   * @param device its key in base64url
   * @returns how many there are @throws Fault store-…, no-majority
   */
  async add(device: string, packages: readonly Uint8Array[]): Promise<number> {
    const left = await this.#change(device, (stock) => {
      const known = new Set(stock.map(textOf));
      const now = this.#clock.unixMs();
      const next = [...stock];
      for (const one of packages) {
        const text = toBase64Url(one);
        if (next.length >= KEY_PACKAGES_MAX || known.has(text)) continue;
        known.add(text);
        next.push(`${now} ${text}`);
      }
      return { next, result: next.length };
    });
    if (left > 0) for (const wake of this.#awaited.get(device) ?? []) wake();
    return left;
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
   * @returns the oldest, and how many are left; undefined: there is none
   * @throws Fault store-…, no-majority
   */
  take(
    device: string,
  ): Promise<{ readonly keyPackage: Uint8Array; readonly left: number } | undefined> {
    return this.#change(device, ([first, ...next]) => {
      if (first === undefined) return { next, result: undefined };
      return { next, result: { keyPackage: fromBase64Url(textOf(first)), left: next.length } };
    });
  }

  /** @throws Fault too-fast: one account would use up what another has */
  checkPace(by: UserId, of: UserId): void {
    const now = this.#clock.now();
    const times = this.#timesOf(`${by} ${of}`, now);
    const [oldest = now] = times;
    if (times.length >= KEY_PACKAGES_PER_HOUR) {
      throw new Fault("too-fast", `${KEY_PACKAGES_PER_HOUR} times in an hour is the most`, {
        retryAfterMs: Math.ceil(HOUR_MS - (now - oldest)),
      });
    }
    this.took(by, of);
  }

  /** It counts, whoever has let it. */
  took(by: UserId, of: UserId): void {
    const now = this.#clock.now();
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
  #change<Result>(device: string, change: (stock: readonly string[]) => Changed<Result>) {
    return this.#mutex.run(async () => {
      for (let tries = 0; tries < CONFLICT_TRIES_MAX; tries++) {
        const before = await this.#bucket.read(device);
        const stock = this.#stockOf(before);
        const { next, result } = change(stock);
        // A device that gives what there is no room for makes the disk work for nothing.
        if (next.length === stock.length) return result;
        const bytes = utf8Encode(JSON.stringify(next));
        if (await this.#bucket.write(device, bytes, before)) return result;
      }
      throw new Fault("too-many", "too many ask for this device", { retryAfterMs: 1_000 });
    });
  }

  /** What is damaged or old is none: the device gives new ones. */
  #stockOf(value: Value | undefined): readonly string[] {
    if (value === undefined) return [];
    try {
      const stock: unknown = JSON.parse(utf8Decode(value.bytes));
      const isOurs = Array.isArray(stock) && stock.every((one) => typeof one === "string");
      if (!isOurs) return [];
      const oldest = this.#clock.unixMs() - KEY_PACKAGE_KEEP_MS;
      return stock.filter((one) => Number(one.slice(0, one.indexOf(" "))) > oldest);
    } catch {
      return [];
    }
  }
}

interface Changed<Result> {
  readonly next: readonly string[];
  readonly result: Result;
}

/** A package as it is kept, without the time. */
function textOf(kept: string): string {
  return kept.slice(kept.indexOf(" ") + 1);
}
