/** Flow control for slow terminals. */

import { TERMINAL_QUEUE_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { TerminalQueries } from "./query.ts";

/**
 * Number of bytes between two status queries. The terminal's answers, of four bytes each, show how
 * much output it has processed.
 */
const TERMINAL_MARK_BYTES = 1024;

/**
 * Prevents outdated frames from queueing for a slow terminal. Sends a status query after some
 * output, and delays further frames until the terminal has processed most of that output. A
 * terminal that does not answer queries receives frames without delay.
 */
export class Pacing {
  readonly #queries: Pick<TerminalQueries, "isResponsive" | "mark" | "takeUnsent">;
  readonly #onOpen: () => void;
  #unansweredBytes = 0;
  /** Number of bytes sent since the last status query. */
  #unmarkedBytes = 0;

  /** @param onOpen called when more output may be written */
  constructor(
    queries: Pick<TerminalQueries, "isResponsive" | "mark" | "takeUnsent">,
    onOpen: () => void,
  ) {
    this.#queries = queries;
    this.#onOpen = onOpen;
  }

  /** Whether the next frame may be written, whatever its size. */
  get isOpen(): boolean {
    return !this.#queries.isResponsive || this.#unansweredBytes < TERMINAL_QUEUE_BYTES_MAX;
  }

  /**
   * Adds a status query to the output if one is due.
   * @param text output to be written
   * @returns the output with the query
   */
  marked(text: string): string {
    if (!this.#queries.isResponsive) {
      this.#unansweredBytes = 0;
      this.#unmarkedBytes = 0;
      return text;
    }
    const sizeBytes = Buffer.byteLength(text);
    this.#unansweredBytes += sizeBytes;
    this.#unmarkedBytes += sizeBytes;
    if (this.#unmarkedBytes < TERMINAL_MARK_BYTES) return text;
    const markedBytes = this.#unmarkedBytes;
    this.#unmarkedBytes = 0;
    this.#queries.mark(() => this.#reached(markedBytes));
    return text + this.#queries.takeUnsent();
  }

  #reached(sizeBytes: number): void {
    const wasOpen = this.isOpen;
    this.#unansweredBytes = Math.max(0, this.#unansweredBytes - sizeBytes);
    if (!wasOpen && this.isOpen) queueMicrotask(this.#onOpen);
  }
}
