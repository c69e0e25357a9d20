/** Flow control for slow terminals. */

import { TERMINAL_QUEUE_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { TerminalQueries } from "./query.ts";

/**
 * Bytes between two status queries, which show how far the terminal is; an answer has four bytes.
 */
const TERMINAL_MARK_BYTES = 1024;

/**
 * Keeps a slow line from filling up. Output that the system has accepted may wait for a long time
 * before the terminal, and would show outdated frames one by one. A terminal that answers is
 * queried after some of the output, and receives no more until most of that was shown. A terminal
 * that does not answer receives everything immediately.
 */
export class Pacing {
  readonly #queries: Pick<TerminalQueries, "isResponsive" | "mark" | "takeUnsent">;
  readonly #onOpen: () => void;
  #unansweredBytes = 0;
  /** Bytes after the last mark. */
  #unmarkedBytes = 0;

  /** @param onOpen more may be written */
  constructor(
    queries: Pick<TerminalQueries, "isResponsive" | "mark" | "takeUnsent">,
    onOpen: () => void,
  ) {
    this.#queries = queries;
    this.#onOpen = onOpen;
  }

  /** Whether the next frame may be written, however large it is. */
  get isOpen(): boolean {
    return !this.#queries.isResponsive || this.#unansweredBytes < TERMINAL_QUEUE_BYTES_MAX;
  }

  /** @param text that is written now @returns the same, with a mark after it when due */
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
