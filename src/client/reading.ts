import { READ_TOLD_EVERY_MS } from "../base/limits.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection } from "./link/connection.ts";

/** Tells the server how far somebody has read: at most so often, and whatever the link does. */
export class ReadReporter {
  readonly #clock: Clock;
  readonly #unsent = new Map<string, number>(); // By room; as many as are read.
  #connection: Pick<Connection, "isClosed" | "askThen"> | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Another link; what is not reported yet goes with it. */
  connected(connection: Pick<Connection, "isClosed" | "askThen">): void {
    this.#connection = connection;
    this.flush();
  }

  note(room: string, n: number): void {
    this.#unsent.set(room, Math.max(n, this.#unsent.get(room) ?? 0));
    this.#cancel ??= this.#clock.after(READ_TOLD_EVERY_MS, () => this.flush());
  }

  /** What cannot be sent now is sent with the next link's. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const [room, n] of this.#unsent) {
      if (this.#connection === undefined || this.#connection.isClosed) return;
      // A refusal tells nothing new: the room is left, or the next report goes further.
      this.#connection.askThen("read", { room, n }, () => undefined);
      this.#unsent.delete(room);
    }
  }

  /** Somebody else reads from here on. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#connection = undefined;
    this.#unsent.clear();
  }
}
