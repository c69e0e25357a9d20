/** Delayed writes of read cursors. */

import type { Clock } from "../io/clock.ts";
import type { CursorStore } from "./ports.ts";

export interface ReadMark {
  readonly fingerprint: string;
  readonly user: string;
  readonly seq: number;
}

/** Delay of a write, because a write waits for the disk. After a crash some events repeat. */
const STORE_EVERY_MS = 500;

export class CursorKeeper {
  readonly #state: CursorStore;
  readonly #clock: Clock;
  #mark: ReadMark | undefined;
  #cancel: (() => void) | undefined;

  constructor(state: CursorStore, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  note(mark: ReadMark): void {
    const { user, fingerprint } = this.#mark ?? mark;
    if (user !== mark.user || fingerprint !== mark.fingerprint) this.flush();
    this.#mark = mark;
    this.#cancel ??= this.#clock.after(STORE_EVERY_MS, () => this.flush());
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const mark = this.#mark;
    this.#mark = undefined;
    if (mark !== undefined) this.#state.advanceCursor(mark.fingerprint, mark.user, mark.seq);
  }

  /** Moves the cursor back: the server has lost the records after this one. */
  rewind(mark: ReadMark): void {
    this.flush();
    this.#state.rewindCursor(mark.fingerprint, mark.user, mark.seq);
  }
}
