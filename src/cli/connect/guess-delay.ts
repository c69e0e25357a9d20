/** Shows how long a wrong password delays the next attempt. */

import type { GuessDelay } from "../../client/link/connection.ts";
import { ENGLISH_TERMINAL, type Message } from "../../ui/messages/en/terminal.ts";
import { type Context, mayRedraw, printNotice } from "../context.ts";

/**
 * Milliseconds before anything is shown: a correct secret is answered immediately even after wrong
 * ones.
 */
const DISPLAY_DELAY_MS = 400;
const TICK_MS = 1_000;
const CLEAR_LINE = "\r\x1b[K";

/** Explains why the answer to a password is delayed: a countdown on a terminal, else one line. */
export class GuessDelayDisplay {
  readonly #context: Context;
  /** Shows the text in place of this class; set by the full screen. */
  displayInstead: ((text: Message) => void) | undefined;
  #cancel: (() => void) | undefined;
  #isDrawn = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** @param delay `undefined` once the answer has arrived */
  readonly update = (delay: GuessDelay | undefined): void => {
    this.#end();
    if (delay === undefined) return;
    const { clock } = this.#context;
    const until = clock.now() + delay.waitMs;
    const firstMs = Math.min(DISPLAY_DELAY_MS, delay.waitMs);
    this.#cancel = clock.after(firstMs, () => this.#show(delay.of, until));
  };

  #show(of: GuessDelay["of"], until: number): void {
    const { clock, stderr } = this.#context;
    // The network adds time: the last second is shown until the answer arrives.
    const seconds = Math.max(1, Math.ceil((until - clock.now()) / 1000));
    const message = ENGLISH_TERMINAL.guessDelay(of, seconds);
    const countsDown = this.#context.terminal !== undefined && mayRedraw(this.#context);
    const fits = message.length + "chat: ".length < stderr.columns();
    if (this.displayInstead !== undefined) {
      return this.displayInstead((texts) => texts.guessDelay(of, seconds));
    }
    if (!countsDown || !fits) return printNotice(this.#context, message);
    stderr.write(`${CLEAR_LINE}chat: ${message}`);
    this.#isDrawn = true;
    this.#cancel = clock.after(TICK_MS, () => this.#show(of, until));
  }

  #end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#isDrawn) this.#context.stderr.write(CLEAR_LINE);
    this.#isDrawn = false;
  }
}
