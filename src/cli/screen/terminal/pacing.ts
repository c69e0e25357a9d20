/** Flow control for slow terminals. */

import { TERMINAL_QUEUE_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { TerminalQueries } from "./query.ts";

/**
 * Bytes between two status queries, which measure the terminal's progress. An answer has four
 * bytes.
 */
const TERMINAL_MARK_BYTES = 1024;

/**
 * Prevents a slow line from buffering outdated frames. The pacing sends a status query after some
 * output and pauses until the terminal has answered for most of that output. A terminal that does
 * not answer receives everything immediately.
 */
export class Pacing {
  readonly #queries: Pick<TerminalQueries, "isResponsive" | "mark" | "takeUnsent">;
  readonly #onOpen: () => void;
  #unansweredBytes = 0;
  /** Bytes since the last query. */
  #unmarkedBytes = 0;

  /** @param onOpen called when more output may be written */
  constructor(
    queries: Pick<TerminalQueries, "isResponsive" | "mark" | "takeUnsent">,
    onOpen: () => void,
  ) {
    this.#queries = queries;
    this.#onOpen = onOpen;
  }

  /** Whether the next frame may be written, regardless of its size. */
  get isOpen(): boolean {
    return !this.#queries.isResponsive || this.#unansweredBytes < TERMINAL_QUEUE_BYTES_MAX;
  }

  /**
   * @param text output that is written now @returns the output with a status query if one is due
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
