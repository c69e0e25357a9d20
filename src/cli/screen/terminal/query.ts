/** Queries to the terminal and their answers. */

import {
  TERMINAL_ANSWER_TIMEOUT_MS,
  TERMINAL_ANSWERS_PER_QUERY_MAX,
  TERMINAL_EXIT_TIMEOUT_MS,
  TERMINAL_QUERIES_MAX,
} from "../../../base/limits-screen.ts";
import type { Clock } from "../../../io/clock.ts";

/** TERMINAL_EXIT_TIMEOUT_MS for a terminal that has answered before and may be slow. */
const TERMINAL_ANSWERS_LEAVE_MS = 2_000;

/** DA1, the terminal's kind. All terminals answer it, in the order of the queries. */
const DEVICE_QUERY = "\x1b[c";
const DEVICE_ANSWER = /^\x1b\[\?[\d;]*c$/;
/** DSR 5, the terminal's status: the shortest answer. */
const STATUS_QUERY = "\x1b[5n";
const STATUS_ANSWER = /^\x1b\[[03]n$/;

type Answered = (answers: string | undefined) => void;

interface Asked {
  /** Matches the answer that ends the query. */
  readonly isEnd: (report: string) => boolean;
  readonly answered: Answered;
  reports: string[]; // Bounded by TERMINAL_ANSWERS_PER_QUERY_MAX.
  /** The query has timed out: a late answer is consumed, and reported to nobody. */
  isLate: boolean;
  cancel: () => void;
}

/**
 * Queries to the terminal, whose answers arrive between the keys. Each is followed by a query that
 * every terminal answers, so an unsupported one costs no timeout. A terminal that answers nothing
 * is not queried again until a late answer arrives.
 */
export class TerminalQueries {
  readonly #clock: Pick<Clock, "after">;
  #unsent: { readonly text: string; readonly asked: Asked }[] = []; // Bounded as #due.
  #due: Asked[] = []; // Bounded by TERMINAL_QUERIES_MAX.
  #hasAnswered = false;
  #isUnresponsive = false;
  #settled: (() => void)[] = [];

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Whether the terminal has answered, and still does. */
  get answers(): boolean {
    return this.#hasAnswered && !this.#isUnresponsive;
  }

  /** An answer is pending: an Esc may be the beginning of it. */
  get isDue(): boolean {
    return this.#due.some(({ isLate }) => !isLate);
  }

  /**
   * @param text has no lasting effect on the screen, since it is written before a frame
   * @returns all answers concatenated, and last the kind of the terminal (DA1); `undefined` if the
   * terminal does not answer
   */
  ask(text: string): Promise<string | undefined> {
    return new Promise((answered) => {
      this.#ask(text + DEVICE_QUERY, (report) => DEVICE_ANSWER.test(report), answered);
    });
  }

  /** @param reached called when earlier output was displayed, or the answer timed out */
  mark(reached: () => void): void {
    this.#ask(STATUS_QUERY, (report) => STATUS_ANSWER.test(report), reached);
  }

  /** Returns the output; the timeout of its answers begins. */
  take(): string {
    let text = "";
    for (const { text: question, asked } of this.#unsent) {
      text += question;
      this.#due.push(asked);
      asked.cancel = this.#clock.after(TERMINAL_ANSWER_TIMEOUT_MS, () => this.#timedOut(asked));
    }
    this.#unsent = [];
    return text;
  }

  /** @param report of the terminal, about anything */
  answered(report: string): void {
    const at = this.#due.findIndex(({ isEnd }) => isEnd(report));
    if (at < 0) {
      const [first] = this.#due;
      if (first !== undefined && first.reports.length < TERMINAL_ANSWERS_PER_QUERY_MAX) {
        first.reports.push(report);
      }
      return;
    }
    this.#hasAnswered = true;
    this.#isUnresponsive = false;
    // Answers arrive in order: earlier queries will not be answered.
    for (const [i, asked] of this.#due.splice(0, at + 1).entries()) {
      asked.cancel();
      if (!asked.isLate) asked.answered(i < at ? undefined : asked.reports.join("") + report);
    }
    this.#settle();
  }

  /** Another program may have read the answers: nothing is pending. */
  forget(): void {
    for (const asked of this.#due.splice(0)) {
      asked.cancel();
      if (!asked.isLate) asked.answered(undefined);
    }
    this.#settle();
  }

  /**
   * Resolves when no answer is pending, which the shell would read as typed text, or after a
   * timeout.
   */
  settled(): Promise<void> {
    if (!this.isDue) return Promise.resolve();
    const withinMs = this.#hasAnswered ? TERMINAL_ANSWERS_LEAVE_MS : TERMINAL_EXIT_TIMEOUT_MS;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(withinMs, resolve);
      this.#settled.push(() => {
        cancel();
        resolve();
      });
    });
  }

  #ask(text: string, isEnd: Asked["isEnd"], answered: Answered): void {
    const count = this.#due.length + this.#unsent.length;
    if (this.#isUnresponsive || count >= TERMINAL_QUERIES_MAX) return answered(undefined);
    const asked = { isEnd, answered, reports: [], isLate: false, cancel: () => {} };
    this.#unsent.push({ text, asked });
  }

  #timedOut(asked: Asked): void {
    asked.isLate = true;
    this.#isUnresponsive = true;
    asked.answered(undefined);
    this.#settle();
  }

  #settle(): void {
    if (this.isDue) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}
