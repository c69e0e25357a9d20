/** Progress counter in a line that the client rewrites on a terminal. */

import { type Context, mayRedraw } from "../context.ts";

const CLEAR_LINE = "\r\x1b[K";
const REDRAW_INTERVAL_MS = 250;

/** Has no effect on a terminal that cannot rewrite lines. */
export class CounterLine {
  readonly #context: Pick<Context, "stderr" | "env" | "clock">;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(context: Pick<Context, "stderr" | "env" | "clock">) {
    this.#context = context;
  }

  update(line: () => string): void {
    const { stderr, clock } = this.#context;
    const now = clock.now();
    if (!mayRedraw(this.#context) || now - this.#drawnMs < REDRAW_INTERVAL_MS) return;
    this.#drawnMs = now;
    this.#isDrawn = true;
    stderr.write(`${CLEAR_LINE}${line()}`);
  }

  end(): void {
    if (this.#isDrawn) this.#context.stderr.write(CLEAR_LINE);
    this.#isDrawn = false;
  }
}
