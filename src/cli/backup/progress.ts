import { formatSize } from "../../base/sizes.ts";
import type { Context } from "../context.ts";

const SHOWN_EVERY_MS = 250;

/** How much was copied, on a terminal. */
export class CopyProgress {
  readonly #context: Context;
  #shownMs = 0;
  #isShown = false;

  constructor(context: Context) {
    this.#context = context;
  }

  readonly update = (copiedBytes: number): void => {
    const { stderr, clock } = this.#context;
    const now = clock.unixMs();
    if (!stderr.isTerminal || now - this.#shownMs < SHOWN_EVERY_MS) return;
    this.#shownMs = now;
    this.#isShown = true;
    stderr.write(`\r\x1b[K${formatSize(copiedBytes)} copied …`);
  };

  end(): void {
    if (this.#isShown) this.#context.stderr.write("\r\x1b[K");
    this.#isShown = false;
  }
}
