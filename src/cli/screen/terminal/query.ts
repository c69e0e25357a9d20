import {
  TERMINAL_ANSWER_LEAVE_MS,
  TERMINAL_ANSWER_MS,
  TERMINAL_QUESTIONS_MAX,
  TERMINAL_REPORTS_MAX,
} from "../../../base/limits-screen.ts";
import type { Clock } from "../../../io/clock.ts";

/** As TERMINAL_ANSWER_LEAVE_MS, for a terminal that has answered before: its line may be slow. */
const TERMINAL_ANSWERS_LEAVE_MS = 2_000;

/** What is your kind (DA1)? All terminals answer that, in the order in which they were asked. */
const KIND = "\x1b[c";
const KIND_ANSWER = /^\x1b\[\?[\d;]*c$/;
/** Are you well (DSR 5)? The shortest answer there is. */
const MARK = "\x1b[5n";
const MARK_ANSWER = /^\x1b\[[03]n$/;

type Answered = (answers: string | undefined) => void;

interface Asked {
  /** What answers it, and ends it. */
  readonly isEnd: (report: string) => boolean;
  readonly answered: Answered;
  reports: string[]; // Bounded by TERMINAL_REPORTS_MAX.
  /** Its time is over: an answer that comes nevertheless is taken, and told to nobody. */
  isLate: boolean;
  cancel: () => void;
}

/**
 * What is asked of a terminal, and its answers, which come between the keys. Behind each question
 * stands one that every terminal answers: so a question that it does not know costs no waiting.
 * A terminal that answers nothing is not asked again, until a late answer comes.
 */
export class TerminalQueries {
  readonly #clock: Pick<Clock, "after">;
  #unsent: { readonly text: string; readonly asked: Asked }[] = []; // Bounded as #due.
  #due: Asked[] = []; // Bounded by TERMINAL_QUESTIONS_MAX.
  #hasAnswered = false;
  #isSilent = false;
  #settled: (() => void)[] = [];

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** It has answered a question, and goes on to do so. */
  get answers(): boolean {
    return this.#hasAnswered && !this.#isSilent;
  }

  /** An answer is on its way: an Esc may be the beginning of one. */
  get isDue(): boolean {
    return this.#due.some(({ isLate }) => !isLate);
  }

  /** There is something for `take`. */
  get isWaiting(): boolean {
    return this.#unsent.length > 0;
  }

  /**
   * @param text moves nothing that stays: it is written before a frame
   * @returns all that was answered to it, one after the other, and at last the kind of the terminal
   *   (DA1); undefined: it does not answer
   */
  ask(text: string): Promise<string | undefined> {
    return new Promise((answered) => {
      this.#ask(text + KIND, (report) => KIND_ANSWER.test(report), answered);
    });
  }

  /** @param reached all that was written before has been shown; or it will not be known */
  mark(reached: () => void): void {
    this.#ask(MARK, (report) => MARK_ANSWER.test(report), reached);
  }

  /** What is to be written now: the time of an answer begins. */
  take(): string {
    let text = "";
    for (const { text: question, asked } of this.#unsent) {
      text += question;
      this.#due.push(asked);
      asked.cancel = this.#clock.after(TERMINAL_ANSWER_MS, () => this.#missed(asked));
    }
    this.#unsent = [];
    return text;
  }

  /** @param report of the terminal, whatever it may be about */
  answered(report: string): void {
    const at = this.#due.findIndex(({ isEnd }) => isEnd(report));
    if (at < 0) {
      const [first] = this.#due;
      if (first !== undefined && first.reports.length < TERMINAL_REPORTS_MAX) {
        first.reports.push(report);
      }
      return;
    }
    this.#hasAnswered = true;
    this.#isSilent = false;
    // They come in order: what was asked before has no answer any more.
    for (const [i, asked] of this.#due.splice(0, at + 1).entries()) {
      asked.cancel();
      if (!asked.isLate) asked.answered(i < at ? undefined : asked.reports.join("") + report);
    }
    this.#settle();
  }

  /** Somebody else may have read the answers: nothing is due any more. */
  forget(): void {
    for (const asked of this.#due.splice(0)) {
      asked.cancel();
      if (!asked.isLate) asked.answered(undefined);
    }
    this.#settle();
  }

  /**
   * Resolves when no answer is on its way any more, which the shell would take for typed text; or
   * when it was waited for long enough.
   */
  settled(): Promise<void> {
    if (!this.isDue) return Promise.resolve();
    const withinMs = this.#hasAnswered ? TERMINAL_ANSWERS_LEAVE_MS : TERMINAL_ANSWER_LEAVE_MS;
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
    if (this.#isSilent || count >= TERMINAL_QUESTIONS_MAX) return answered(undefined);
    const asked = { isEnd, answered, reports: [], isLate: false, cancel: () => {} };
    this.#unsent.push({ text, asked });
  }

  #missed(asked: Asked): void {
    asked.isLate = true;
    this.#isSilent = true;
    asked.answered(undefined);
    this.#settle();
  }

  #settle(): void {
    if (this.isDue) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}
