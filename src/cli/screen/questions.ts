/** Questions that commands ask on the full screen, one at a time. */

import { SCREEN_PROMPTS_MAX } from "../../base/limits-screen.ts";
import { EMPTY_EDITOR, editorOf } from "./editor/editor.ts";
import type { Question } from "./state/screen-state.ts";

export interface ScreenQuestionsOptions {
  /** The question on the screen, from this queue or from a key. */
  readonly current: () => Question | undefined;
  readonly patch: (question: Question | undefined) => void;
  /** Prompts while a password is checked, and after its login has ended. */
  readonly texts: () => { readonly checking: string; readonly questionGone: string };
}

interface QueuedQuestion {
  readonly question: Question;
  readonly answered: (answer: string | undefined) => void;
}

/**
 * Queue of questions. A user who types a password does not watch the screen. So between two
 * password questions, and after a login ends during one, typed text stays hidden and is discarded
 * until Enter or Esc.
 */
export class ScreenQuestions {
  readonly #options: ScreenQuestionsOptions;
  readonly #queue: QueuedQuestion[] = []; // Bounded by SCREEN_PROMPTS_MAX.
  /** The visible question: the first pending one, or a prompt that hides typed text. */
  #visible: "first" | "checking" | "gone" | undefined;
  #isChecking = false;
  /** Whether the current login has asked for a secret. */
  #hasAskedSecret = false;

  constructor(parts: ScreenQuestionsOptions) {
    this.#options = parts;
  }

  /** @returns `undefined` if there is no answer */
  ask(kind: Question["kind"], text: string): Promise<string | undefined> {
    if (this.#queue.length >= SCREEN_PROMPTS_MAX) return Promise.resolve(undefined);
    return new Promise((answered) => {
      const asked = { question: { kind, text, answer: EMPTY_EDITOR }, answered };
      this.#queue.push(asked);
      if (kind === "secret") this.#hasAskedSecret = this.#isChecking;
      this.showNext();
    });
  }

  /** Shows the next question unless another one is on the screen. */
  showNext(): void {
    const [first] = this.#queue;
    const isFree = this.#visible === undefined && this.#options.current() === undefined;
    const isNext = this.#visible === "checking" && first?.question.kind === "secret";
    if (first === undefined || !(isFree || isNext)) return;
    // Text typed ahead is part of the answer.
    const answer = (isNext && this.#options.current()?.answer) || EMPTY_EDITOR;
    this.#visible = "first";
    this.#options.patch({ ...first.question, answer });
  }

  /** @param answer `undefined` after Esc */
  answered(answer: string | undefined): void {
    const shown = this.#visible;
    this.#visible = undefined;
    if (shown === "first") {
      const asked = this.#queue.shift();
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
    const [first] = this.#queue;
    const typed = this.#options.current()?.answer.text ?? "";
    if (this.#visible === "first" && first?.question.kind === "secret") {
      this.#queue.shift();
      this.#hide("gone");
      first.answered(undefined);
    } else if (this.#visible === "checking" && typed === "" && isIn) {
      this.#visible = undefined;
      this.#options.patch(undefined);
    } else if (this.#visible === "checking" || (this.#hasAskedSecret && !isIn && this.#isFree)) {
      this.#hide("gone");
    }
    this.showNext();
  }

  get #isFree(): boolean {
    return this.#visible === undefined && this.#options.current() === undefined;
  }

  #hide(shown: "checking" | "gone", typed = ""): void {
    const { checking, questionGone } = this.#options.texts();
    const text = shown === "gone" ? questionGone : checking;
    this.#visible = shown;
    this.#options.patch({ kind: "secret", text, answer: editorOf(typed) });
  }
}
