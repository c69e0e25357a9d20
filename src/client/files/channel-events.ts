/** Events of a data channel, for a transfer that waits for the first of several events. */

import { asFault, type Fault } from "../../base/fault.ts";
import type { Connection, ServerNotice } from "../link/connection.ts";

export class ChannelEvents {
  readonly #onFault = new Set<(fault: Fault) => void>();
  #change = Promise.withResolvers<void>();
  #fault: Fault | undefined;

  constructor(
    private readonly connection: Connection,
    handle: (notice: ServerNotice) => void,
  ) {
    connection.onClosed(() => this.fail(connection.closeFault));
    connection.listen((notice) => {
      try {
        handle(notice);
        this.notify();
      } catch (error) {
        const fault = asFault(error);
        this.fail(fault);
        // A fault caused by the peer closes the channel, but a local disk fault does not.
        if (fault.blame === "peer") throw fault;
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

  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.connection.isClosed) throw this.connection.closeFault;
  }

  next(): Promise<void> {
    return this.#change.promise;
  }

  unlessFailed<Value>(promise: Promise<Value>): Promise<Value> {
    // `Promise.race` with one long-lived promise would retain the results of all other promises.
    return new Promise((resolve, reject) => {
      this.#onFault.add(reject);
      promise.then(resolve, reject).finally(() => this.#onFault.delete(reject));
    });
  }
}
