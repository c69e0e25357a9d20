/** Limits the datagrams accepted from each sender. */

import {
  LAN_ADDRESS_PACKETS_PER_SECOND,
  LAN_CHECKS_PER_SECOND,
  LAN_PACKETS_BURST,
  LAN_PACKETS_PER_SECOND,
  LAN_SOURCES_MAX,
} from "../../base/limits.ts";
import { TokenBucket } from "../rate.ts";

/**
 * Decides which datagrams to process, before anything is decrypted or verified: limits per source,
 * per address, and in total.
 */
export class LanRateLimit {
  readonly #sources = new Paces(LAN_PACKETS_PER_SECOND, LAN_PACKETS_BURST);
  readonly #addresses = new Paces(
    LAN_ADDRESS_PACKETS_PER_SECOND,
    2 * LAN_ADDRESS_PACKETS_PER_SECOND,
  );
  readonly #all: TokenBucket;

  constructor(now: number) {
    this.#all = new TokenBucket(LAN_CHECKS_PER_SECOND, LAN_CHECKS_PER_SECOND, now);
  }

  /** Number of remembered sources. */
  get size(): number {
    return Math.max(this.#sources.size, this.#addresses.size);
  }

  admits(address: string, port: number, now: number): boolean {
    return (
      this.#sources.take(`${address}:${port}`, now) &&
      this.#addresses.take(address, now) &&
      this.#all.take(now) === 0
    );
  }
}

/** Token buckets by key. Bounded: the least recently used one is dropped. */
class Paces {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #perSecond: number;
  readonly #burst: number;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  get size(): number {
    return this.#buckets.size;
  }

  take(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#perSecond, this.#burst, now);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= LAN_SOURCES_MAX) break;
      this.#buckets.delete(oldest);
    }
    return bucket.take(now) === 0;
  }
}
