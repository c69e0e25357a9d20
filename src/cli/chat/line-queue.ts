/** Input lines of a script, read while earlier ones are handled. */

import { LINES_AHEAD_MAX } from "../../io/terminal/line-editor.ts";
import { isQuit } from "./console.ts";

export class LineQueue {
  readonly #lines: (() => Promise<string | undefined>)[] = [];
  readonly #quit = Promise.withResolvers<void>();
  #onLine: (() => void) | undefined;
  #onRoom: (() => void) | undefined;

  /** @param read returns the next line; `undefined` at the end of input */
  constructor(private readonly read: () => Promise<string | undefined>) {
    void this.#fill();
  }

  /** Resolves when QUIT has been read, even if it is not the next line. */
  get quit(): Promise<void> {
    return this.#quit.promise;
  }

  /** @throws {Fault} the faults of `read` */
  async next(): Promise<string | undefined> {
    if (this.#lines.length === 0) {
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
    const line = this.#lines.shift();
    this.#onRoom?.();
    return line?.();
  }

  async #fill(): Promise<void> {
    for (let isEnd = false; !isEnd; ) {
      try {
        const line = await this.read();
        isEnd = line === undefined;
        if (line !== undefined && isQuit(line)) this.#quit.resolve();
        this.#lines.push(() => Promise.resolve(line));
      } catch (error) {
        this.#lines.push(() => Promise.reject(error));
      }
      this.#onLine?.();
      if (this.#lines.length < LINES_AHEAD_MAX) continue;
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
  }
}
