import type { Clock } from "../io/clock.ts";
import type { CursorStore } from "./ports.ts";

/** How far somebody has read at a server. */
export interface ReadMark {
  readonly fingerprint: string;
  readonly user: string;
  readonly seq: number;
}

/** A write waits for the disk: so often is enough, and what a crash loses is only told twice. */
const STORE_EVERY_MS = 500;

/** Writes cursors down, a while after they moved. */
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

  /** The server has forgotten what came after this. */
  rewind(mark: ReadMark): void {
    this.flush();
    this.#state.rewindCursor(mark.fingerprint, mark.user, mark.seq);
  }
}
