/** Terminal queries and their answers. */

import {
  TERMINAL_ANSWER_TIMEOUT_MS,
  TERMINAL_ANSWERS_PER_QUERY_MAX,
  TERMINAL_EXIT_TIMEOUT_MS,
  TERMINAL_QUERIES_MAX,
  TERMINAL_QUEUE_BYTES_MAX,
} from "../../../base/limits-screen.ts";
import type { Clock } from "../../../io/clock.ts";

/**
 * Query for the device attributes (DA1), which every terminal answers after all earlier queries.
 */
const DEVICE_QUERY = "\x1b[c";
const DEVICE_ANSWER = /^\x1b\[\?[\d;]*c$/;
/** Device status query (DSR 5), which has the shortest answer. */
const STATUS_QUERY = "\x1b[5n";
const STATUS_ANSWER = /^\x1b\[[03]n$/;

type AnswerCallback = (answers: string | undefined) => void;

interface PendingQuery {
  readonly isFinalAnswer: (report: string) => boolean;
  readonly onAnswer: AnswerCallback;
  reports: string[];
  /** Set after a timeout, so that a late answer is discarded. */
  isLate: boolean;
  cancel: () => void;
}

/**
 * Each query ends with a request that every terminal answers, so an unsupported query needs no
 * timeout. After a timeout, the client sends no queries until the late answer arrives.
 */
export class TerminalQueries {
  #unsent: { readonly text: string; readonly query: PendingQuery }[] = [];
  #pending: PendingQuery[] = [];
  #hasAnswered = false;
  #isUnresponsive = false;
  #onSettled: (() => void)[] = [];

  constructor(private readonly clock: Pick<Clock, "after">) {}

  get isResponsive(): boolean {
    return this.#hasAnswered && !this.#isUnresponsive;
  }

  /** While an answer is pending, an Esc may be the start of that answer. */
  get hasPending(): boolean {
    return this.#pending.some(({ isLate }) => !isLate);
  }

  /**
   * @param text query that leaves nothing visible, because it is written before a frame
   * @returns all answers concatenated, with DA1 last; `undefined` if the terminal does not answer
   */
  ask(text: string): Promise<string | undefined> {
    return new Promise((answered) => {
      this.#ask(text + DEVICE_QUERY, (report) => DEVICE_ANSWER.test(report), answered);
    });
  }

  mark(onReached: () => void): void {
    this.#ask(STATUS_QUERY, (report) => STATUS_ANSWER.test(report), onReached);
  }

  takeUnsent(): string {
    let text = "";
    for (const { text: sequence, query } of this.#unsent) {
      text += sequence;
      this.#pending.push(query);
      query.cancel = this.clock.after(TERMINAL_ANSWER_TIMEOUT_MS, () => this.#timedOut(query));
    }
    this.#unsent = [];
    return text;
  }

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
    // The terminal answers in order, so it will not answer the earlier queries.
    for (const [i, query] of this.#pending.splice(0, at + 1).entries()) {
      query.cancel();
      if (!query.isLate) query.onAnswer(i < at ? undefined : query.reports.join("") + report);
    }
    this.#resolveSettled();
  }

  /** Another program may already have read the answers. */
  discardPending(): void {
    for (const query of this.#pending.splice(0)) {
      query.cancel();
      if (!query.isLate) query.onAnswer(undefined);
    }
    this.#resolveSettled();
  }

  /**
   * Waits for pending answers or a timeout. If the client exited earlier, the shell would read the
   * answers as typed text.
   */
  settled(): Promise<void> {
    if (!this.hasPending) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.clock.after(TERMINAL_EXIT_TIMEOUT_MS, resolve);
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

/**
 * Bytes between two status queries. Each four-byte answer shows how much output the terminal has
 * processed.
 */
const TERMINAL_MARK_BYTES = 1024;

/**
 * Prevents outdated frames from queueing for a slow terminal: sends status queries, and delays
 * frames until the terminal has processed most of the output. A terminal that answers no queries
 * receives frames without delay.
 */
export class Pacing {
  #unansweredBytes = 0;
  #unmarkedBytes = 0;

  /** @param onOpen called when more output may be written */
  constructor(
    private readonly queries: Pick<TerminalQueries, "isResponsive" | "mark" | "takeUnsent">,
    private readonly onOpen: () => void,
  ) {}

  /** Whether the next frame may be written, whatever its size. */
  get isOpen(): boolean {
    return !this.queries.isResponsive || this.#unansweredBytes < TERMINAL_QUEUE_BYTES_MAX;
  }

  marked(text: string): string {
    if (!this.queries.isResponsive) {
      this.#unansweredBytes = 0;
      this.#unmarkedBytes = 0;
      return text;
    }
    const sizeBytes = Buffer.byteLength(text);
    this.#unansweredBytes += sizeBytes;
    this.#unmarkedBytes += sizeBytes;
    if (this.#unmarkedBytes < TERMINAL_MARK_BYTES) return text;
    const markedBytes = this.#unmarkedBytes;
    this.#unmarkedBytes = 0;
    this.queries.mark(() => this.#reached(markedBytes));
    return text + this.queries.takeUnsent();
  }

  #reached(sizeBytes: number): void {
    const wasOpen = this.isOpen;
    this.#unansweredBytes = Math.max(0, this.#unansweredBytes - sizeBytes);
    if (!wasOpen && this.isOpen) queueMicrotask(this.onOpen);
  }
}
