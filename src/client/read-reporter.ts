/** Reports read positions to the server. */

import { READ_NOTICE_INTERVAL_MS } from "../base/limits.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection } from "./link/connection.ts";

export class ReadReporter {
  readonly #clock: Clock;
  readonly #unsent = new Map<string, number>();
  #connection: Pick<Connection, "isClosed" | "requestThen"> | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  connected(connection: Pick<Connection, "isClosed" | "requestThen">): void {
    this.#connection = connection;
    this.flush();
  }

  report(room: string, n: number): void {
    this.#unsent.set(room, Math.max(n, this.#unsent.get(room) ?? 0));
    this.#cancel ??= this.#clock.after(READ_NOTICE_INTERVAL_MS, () => this.flush());
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const [room, n] of this.#unsent) {
      if (this.#connection === undefined || this.#connection.isClosed) return;
      // Ignore the outcome: either the user has left the room, or a later report supersedes this
      // one.
      this.#connection.requestThen("read", { room, n }, () => undefined);
      this.#unsent.delete(room);
    }
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#connection = undefined;
    this.#unsent.clear();
  }
}
