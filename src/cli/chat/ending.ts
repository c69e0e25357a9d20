import { Fault } from "../../base/fault.ts";
import type { Signal } from "../context.ts";

/** How a conversation ends: the first that says so decides. */
export class Ending {
  readonly #ended = Promise.withResolvers<number>();
  #isThere = false;

  /** Something has ended it. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Resolves with the exit code. @throws Fault, or whatever broke it */
  get exitCode(): Promise<number> {
    return this.#ended.promise;
  }

  /** By an exit code, or by a fault. */
  put(how: number | Fault): void {
    this.#isThere = true;
    if (how instanceof Fault) this.#ended.reject(how);
    else this.#ended.resolve(how);
  }

  /** By what was thrown. */
  readonly broken = (error: unknown): void => {
    if (error instanceof Fault) this.put(error);
    else this.#ended.reject(error);
  };

  readonly signalled = (signal: Signal): void => {
    this.put(signal === "SIGINT" ? new Fault("interrupted", "interrupted") : 143);
  };
}
