/** Flow control for slow terminals. */

import { TERMINAL_QUEUE_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { TerminalQueries } from "./query.ts";

/**
 * Bytes between two status queries. Each four-byte answer shows how much output the terminal has
 * processed.
 */
const TERMINAL_MARK_BYTES = 1024;

/**
 * Prevents outdated frames from queueing for a slow terminal: sends status queries, and delays
 * frames until the terminal has processed most of the output. A terminal that answers no queries
 * receives frames without delay.
 */
export class Pacing {
  readonly #queries: Pick<TerminalQueries, "isResponsive" | "mark" | "takeUnsent">;
  readonly #onOpen: () => void;
  #unansweredBytes = 0;
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
