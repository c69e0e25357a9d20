/** How a conversation ends. */

import { Fault } from "../../base/fault.ts";
import type { Signal } from "../context.ts";

/** The result of a conversation; the first exit code or fault counts. */
export class Ending {
  readonly #ended = Promise.withResolvers<number>();
  #isThere = false;

  get isThere(): boolean {
    return this.#isThere;
  }

  /** Resolves with the exit code. @throws Fault, or the error that ended the conversation */
  get exitCode(): Promise<number> {
    return this.#ended.promise;
  }

  /** Ends the conversation with an exit code or a fault. */
  put(how: number | Fault): void {
    this.#isThere = true;
    if (how instanceof Fault) this.#ended.reject(how);
    else this.#ended.resolve(how);
  }

  /** Ends the conversation with a caught error. */
  readonly broken = (error: unknown): void => {
    if (error instanceof Fault) this.put(error);
    else this.#ended.reject(error);
  };

  readonly signalled = (signal: Signal): void => {
    this.put(signal === "SIGINT" ? new Fault("interrupted", "interrupted") : 143);
  };
}
