/** Checks of the tokens in HTTP requests. */

import { Fault } from "../../base/fault.ts";
import { PASSWORD_CHECKS_QUEUED_MAX } from "../../base/limits.ts";
import { GuessLimiter } from "../../core/rate.ts";
import { type Clock, delay } from "../../io/clock.ts";
import type { Address } from "../../io/link/link.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { addressKey } from "../session/connection-limits.ts";
import type { Bans } from "./bans.ts";

export class TokenChecker {
  readonly #clock: Clock;
  readonly #bans: Bans;
  readonly #guessing = new GuessLimiter();
  readonly #delays = new TaskQueue({
    running: PASSWORD_CHECKS_QUEUED_MAX,
    waiting: PASSWORD_CHECKS_QUEUED_MAX,
  });

  constructor(clock: Clock, bans: Bans) {
    this.#clock = clock;
    this.#bans = bans;
  }

  async authenticate<Found>(
    remote: Address,
    token: string | undefined,
    find: (token: string) => Found | undefined,
  ): Promise<Found> {
    this.#bans.checkAddress(remote.host);
    if (token === undefined) throw invalidToken();
    const found = find(token);
    // A valid token bypasses the delays that other clients cause, because 128 random bits cannot be
    // guessed.
    if (found !== undefined) return found;
    const keys = [`address:${addressKey(remote.host)}`];
    const delayMs = this.#guessing.delayMs(keys, this.#clock.now());
    this.#guessing.begin(keys);
    try {
      if (delayMs > 0) await this.#delays.run(() => delay(this.#clock, delayMs));
      this.#guessing.wrong(keys, this.#clock.now());
      throw invalidToken();
    } finally {
      this.#guessing.end(keys);
    }
  }
}

function invalidToken(): Fault {
  const remedy = "send Authorization: Bearer TOKEN";
  return new Fault("login-refused", "invalid token", { remedy });
}
