import { Fault } from "../../base/fault.ts";
import type { Connection, ServerNotice } from "../link/connection.ts";

/** What a lane tells, for somebody who does several things at once and waits for any of it. */
export class ChannelNews {
  readonly #channel: Connection;
  /** Of those who wait for something else meanwhile: as many as wait at once. */
  readonly #onFault = new Set<(fault: Fault) => void>();
  #waiting = Promise.withResolvers<void>();
  /** Why it cannot go on, though the lane could. */
  #fault: Fault | undefined;

  /** Everything that the lane tells goes to `handle`; a Fault of it ends the transfer. */
  constructor(lane: Connection, handle: (notice: ServerNotice) => void) {
    this.#channel = lane;
    lane.onClosed(() => this.fail(lane.lostBy));
    lane.listen((notice) => {
      try {
        handle(notice);
        this.tell();
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.fail(error);
        // Our own disk is not the server's business.
        if (error.blame === "peer") throw error;
      }
    });
  }

  /** The first decides. */
  fail(fault: Fault): void {
    this.#fault ??= fault;
    for (const onFault of this.#onFault) onFault(this.#fault);
    this.tell();
  }

  /** Whoever waits looks again. */
  tell(): void {
    this.#waiting.resolve();
    this.#waiting = Promise.withResolvers();
  }

  /** @throws Fault why it cannot go on */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#channel.isClosed) throw this.#channel.lostBy;
  }

  /** Something was told. */
  next(): Promise<void> {
    return this.#waiting.promise;
  }

  /** @throws Fault why it cannot go on, when that comes first */
  unlessEnded<Value>(promise: Promise<Value>): Promise<Value> {
    // Not by `Promise.race`: what outlives many promises would keep what each of them brought.
    return new Promise((resolve, reject) => {
      this.#onFault.add(reject);
      promise.then(resolve, reject).finally(() => this.#onFault.delete(reject));
    });
  }
}
