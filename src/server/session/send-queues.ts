/** Limit on the bytes that are queued for the sessions of one account. */

import type { UserId } from "../../base/ids.ts";
import {
  SEND_QUEUE_BYTES_MAX,
  SEND_QUEUES_CHECK_MS,
  SEND_QUEUES_PER_ACCOUNT_BYTES_MAX,
} from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import type { ClientConnection } from "./client-connection.ts";

/** Number of sessions that cannot exceed the limit, because each link has its own. */
const SESSIONS_UNCHECKED = SEND_QUEUES_PER_ACCOUNT_BYTES_MAX / SEND_QUEUE_BYTES_MAX;

type Session = Pick<ClientConnection, "dropSlowReader"> & {
  readonly link: { queuedBytes(): number };
};

interface SendQueuesOptions {
  readonly clock: Pick<Clock, "after">;
  readonly sessionsOf: (user: UserId) => readonly Session[];
}

/** Checks only accounts with many sessions, as long as there are some. */
export class SendQueues {
  /** Accounts with more than SESSIONS_UNCHECKED sessions. */
  readonly #crowded = new Set<UserId>();

  constructor(private readonly options: SendQueuesOptions) {}

  onLogin(user: UserId): void {
    if (this.options.sessionsOf(user).length <= SESSIONS_UNCHECKED) return;
    this.#crowded.add(user);
    if (this.#crowded.size === 1) this.#schedule();
  }

  #schedule(): void {
    this.options.clock.after(SEND_QUEUES_CHECK_MS, () => {
      for (const user of this.#crowded) this.#check(user);
      if (this.#crowded.size > 0) this.#schedule();
    });
  }

  /** Closes the links with the longest queues. Their clients resume by `seq`. */
  #check(user: UserId): void {
    const sessions = this.options.sessionsOf(user);
    if (sessions.length <= SESSIONS_UNCHECKED) this.#crowded.delete(user);
    const queues = sessions.map((session) => ({ session, bytes: session.link.queuedBytes() }));
    let bytes = queues.reduce((sum, queue) => sum + queue.bytes, 0);
    if (bytes <= SEND_QUEUES_PER_ACCOUNT_BYTES_MAX) return;
    for (const queue of queues.sort((a, b) => b.bytes - a.bytes)) {
      if (bytes <= SEND_QUEUES_PER_ACCOUNT_BYTES_MAX) return;
      queue.session.dropSlowReader();
      bytes -= queue.bytes;
    }
  }
}
