import { READ_TOLD_EVERY_MS } from "../base/limits.ts";
import type { Clock } from "../io/clock.ts";

/** Tells the server how far somebody has read: at most so often, and whatever the link does. */
export class ReadReporter {
  readonly #clock: Clock;
  /** @returns false: there is no link now */
  readonly #send: (room: string, n: number) => boolean;
  readonly #unsent = new Map<string, number>(); // By room; as many as are read.
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, send: (room: string, n: number) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  note(room: string, n: number): void {
    this.#unsent.set(room, Math.max(n, this.#unsent.get(room) ?? 0));
    this.#cancel ??= this.#clock.after(READ_TOLD_EVERY_MS, () => this.flush());
  }

  /** What cannot be sent now is sent with the next link's. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const [room, n] of this.#unsent) if (this.#send(room, n)) this.#unsent.delete(room);
  }

  /** Somebody else reads from here on. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#unsent.clear();
  }
}
