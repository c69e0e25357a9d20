/** Rate limits for datagrams from each sender. */

import {
  LAN_ADDRESS_PACKETS_PER_SECOND,
  LAN_CHECKS_PER_SECOND,
  LAN_PACKETS_BURST,
  LAN_PACKETS_PER_SECOND,
  LAN_SOURCES_MAX,
} from "../../base/limits.ts";
import { TokenBucket, TokenBuckets } from "../rate.ts";

/** Limits per source, per address and in total, applied before decryption and verification. */
export class LanRateLimit {
  readonly #sources = new TokenBuckets(LAN_PACKETS_PER_SECOND, LAN_PACKETS_BURST, LAN_SOURCES_MAX);
  readonly #addresses = new TokenBuckets(
    LAN_ADDRESS_PACKETS_PER_SECOND,
    2 * LAN_ADDRESS_PACKETS_PER_SECOND,
    LAN_SOURCES_MAX,
  );
  readonly #total: TokenBucket;

  constructor(now: number) {
    this.#total = new TokenBucket(LAN_CHECKS_PER_SECOND, LAN_CHECKS_PER_SECOND, now);
  }

  get size(): number {
    return Math.max(this.#sources.size, this.#addresses.size);
  }

  accepts(address: string, port: number, now: number): boolean {
    return (
      this.#sources.of(`${address}:${port}`, now).take(now) === 0 &&
      this.#addresses.of(address, now).take(now) === 0 &&
      this.#total.take(now) === 0
    );
  }
}
