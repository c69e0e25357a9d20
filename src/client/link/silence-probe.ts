/** Detection of a server that is gone without closing its link. */

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

export interface SilenceProbeOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly connection: Connection;
  /** Dials the same address. @throws {Fault} */
  readonly dial: () => Promise<Link>;
  /** Called when the server accepts no other connection either; the link then ends. */
  readonly onSilent: () => void;
}

const TCP = {
  askAfterMs: IDLE_PING_AFTER_MS,
  answerMs: IDLE_PING_TIMEOUT_MS,
  connectMs: IDLE_CONNECT_TIMEOUT_MS,
};
const UDP: typeof TCP = {
  askAfterMs: IDLE_UDP_PING_AFTER_MS,
  answerMs: IDLE_UDP_PING_TIMEOUT_MS,
  connectMs: IDLE_UDP_CONNECT_TIMEOUT_MS,
};

/**
 * Checks whether an idle link still leads to its server, for clients that can reach other
 * addresses: TCP does not report a machine that lost power, and UDP reports nothing. A network that
 * is only slow accepts another connection, so that one big message does not end the link.
 */
export class SilenceProbe {
  readonly #options: SilenceProbeOptions;
  readonly #pace: typeof TCP;
  #cancel = () => {};
  #isOver = false;

  constructor(options: SilenceProbeOptions) {
    this.#options = options;
    this.#pace = options.connection.link.transport === "udp" ? UDP : TCP;
    options.connection.onClosed(() => {
      this.#isOver = true;
      this.#cancel();
    });
    this.#listen();
  }

  #listen(): void {
    const { clock, connection } = this.#options;
    const { askAfterMs, answerMs } = this.#pace;
    const askAt = () => connection.heardAt + askAfterMs;
    this.#wait(Math.max(askAt() - clock.now(), 1), () => {
      const now = clock.now();
      if (now < askAt()) return this.#listen();
      connection.probe(askAfterMs);
      this.#wait(answerMs, () => {
        if (connection.heardAt >= now) this.#listen();
        else void this.#dial(now);
      });
    });
  }

  async #dial(askedAt: number): Promise<void> {
    const { clock, connection, dial, onSilent } = this.#options;
    const late = Promise.withResolvers<false>();
    this.#wait(this.#pace.connectMs, () => late.resolve(false));
    const isThere = await Promise.race([this.#takesAnother(dial), late.promise]);
    this.#cancel();
    if (this.#isOver) return;
    if (isThere || connection.heardAt >= askedAt) return this.#listen();
    onSilent();
    const silentMs = clock.now() - connection.heardAt;
    const sentence = msg`nothing was heard for ${Math.round(silentMs / 1000)} s`;
    connection.close(new Fault("timeout", sentence));
  }

  async #takesAnother(dial: () => Promise<Link>): Promise<boolean> {
    try {
      (await dial()).destroy();
      return true;
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
  }

  #wait(ms: number, then: () => void): void {
    this.#cancel = this.#options.clock.after(ms, then);
  }
}
