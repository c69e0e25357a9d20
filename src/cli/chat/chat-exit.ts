/** Exit code of a conversation. */

import { Fault } from "../../base/fault.ts";
import type { Signal } from "../context.ts";

/** Result of a conversation; the first exit code or fault wins. */
export class ChatExit {
  readonly #ended = Promise.withResolvers<number>();
  #isThere = false;

  get hasEnded(): boolean {
    return this.#isThere;
  }

  /** Resolves with the exit code. @throws Fault, or the error that ended the conversation */
  get exitCode(): Promise<number> {
    return this.#ended.promise;
  }

  end(how: number | Fault): void {
    this.#isThere = true;
    if (how instanceof Fault) this.#ended.reject(how);
    else this.#ended.resolve(how);
  }

  readonly fail = (error: unknown): void => {
    if (error instanceof Fault) this.end(error);
    else this.#ended.reject(error);
  };

  readonly onSignal = (signal: Signal): void => {
    this.end(signal === "SIGINT" ? new Fault("interrupted", "interrupted") : 143);
  };
}
