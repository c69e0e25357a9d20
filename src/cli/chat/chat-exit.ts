/** Exit code or fault that ends a chat session. */

import { Fault } from "../../base/fault.ts";
import type { Signal } from "../context.ts";

/** The program ends within two seconds of the user's wish if the server does not answer. */
export const QUIT_TIMEOUT_MS = 1_500;

export class ChatExit {
  readonly #result = Promise.withResolvers<number>();
  #hasEnded = false;

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

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
    this.end(signal === "SIGINT" ? leftByInterrupt() : 143);
  };
}

export function leftByInterrupt(): Fault {
  return new Fault("interrupted", "interrupted", { remedy: "to rejoin, run chat join" });
}
