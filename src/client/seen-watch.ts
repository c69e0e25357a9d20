/** Times what is on the screen, and reports what the user has seen as soon as it is due. */

import { type SeenMessages, SeenTimer, type VisibleMessages } from "../core/model/seen.ts";

export interface SeenWatchOptions {
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => () => void;
}

export class SeenWatch {
  readonly #timer = new SeenTimer();
  #cancel: (() => void) | undefined;

  constructor(
    private readonly options: SeenWatchOptions,
    private readonly onSeen: (messages: SeenMessages) => void,
  ) {}

  /** @param visible `undefined` if no message is on the screen, or the window has no focus */
  show(visible: VisibleMessages | undefined): void {
    this.#report(this.#timer.show(visible, this.options.now()));
  }

  /** Takes all messages on the screen as seen, because the user turns the page. */
  turnPage(): void {
    this.#report(this.#timer.turnPage());
  }

  #report(messages: readonly SeenMessages[]): void {
    const { now, after } = this.options;
    this.#cancel?.();
    const { dueMs } = this.#timer;
    this.#cancel =
      dueMs === undefined
        ? undefined
        : after(dueMs - now(), () => this.#report(this.#timer.check(now())));
    for (const seen of messages) this.onSeen(seen);
  }
}
