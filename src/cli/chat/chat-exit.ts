/** Exit code of a conversation. */

import { Fault } from "../../base/fault.ts";
import type { Signal } from "../context.ts";

/** Result of a conversation; the first exit code or fault wins. */
export class ChatExit {
  readonly #result = Promise.withResolvers<number>();
  #hasEnded = false;

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Resolves with the exit code. @throws Fault, or the error that ended the conversation */
  get exitCode(): Promise<number> {
    return this.#result.promise;
  }

  end(result: number | Fault): void {
    this.#hasEnded = true;
    if (result instanceof Fault) this.#result.reject(result);
    else this.#result.resolve(result);
  }

  readonly fail = (error: unknown): void => {
    if (error instanceof Fault) this.end(error);
    else this.#result.reject(error);
  };

  readonly onSignal = (signal: Signal): void => {
    this.end(signal === "SIGINT" ? new Fault("interrupted", "interrupted") : 143);
  };
}
