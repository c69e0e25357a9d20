/** Queries to the terminal and their answers. */

import {
  TERMINAL_ANSWER_TIMEOUT_MS,
  TERMINAL_ANSWERS_PER_QUERY_MAX,
  TERMINAL_EXIT_TIMEOUT_MS,
  TERMINAL_QUERIES_MAX,
} from "../../../base/limits-screen.ts";
import type { Clock } from "../../../io/clock.ts";

/** TERMINAL_EXIT_TIMEOUT_MS for a terminal that has answered before and may be slow. */
const RESPONSIVE_EXIT_TIMEOUT_MS = 2_000;

/** DA1, the terminal's kind. All terminals answer it, in the order of the queries. */
const DEVICE_QUERY = "\x1b[c";
const DEVICE_ANSWER = /^\x1b\[\?[\d;]*c$/;
/** DSR 5, the terminal's status: the shortest answer. */
const STATUS_QUERY = "\x1b[5n";
const STATUS_ANSWER = /^\x1b\[[03]n$/;

type AnswerCallback = (answers: string | undefined) => void;

interface PendingQuery {
  /** Matches the answer that ends the query. */
  readonly isFinalAnswer: (report: string) => boolean;
  readonly onAnswer: AnswerCallback;
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
  #unsent: { readonly text: string; readonly query: PendingQuery }[] = []; // Bounded as #due.
  #pending: PendingQuery[] = []; // Bounded by TERMINAL_QUERIES_MAX.
  #hasAnswered = false;
  #isUnresponsive = false;
  #onSettled: (() => void)[] = [];

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Whether the terminal has answered, and still does. */
  get isResponsive(): boolean {
    return this.#hasAnswered && !this.#isUnresponsive;
  }

  /** An answer is pending: an Esc may be the beginning of it. */
  get hasPending(): boolean {
    return this.#pending.some(({ isLate }) => !isLate);
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

  /** @param onReached called when earlier output was displayed, or the answer timed out */
  mark(onReached: () => void): void {
    this.#ask(STATUS_QUERY, (report) => STATUS_ANSWER.test(report), onReached);
  }

  /** Returns the output; the timeout of its answers begins. */
  takeUnsent(): string {
    let text = "";
    for (const { text: sequence, query } of this.#unsent) {
      text += sequence;
      this.#pending.push(query);
      query.cancel = this.#clock.after(TERMINAL_ANSWER_TIMEOUT_MS, () => this.#timedOut(query));
    }
    this.#unsent = [];
    return text;
  }

  /** @param report of the terminal, about anything */
  receiveReport(report: string): void {
    const at = this.#pending.findIndex(({ isFinalAnswer: isEnd }) => isEnd(report));
    if (at < 0) {
      const [first] = this.#pending;
      if (first !== undefined && first.reports.length < TERMINAL_ANSWERS_PER_QUERY_MAX) {
        first.reports.push(report);
      }
      return;
    }
    this.#hasAnswered = true;
    this.#isUnresponsive = false;
    // Answers arrive in order: earlier queries will not be answered.
    for (const [i, query] of this.#pending.splice(0, at + 1).entries()) {
      query.cancel();
      if (!query.isLate) query.onAnswer(i < at ? undefined : query.reports.join("") + report);
    }
    this.#resolveSettled();
  }

  /** Another program may have read the answers: nothing is pending. */
  discardPending(): void {
    for (const query of this.#pending.splice(0)) {
      query.cancel();
      if (!query.isLate) query.onAnswer(undefined);
    }
    this.#resolveSettled();
  }

  /**
   * Resolves when no answer is pending, which the shell would read as typed text, or after a
   * timeout.
   */
  settled(): Promise<void> {
    if (!this.hasPending) return Promise.resolve();
    const timeoutMs = this.#hasAnswered ? RESPONSIVE_EXIT_TIMEOUT_MS : TERMINAL_EXIT_TIMEOUT_MS;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(timeoutMs, resolve);
      this.#onSettled.push(() => {
        cancel();
        resolve();
      });
    });
  }

  #ask(text: string, isFinalAnswer: PendingQuery["isFinalAnswer"], onAnswer: AnswerCallback): void {
    const count = this.#pending.length + this.#unsent.length;
    if (this.#isUnresponsive || count >= TERMINAL_QUERIES_MAX) return onAnswer(undefined);
    const query = { isFinalAnswer, onAnswer, reports: [], isLate: false, cancel: () => {} };
    this.#unsent.push({ text, query });
  }

  #timedOut(query: PendingQuery): void {
    query.isLate = true;
    this.#isUnresponsive = true;
    query.onAnswer(undefined);
    this.#resolveSettled();
  }

  #resolveSettled(): void {
    if (this.hasPending) return;
    for (const resolve of this.#onSettled.splice(0)) resolve();
  }
}
