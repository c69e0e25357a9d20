import { SCREEN_QUESTIONS_MAX } from "../../base/limits-screen.ts";
import { EMPTY_EDITOR, editorOf } from "./editor/editor.ts";
import type { Question } from "./state/screen-state.ts";

export interface ScreenQuestionsParts {
  /** Of the screen: ours, or one that keys have asked. */
  readonly current: () => Question | undefined;
  readonly put: (question: Question | undefined) => void;
  /** Over what is typed while a password is looked at, and when its question has gone. */
  readonly texts: () => { readonly checking: string; readonly questionGone: string };
}

/** Calls back when the question is none any more: nobody waits for its answer. */
export type WhenGone = (callback: () => void) => void;

interface Asked {
  readonly question: Question;
  readonly answered: (answer: string | undefined) => void;
}

/**
 * What commands ask, one after the other. Who types a password does not look at the screen: so
 * between two questions for one, and when a question has gone, what is typed stays hidden and goes
 * nowhere, until Enter or Esc.
 */
export class ScreenQuestions {
  readonly #parts: ScreenQuestionsParts;
  readonly #waiting: Asked[] = []; // Bounded by SCREEN_QUESTIONS_MAX.
  /** What stands on the screen: the first that waits, or what hides the keys. */
  #shown: "first" | "checking" | "gone" | undefined;
  #isChecking = false;
  /** Secrets of the log-in that is under way. */
  #hasAskedSecret = false;

  constructor(parts: ScreenQuestionsParts) {
    this.#parts = parts;
  }

  /** @returns undefined if there is no answer */
  ask(kind: Question["kind"], text: string, whenGone?: WhenGone): Promise<string | undefined> {
    if (this.#waiting.length >= SCREEN_QUESTIONS_MAX) return Promise.resolve(undefined);
    return new Promise((answered) => {
      const asked = { question: { kind, text, answer: EMPTY_EDITOR }, answered };
      this.#waiting.push(asked);
      if (kind === "secret") this.#hasAskedSecret = this.#isChecking;
      whenGone?.(() => this.#withdraw(asked));
      this.showNext();
    });
  }

  /** When nothing else is asked on the screen. */
  showNext(): void {
    const [first] = this.#waiting;
    const isFree = this.#shown === undefined && this.#parts.current() === undefined;
    const isNext = this.#shown === "checking" && first?.question.kind === "secret";
    if (first === undefined || !(isFree || isNext)) return;
    // What was typed ahead is a part of the answer.
    const answer = (isNext && this.#parts.current()?.answer) || EMPTY_EDITOR;
    this.#shown = "first";
    this.#parts.put({ ...first.question, answer });
  }

  /** By Enter, or by Esc: undefined. */
  answered(answer: string | undefined): void {
    const shown = this.#shown;
    this.#shown = undefined;
    if (shown === "first") {
      const asked = this.#waiting.shift();
      asked?.answered(answer);
      const isSecret = asked?.question.kind === "secret";
      if (isSecret) this.#hasAskedSecret &&= answer !== undefined; // Who gave up types no more.
      if (isSecret && answer !== undefined && this.#isChecking) this.#hide("checking");
    } else if (shown === "checking" && answer !== undefined) this.#hide("checking", answer);
    this.showNext();
  }

  /** A log-in that may ask for secrets. */
  begin(): void {
    this.#isChecking = true;
    this.#hasAskedSecret = false;
  }

  /** @param isIn it has succeeded: nobody types a password again */
  end(isIn: boolean): void {
    this.#isChecking = false;
    const [first] = this.#waiting;
    const typed = this.#parts.current()?.answer.text ?? "";
    if (this.#shown === "first" && first?.question.kind === "secret") this.#withdraw(first);
    else if (this.#shown === "checking" && typed === "" && isIn) {
      this.#shown = undefined;
      this.#parts.put(undefined);
    } else if (this.#shown === "checking" || (this.#hasAskedSecret && !isIn && this.#isFree)) {
      this.#hide("gone");
    }
    this.showNext();
  }

  get #isFree(): boolean {
    return this.#shown === undefined && this.#parts.current() === undefined;
  }

  #withdraw(asked: Asked): void {
    const at = this.#waiting.indexOf(asked);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    if (at === 0 && this.#shown === "first") {
      if (asked.question.kind === "secret") this.#hide("gone");
      else {
        this.#shown = undefined;
        this.#parts.put(undefined);
      }
    }
    asked.answered(undefined);
    this.showNext();
  }

  #hide(shown: "checking" | "gone", typed = ""): void {
    const { checking, questionGone } = this.#parts.texts();
    const text = shown === "gone" ? questionGone : checking;
    this.#shown = shown;
    this.#parts.put({ kind: "secret", text, answer: editorOf(typed) });
  }
}
