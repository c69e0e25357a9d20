/** Queries to the terminal and their answers. */

import {
  TERMINAL_ANSWER_TIMEOUT_MS,
  TERMINAL_ANSWERS_PER_QUERY_MAX,
  TERMINAL_EXIT_TIMEOUT_MS,
  TERMINAL_QUERIES_MAX,
} from "../../../base/limits-screen.ts";
import type { Clock } from "../../../io/clock.ts";

/** Exit timeout in milliseconds for a terminal that has answered before and may be slow. */
const RESPONSIVE_EXIT_TIMEOUT_MS = 2_000;

/** DA1, the device attributes. All terminals answer, in the order of the queries. */
const DEVICE_QUERY = "\x1b[c";
const DEVICE_ANSWER = /^\x1b\[\?[\d;]*c$/;
/** DSR 5, the device status, which has the shortest answer. */
const STATUS_QUERY = "\x1b[5n";
const STATUS_ANSWER = /^\x1b\[[03]n$/;

type AnswerCallback = (answers: string | undefined) => void;

interface PendingQuery {
  /** Matches the answer that completes the query. */
  readonly isFinalAnswer: (report: string) => boolean;
  readonly onAnswer: AnswerCallback;
  reports: string[]; // Bounded by TERMINAL_ANSWERS_PER_QUERY_MAX.
  /** Set after a timeout. A late answer is consumed and ignored. */
  isLate: boolean;
  cancel: () => void;
}

/**
 * Queries to the terminal, whose answers arrive between keys. Each query ends with one that every
 * terminal answers, so that unsupported queries need no timeout. An unresponsive terminal is not
 * queried again until a late answer arrives.
 */
export class TerminalQueries {
  readonly #clock: Pick<Clock, "after">;
  #unsent: { readonly text: string; readonly query: PendingQuery }[] = []; // Bounded as #pending.
  #pending: PendingQuery[] = []; // Bounded by TERMINAL_QUERIES_MAX.
  #hasAnswered = false;
  #isUnresponsive = false;
  #onSettled: (() => void)[] = [];

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Whether the terminal answers queries. */
  get isResponsive(): boolean {
    return this.#hasAnswered && !this.#isUnresponsive;
  }

  /** Whether an answer is pending, so that an Esc may begin it. */
  get hasPending(): boolean {
    return this.#pending.some(({ isLate }) => !isLate);
  }

  /**
   * @param text query without a lasting effect on the screen, since it is written before a frame
   * @returns all answers concatenated, with the device attributes (DA1) last; `undefined` if the
   * terminal does not answer
   */
  ask(text: string): Promise<string | undefined> {
    return new Promise((answered) => {
      this.#ask(text + DEVICE_QUERY, (report) => DEVICE_ANSWER.test(report), answered);
    });
  }

  /** @param onReached called when earlier output is displayed, or after a timeout */
  mark(onReached: () => void): void {
    this.#ask(STATUS_QUERY, (report) => STATUS_ANSWER.test(report), onReached);
  }

  /** Returns the unsent queries, and starts their timeouts. */
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

  /** @param report any report of the terminal */
  receiveReport(report: string): void {
    const at = this.#pending.findIndex(({ isFinalAnswer }) => isFinalAnswer(report));
    if (at < 0) {
      const [first] = this.#pending;
      if (first !== undefined && first.reports.length < TERMINAL_ANSWERS_PER_QUERY_MAX) {
        first.reports.push(report);
      }
      return;
    }
    this.#hasAnswered = true;
    this.#isUnresponsive = false;
    // Answers arrive in order, so earlier queries will not be answered.
    for (const [i, query] of this.#pending.splice(0, at + 1).entries()) {
      query.cancel();
      if (!query.isLate) query.onAnswer(i < at ? undefined : query.reports.join("") + report);
    }
    this.#resolveSettled();
  }

  /** Discards pending queries, whose answers another program may have read. */
  discardPending(): void {
    for (const query of this.#pending.splice(0)) {
      query.cancel();
      if (!query.isLate) query.onAnswer(undefined);
    }
    this.#resolveSettled();
  }

  /**
   * Resolves when no answer is pending, or after a timeout. The shell would read a late answer as
   * typed text.
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
