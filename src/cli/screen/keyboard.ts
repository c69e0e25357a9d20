/** Input loop for terminal keys. */

import type { Context } from "../context.ts";
import { type Key, KeyDecoder } from "./input/keys.ts";
import type { TerminalQueries } from "./terminal/query.ts";

/** A click within this time after the window receives the focus only focuses the window. */
const SCREEN_FOCUS_CLICK_MS = 200;
/**
 * Until the client sets raw mode, the terminal converts Enter to a line feed, so a line feed this
 * soon after startup counts as Enter.
 */
const SCREEN_TYPED_AHEAD_MS = 200;
/** Time in which bytes that have already arrived are read. */
const SCREEN_READ_MS = 1;

export interface KeyboardOptions {
  readonly context: Pick<Context, "stdin" | "clock">;
  readonly terminal: { readonly queries: Pick<TerminalQueries, "receiveReport"> };
  readonly onKeys: (keys: readonly Key[]) => void;
}

export class Keyboard {
  readonly #keys = new KeyDecoder();
  #focusedAt = Number.NEGATIVE_INFINITY;
  #cancelEsc: (() => void) | undefined;

  constructor(private readonly options: KeyboardOptions) {}

  /** Continues after the client has ended, so that late terminal answers do not reach the shell. */
  async read(): Promise<void> {
    const typedAheadUntil = this.options.context.clock.now() + SCREEN_TYPED_AHEAD_MS;
    for (;;) {
      const bytes = await this.options.context.stdin.chunk();
      this.end();
      if (bytes === undefined) return;
      const isTypedAhead = this.options.context.clock.now() < typedAheadUntil;
      const keys = this.#keys.feed(bytes);
      this.#dispatch(isTypedAhead ? keys.map(lineFeedToEnter) : keys);
      this.#awaitEsc();
    }
  }

  end(): void {
    this.#cancelEsc?.();
  }

  /** If the program was busy, the bytes that the terminal has sent meanwhile are read first. */
  #awaitEsc(): void {
    const { timeoutMs } = this.#keys;
    if (timeoutMs === undefined) return;
    const { clock } = this.options.context;
    this.#cancelEsc = clock.after(timeoutMs, () => {
      this.#cancelEsc = clock.after(SCREEN_READ_MS, () => {
        this.#dispatch(this.#keys.flush());
        this.#awaitEsc();
      });
    });
  }

  #dispatch(keys: readonly Key[]): void {
    const { terminal, onKeys } = this.options;
    for (const { name, text } of keys) if (name === "report") terminal.queries.receiveReport(text);
    onKeys(keys.filter((key) => key.name !== "report" && !this.#isFocusing(key)));
  }

  #isFocusing({ name }: Key): boolean {
    const now = this.options.context.clock.now();
    if (name === "focus-in") this.#focusedAt = now;
    return name === "click" && now - this.#focusedAt < SCREEN_FOCUS_CLICK_MS;
  }
}

function lineFeedToEnter(key: Key): Key {
  return key.name === "ctrl-j" ? { name: "enter", text: "" } : key;
}
