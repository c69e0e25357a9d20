import type { Fault } from "../../src/base/fault.ts";
import type { Link } from "../../src/io/link/link.ts";
import { within } from "../event.ts";

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class LinkObserver {
  readonly messages: Uint8Array[] = [];
  closedCount = 0;
  fault: Fault | undefined;
  lateCount = 0;
  readonly #closed = Promise.withResolvers<Fault | undefined>();
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(link: Link) {
    link.receive({
      message: (bytes) => {
        if (this.closedCount > 0) this.lateCount += 1;
        this.messages.push(bytes);
        if (this.#waiting !== undefined && this.messages.length >= this.#waiting.count) {
          this.#waiting.resolve();
        }
      },
      closed: (fault) => {
        this.closedCount += 1;
        this.fault = fault;
        this.#closed.resolve(fault);
      },
    });
  }

  closed(): Promise<Fault | undefined> {
    return within("the end of a link", this.#closed.promise);
  }

  async count(count: number): Promise<void> {
    if (this.messages.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { count, resolve };
    await within(`message ${count}`, promise, 60_000);
  }
}
