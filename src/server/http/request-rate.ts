/** Rate limits for HTTP requests. */

import {
  FLOODERS_MAX,
  HTTP_REQUESTS_BURST,
  HTTP_REQUESTS_PER_SECOND,
  HTTP_REQUESTS_PER_TURN_MAX,
  HTTP_REQUESTS_PIPELINED_MAX,
} from "../../base/limits.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Clock } from "../../io/clock.ts";
import type { Address } from "../../io/link/link.ts";
import { addressKey, isLoopback } from "../session/connection-limits.ts";

export class RequestRateLimiter {
  readonly #clock: Pick<Clock, "now" | "after">;
  readonly #inTurn = new Map<string, number>();
  #countInTurn = 0;
  readonly #buckets = new TokenBuckets(HTTP_REQUESTS_PER_SECOND, HTTP_REQUESTS_BURST, FLOODERS_MAX);

  constructor(clock: Pick<Clock, "now" | "after">) {
    this.#clock = clock;
  }

  allows({ host, port }: Address): boolean {
    if (this.#countInTurn === 0) this.#clock.after(0, () => this.#endTurn());
    if (this.#countInTurn >= HTTP_REQUESTS_PER_TURN_MAX) return false;
    this.#countInTurn++;
    const connection = `${host} ${port}`;
    const count = (this.#inTurn.get(connection) ?? 0) + 1;
    this.#inTurn.set(connection, count);
    if (count > HTTP_REQUESTS_PIPELINED_MAX) return false;
    // Loopback is exempt, because a local proxy forwards all clients from that address.
    const now = this.#clock.now();
    return isLoopback(host) || this.#buckets.of(addressKey(host), now).take(now) === 0;
  }

  #endTurn(): void {
    this.#inTurn.clear();
    this.#countInTurn = 0;
  }
}
