/** Events of a data channel, for a transfer that waits for the first of several events. */

import { Fault } from "../../base/fault.ts";
import type { Connection, ServerNotice } from "../link/connection.ts";

export class ChannelEvents {
  readonly #connection: Connection;
  readonly #onFault = new Set<(fault: Fault) => void>();
  #change = Promise.withResolvers<void>();
  /** Fault that ended the transfer. The channel may still be open. */
  #fault: Fault | undefined;

  /** @param handle processes each notice; a Fault thrown by `handle` ends the transfer */
  constructor(connection: Connection, handle: (notice: ServerNotice) => void) {
    this.#connection = connection;
    connection.onClosed(() => this.fail(connection.closeFault));
    connection.listen((notice) => {
      try {
        handle(notice);
        this.notify();
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.fail(error);
        // A fault caused by the peer closes the channel, but a local disk fault does not.
        if (error.blame === "peer") throw error;
      }
    });
  }

  fail(fault: Fault): void {
    this.#fault ??= fault;
    for (const onFault of this.#onFault) onFault(this.#fault);
    this.notify();
  }

  notify(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /** @throws {Fault} if the transfer has failed or the channel is closed */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#connection.isClosed) throw this.#connection.closeFault;
  }

  next(): Promise<void> {
    return this.#change.promise;
  }

  /** @throws {Fault} if the transfer fails before the promise settles */
  unlessFailed<Value>(promise: Promise<Value>): Promise<Value> {
    // `Promise.race` with one long-lived promise would retain the results of all other promises.
    return new Promise((resolve, reject) => {
      this.#onFault.add(reject);
      promise.then(resolve, reject).finally(() => this.#onFault.delete(reject));
    });
  }
}
