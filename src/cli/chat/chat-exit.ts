/** Result of a chat session. */

import { Fault } from "../../base/fault.ts";
import type { Signal } from "../context.ts";

/** Exit code or fault of a chat session. Only the first result counts. */
export class ChatExit {
  readonly #result = Promise.withResolvers<number>();
  #hasEnded = false;

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Resolves with the exit code. @throws {Fault} the fault or error that ended the session */
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
