/** Questions that commands ask on the full screen, one at a time. */

import { SCREEN_PROMPTS_MAX } from "../../base/limits-screen.ts";
import { EMPTY_EDITOR, editorOf } from "./editor/editor.ts";
import type { Question } from "./state/screen-state.ts";

export interface ScreenQuestionsParts {
  /** The question on the screen: from here, or asked by a key. */
  readonly current: () => Question | undefined;
  readonly put: (question: Question | undefined) => void;
  /** Shown in place of the input while a password is checked, and when its question is gone. */
  readonly texts: () => { readonly checking: string; readonly questionGone: string };
}

/** Registers a callback for when the answer is no longer needed. */
export type WhenGone = (callback: () => void) => void;

interface Asked {
  readonly question: Question;
  readonly answered: (answer: string | undefined) => void;
}

/**
 * Queue of questions. A user who types a password does not watch the screen. So between two
 * password questions, and after a question is withdrawn, typed text stays hidden and is discarded
 * until Enter or Esc.
 */
export class ScreenQuestions {
  readonly #parts: ScreenQuestionsParts;
  readonly #waiting: Asked[] = []; // Bounded by SCREEN_PROMPTS_MAX.
  /** The visible question: the first pending one, or a prompt that hides typed text. */
  #shown: "first" | "checking" | "gone" | undefined;
  #isChecking = false;
  /** Whether the current login has asked for a secret. */
  #hasAskedSecret = false;

  constructor(parts: ScreenQuestionsParts) {
    this.#parts = parts;
  }

  /** @returns `undefined` if there is no answer */
  ask(kind: Question["kind"], text: string, whenGone?: WhenGone): Promise<string | undefined> {
    if (this.#waiting.length >= SCREEN_PROMPTS_MAX) return Promise.resolve(undefined);
    return new Promise((answered) => {
      const asked = { question: { kind, text, answer: EMPTY_EDITOR }, answered };
      this.#waiting.push(asked);
      if (kind === "secret") this.#hasAskedSecret = this.#isChecking;
      whenGone?.(() => this.#withdraw(asked));
      this.showNext();
    });
  }

  /** Shows the next question unless another one is on the screen. */
  showNext(): void {
    const [first] = this.#waiting;
    const isFree = this.#shown === undefined && this.#parts.current() === undefined;
    const isNext = this.#shown === "checking" && first?.question.kind === "secret";
    if (first === undefined || !(isFree || isNext)) return;
    // Text typed ahead is part of the answer.
    const answer = (isNext && this.#parts.current()?.answer) || EMPTY_EDITOR;
    this.#shown = "first";
    this.#parts.put({ ...first.question, answer });
  }

  /** @param answer `undefined` after Esc */
  answered(answer: string | undefined): void {
    const shown = this.#shown;
    this.#shown = undefined;
    if (shown === "first") {
      const asked = this.#waiting.shift();
      asked?.answered(answer);
      const isSecret = asked?.question.kind === "secret";
      if (isSecret) this.#hasAskedSecret &&= answer !== undefined; // Esc ends the secrets.
      if (isSecret && answer !== undefined && this.#isChecking) this.#hide("checking");
    } else if (shown === "checking" && answer !== undefined) this.#hide("checking", answer);
    this.showNext();
  }

  /** Starts a login that may ask for secrets. */
  begin(): void {
    this.#isChecking = true;
    this.#hasAskedSecret = false;
  }

  /** @param isIn the login succeeded: no further password follows */
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
