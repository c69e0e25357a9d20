/** Detects a server that has disappeared without closing its link. */

import { Fault, msg } from "../../base/fault.ts";
import {
  IDLE_CONNECT_TIMEOUT_MS,
  IDLE_PING_AFTER_MS,
  IDLE_PING_TIMEOUT_MS,
  IDLE_UDP_CONNECT_TIMEOUT_MS,
  IDLE_UDP_PING_AFTER_MS,
  IDLE_UDP_PING_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import type { Clock } from "../../io/clock.ts";
import type { Link } from "../../io/link/link.ts";
import type { Connection } from "./connection.ts";

export interface IdleProbeOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly connection: Connection;
  readonly dial: () => Promise<Link>;
  readonly onUnreachable: () => void;
}

const TCP = {
  idleMs: IDLE_PING_AFTER_MS,
  answerTimeoutMs: IDLE_PING_TIMEOUT_MS,
  connectTimeoutMs: IDLE_CONNECT_TIMEOUT_MS,
};
const UDP: typeof TCP = {
  idleMs: IDLE_UDP_PING_AFTER_MS,
  answerTimeoutMs: IDLE_UDP_PING_TIMEOUT_MS,
  connectTimeoutMs: IDLE_UDP_CONNECT_TIMEOUT_MS,
};

/**
 * Checks an idle link by dialling a second connection, because TCP does not report that a machine
 * has lost power. The second connection succeeds even while a large message occupies the link. Used
 * only if the client knows other addresses.
 */
export class IdleProbe {
  readonly #pace: typeof TCP;
  #cancel = () => {};
  #isClosed = false;

  constructor(private readonly options: IdleProbeOptions) {
    this.#pace = options.connection.link.transport === "udp" ? UDP : TCP;
    options.connection.onClosed(() => {
      this.#isClosed = true;
      this.#cancel();
    });
    this.#listen();
  }

  #listen(): void {
    const { clock, connection } = this.options;
    const { idleMs, answerTimeoutMs } = this.#pace;
    const probeAt = () => connection.lastReceivedAt + idleMs;
    this.#wait(Math.max(probeAt() - clock.now(), 1), () => {
      const now = clock.now();
      if (now < probeAt()) return this.#listen();
      connection.probe(idleMs);
      this.#wait(answerTimeoutMs, () => {
        if (connection.lastReceivedAt >= now) this.#listen();
        else void this.#dial(now);
      });
    });
  }

  async #dial(probedAt: number): Promise<void> {
    const { clock, connection, dial, onUnreachable } = this.options;
    const timeout = Promise.withResolvers<false>();
    this.#wait(this.#pace.connectTimeoutMs, () => timeout.resolve(false));
    const isReachable = await Promise.race([this.#canDial(dial), timeout.promise]);
    this.#cancel();
    if (this.#isClosed) return;
    if (isReachable || connection.lastReceivedAt >= probedAt) return this.#listen();
    onUnreachable();
    const sinceMs = clock.now() - connection.lastReceivedAt;
    const text = msg`the server has not responded for ${Math.round(sinceMs / 1000)} s`;
    connection.close(new Fault("timeout", text));
  }

  async #canDial(dial: () => Promise<Link>): Promise<boolean> {
    try {
      (await dial()).destroy();
      return true;
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
  }

  #wait(ms: number, callback: () => void): void {
    this.#cancel = this.options.clock.after(ms, callback);
  }
}
