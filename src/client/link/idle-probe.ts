/** Detects a link that no longer carries data although nothing has closed it. */

import { Fault, msg } from "../../base/fault.ts";
import {
  IDLE_CONNECT_TIMEOUT_MS,
  IDLE_PING_AFTER_MS,
  IDLE_PING_TIMEOUT_MS,
  IDLE_UDP_CONNECT_TIMEOUT_MS,
  IDLE_UDP_PING_AFTER_MS,
  IDLE_UDP_PING_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import { type Clock, delay } from "../../io/clock.ts";
import type { Link } from "../../io/link/link.ts";
import type { Connection } from "./connection.ts";

/** Time in which a slow uplink sends the messages that precede a ping. */
const UPLINK_TIMEOUT_MS = 16_000;

/**
 * Closes a link that does not answer, so that its client connects again. For clients that need no
 * second connection to find out, because a wrong answer costs them one login: those of a page that
 * has been in the background, where the system drops connections without a word.
 * @param idleMs silence before a ping; a link that has received something since is not asked
 */
export async function closeIfSilent(
  connection: Connection,
  clock: Pick<Clock, "now" | "after">,
  idleMs: number,
): Promise<void> {
  const now = clock.now();
  if (now - connection.lastReceivedAt < idleMs) return;
  const timeoutMs =
    IDLE_PING_TIMEOUT_MS + (connection.awaitsAnswer ? UPLINK_TIMEOUT_MS : IDLE_CONNECT_TIMEOUT_MS);
  connection.probe(0);
  await delay(clock, timeoutMs);
  if (connection.lastReceivedAt >= now) return;
  const seconds = Math.round((clock.now() - connection.lastReceivedAt) / 1000);
  connection.close(new Fault("timeout", msg`the server has not responded for ${seconds} s`));
}

export interface IdleProbeOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly connection: Connection;
  readonly dial: () => Promise<Link>;
  /** Whether the client knows other addresses of the server. */
  readonly hasOthers: () => boolean;
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

/** Slowest uplink on which a ping may follow messages that are still on their way. */
const UPLINK_BYTES_PER_MS = 4;

/**
 * Checks an idle link by dialling a second connection, because TCP reports neither that a machine
 * has lost power nor that the path drops the link's packets. The link is closed
 *
 * - if the server is unreachable, and the client knows other addresses;
 * - if the server accepts the second connection, but no byte arrives on this one. A large message
 *   on a slow link still delivers bytes. Links that do not count reads are therefore kept.
 *
 * Without other addresses, only a TCP link that awaits an answer is checked.
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
    const { sentBytes } = connection.link.counters();
    const probeAt = () => connection.lastReceivedAt + idleMs;
    const untilProbeMs = probeAt() - clock.now();
    this.#wait(untilProbeMs > 0 ? untilProbeMs : idleMs, () => {
      const now = clock.now();
      if (now < probeAt() || !this.#isNeeded) return this.#listen();
      const { reads } = connection;
      const uplinkMs = (connection.link.counters().sentBytes - sentBytes) / UPLINK_BYTES_PER_MS;
      connection.probe(idleMs);
      this.#wait(answerTimeoutMs + uplinkMs, () => {
        if (connection.lastReceivedAt >= now) this.#listen();
        else void this.#dial(now, reads);
      });
    });
  }

  get #isNeeded(): boolean {
    const { connection, hasOthers } = this.options;
    return hasOthers() || (connection.link.transport === "tcp" && connection.awaitsAnswer);
  }

  async #dial(probedAt: number, readsBefore: number | undefined): Promise<void> {
    const { clock, connection, dial, hasOthers, onUnreachable } = this.options;
    const timeout = Promise.withResolvers<false>();
    this.#wait(this.#pace.connectTimeoutMs, () => timeout.resolve(false));
    const isReachable = await Promise.race([this.#canDial(dial), timeout.promise]);
    this.#cancel();
    // A server that was suspended may answer on both connections now.
    if (isReachable)
      await new Promise<void>((resolve) => this.#wait(this.#pace.answerTimeoutMs, resolve));
    if (this.#isClosed) return;
    const { reads } = connection;
    const isSilent = reads === readsBefore && connection.lastReceivedAt < probedAt;
    if (!isSilent || (isReachable ? reads === undefined : !hasOthers())) return this.#listen();
    if (!isReachable) onUnreachable();
    const seconds = Math.round((clock.now() - connection.lastReceivedAt) / 1000);
    const text = isReachable
      ? msg`nothing has arrived for ${seconds} s, but the server accepts other connections`
      : msg`the server has not responded for ${seconds} s`;
    const remedy = msg`try again; if it persists, choose another --transport`;
    connection.close(new Fault("timeout", text, isReachable ? { remedy } : {}));
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
