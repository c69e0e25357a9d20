import { TERMINAL_UNANSWERED_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { TerminalQueries } from "./query.ts";

/** Bytes between two questions of how far the terminal is; an answer has four bytes. */
const TERMINAL_MARK_BYTES = 1024;

/**
 * Keeps a slow line from filling up: what the system has taken may wait for a long time in front of
 * the terminal, and is shown frame by frame when nobody wants it any more. A terminal that answers
 * is asked behind some of what is written, and gets no more until most of that was shown. One that
 * does not answer gets all at once.
 */
export class Pacing {
  readonly #queries: Pick<TerminalQueries, "answers" | "mark" | "take">;
  readonly #onOpen: () => void;
  #unansweredBytes = 0;
  /** Of those, behind the last mark. */
  #unmarkedBytes = 0;

  /** @param onOpen more may be written */
  constructor(queries: Pick<TerminalQueries, "answers" | "mark" | "take">, onOpen: () => void) {
    this.#queries = queries;
    this.#onOpen = onOpen;
  }

  /** The next frame may be written, however large it is. */
  get isOpen(): boolean {
    return !this.#queries.answers || this.#unansweredBytes < TERMINAL_UNANSWERED_BYTES_MAX;
  }

  /** @param text that is written now @returns the same, with a mark behind it if it is time */
  marked(text: string): string {
    if (!this.#queries.answers) {
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
    return text + this.#queries.take();
  }

  #reached(sizeBytes: number): void {
    const wasOpen = this.isOpen;
    this.#unansweredBytes = Math.max(0, this.#unansweredBytes - sizeBytes);
    if (!wasOpen && this.isOpen) queueMicrotask(this.#onOpen);
  }
}
