/** Delayed writes of read cursors. */

import type { Clock } from "../io/clock.ts";
import type { CursorStore } from "./ports.ts";

export interface ReadMark {
  readonly fingerprint: string;
  readonly user: string;
  readonly seq: number;
}

/** Lets several cursors share one write. A crash causes some events to be repeated. */
const WRITE_DELAY_MS = 500;

export class CursorWriter {
  readonly #state: CursorStore;
  readonly #clock: Clock;
  #mark: ReadMark | undefined;
  #cancel: (() => void) | undefined;

  constructor(state: CursorStore, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  /**
   * Writes an account's first cursor immediately. Without a stored cursor, the next start would
   * request only the latest messages, as for a new user.
   */
  schedule(mark: ReadMark): void {
    const { user, fingerprint } = this.#mark ?? mark;
    if (user !== mark.user || fingerprint !== mark.fingerprint) this.flush();
    const hasPending = this.#mark !== undefined;
    this.#mark = mark;
    const isFirst = !hasPending && this.#state.cursor(mark.fingerprint, mark.user) === undefined;
    if (isFirst) return this.flush();
    this.#cancel ??= this.#clock.after(WRITE_DELAY_MS, () => this.flush());
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const mark = this.#mark;
    this.#mark = undefined;
    if (mark !== undefined) this.#state.advanceCursor(mark.fingerprint, mark.user, mark.seq);
  }

  rewind(mark: ReadMark): void {
    this.flush();
    this.#state.rewindCursor(mark.fingerprint, mark.user, mark.seq);
  }
}
