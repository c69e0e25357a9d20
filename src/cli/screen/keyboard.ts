/** Input loop for terminal keys. */

import {
  UNMARKED_PASTE_MS,
  type UnmarkedPaste,
  UnmarkedPastes,
} from "../../io/terminal/unmarked-paste.ts";
import type { Context } from "../context.ts";
import { isTextKey, type Key, KeyDecoder } from "./input/keys.ts";
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
  readonly #pastes = new UnmarkedPastes<Key>(textOf);
  #focusedAt = Number.NEGATIVE_INFINITY;
  #cancelTimeout: (() => void) | undefined;
  #cancelPaste: (() => void) | undefined;

  constructor(private readonly options: KeyboardOptions) {}

  /** Continues after the client has ended, so that late terminal answers do not reach the shell. */
  async read(): Promise<void> {
    const typedAheadUntil = this.options.context.clock.now() + SCREEN_TYPED_AHEAD_MS;
    for (;;) {
      const bytes = await this.options.context.stdin.chunk();
      this.end();
      if (bytes === undefined) return this.#dispatch(this.#pastes.expire().flatMap(pastedKeys));
      const isTypedAhead = this.options.context.clock.now() < typedAheadUntil;
      const keys = this.#keys.feed(bytes);
      this.#receive(isTypedAhead ? keys.map(lineFeedToEnter) : keys);
      this.#awaitMore();
    }
  }

  end(): void {
    this.#cancelTimeout?.();
    this.#cancelPaste?.();
  }

  #awaitMore(): void {
    const { timeoutMs } = this.#keys;
    if (timeoutMs !== undefined) {
      this.#cancelTimeout = this.#afterReads(timeoutMs, () => {
        this.#receive(this.#keys.flush());
        this.#awaitMore();
      });
    }
    if (!this.#pastes.isHolding) return;
    this.#cancelPaste?.();
    this.#cancelPaste = this.#afterReads(UNMARKED_PASTE_MS, () => {
      this.#dispatch(this.#pastes.expire().flatMap(keysOfPaste));
    });
  }

  /** If the program was busy, reads first what the terminal has sent meanwhile. */
  #afterReads(ms: number, run: () => void): () => void {
    const { clock } = this.options.context;
    let cancel = clock.after(ms, () => {
      cancel = clock.after(SCREEN_READ_MS, run);
    });
    return () => cancel();
  }

  /** Events that the terminal sends between pasted lines do not end the paste. */
  #receive(keys: readonly Key[]): void {
    const { terminal, context } = this.options;
    for (const { name, text } of keys) if (name === "report") terminal.queries.receiveReport(text);
    this.#dispatch(keys.filter(isTerminalEvent));
    const typed = keys.filter((key) => !isTerminalEvent(key));
    if (typed.length === 0) return;
    this.#dispatch(this.#pastes.push(typed, context.clock.now()).flatMap(keysOfPaste));
  }

  #dispatch(keys: readonly Key[]): void {
    const handled = keys.filter((key) => key.name !== "report" && !this.#isFocusing(key));
    if (handled.length > 0) this.options.onKeys(handled);
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

const TERMINAL_EVENT = /^(?:report|click|focus-(?:in|out)|scroll-(?:up|down))$/;

function isTerminalEvent({ name }: Key): boolean {
  return TERMINAL_EVENT.test(name);
}

function textOf(key: Key): string | undefined {
  if (key.name === "enter") return "\r";
  if (key.name === "ctrl-j") return "\n";
  if (key.name === "tab") return "\t";
  return isTextKey(key) ? key.text : undefined;
}

/** A held Enter is not pressed after the terminal has closed. */
function pastedKeys(part: Key | UnmarkedPaste): readonly Key[] {
  return "name" in part ? [] : keysOfPaste(part);
}

function keysOfPaste(part: Key | UnmarkedPaste): readonly Key[] {
  if ("name" in part) return [part];
  if (part.kind === "oversize") return [{ name: "paste-oversize", text: "" }];
  return [
    { name: "untype", text: part.typed },
    { name: "paste", text: part.text },
  ];
}
