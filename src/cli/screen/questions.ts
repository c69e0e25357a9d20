/** Queue of questions that commands ask in the full-screen client. */

import { SCREEN_PROMPTS_MAX } from "../../base/limits-screen.ts";
import { EMPTY_EDITOR, editorOf } from "./editor/editor.ts";
import type { ScreenQuestion } from "./state/screen-state.ts";

export interface ScreenQuestionsOptions {
  readonly current: () => ScreenQuestion | undefined;
  readonly patch: (question: ScreenQuestion | undefined) => void;
  readonly unixMs: () => number;
  /**
   * `checking` is displayed while a password is checked, `promptCancelled` after a login ended
   * during a question.
   */
  readonly texts: () => { readonly checking: string; readonly promptCancelled: string };
}

interface QueuedQuestion {
  readonly question: ScreenQuestion;
  readonly answered: (answer: string | undefined) => void;
}

/**
 * A user who types a password might not be looking at the screen. Typed text is therefore hidden
 * and discarded between two password questions and, if the login ended during a question, until
 * Enter or Esc.
 */
export class ScreenQuestions {
  readonly #queue: QueuedQuestion[] = [];
  #visible: "first" | "checking" | "withdrawn" | undefined;
  #isChecking = false;
  #hasAskedSecret = false;

  constructor(private readonly options: ScreenQuestionsOptions) {}

  /** @param first first answer of a yes-or-no question */
  ask(
    kind: ScreenQuestion["kind"],
    text: string,
    first: ScreenQuestion["first"] = "no",
  ): Promise<string | undefined> {
    if (this.#queue.length >= SCREEN_PROMPTS_MAX) return Promise.resolve(undefined);
    return new Promise((answered) => {
      const queued = { question: { kind, text, first, answer: EMPTY_EDITOR }, answered };
      this.#queue.push(queued);
      if (kind === "secret") this.#hasAskedSecret = this.#isChecking;
      this.showNext();
    });
  }

  showNext(): void {
    const [first] = this.#queue;
    const isPromptFree = this.#visible === undefined && this.options.current() === undefined;
    const replacesChecking = this.#visible === "checking" && first?.question.kind === "secret";
    if (first === undefined || !(isPromptFree || replacesChecking)) return;
    // Part of the answer may have been typed before the question appeared.
    const answer = (replacesChecking && this.options.current()?.answer) || EMPTY_EDITOR;
    this.#visible = "first";
    this.options.patch({ ...first.question, answer, askedUnixMs: this.options.unixMs() });
  }

  answered(answer: string | undefined): void {
    const visible = this.#visible;
    this.#visible = undefined;
    if (visible === "first") {
      const queued = this.#queue.shift();
      queued?.answered(answer);
      const isSecret = queued?.question.kind === "secret";
      // After Esc, no further password question follows.
      if (isSecret) this.#hasAskedSecret &&= answer !== undefined;
      if (isSecret && answer !== undefined && this.#isChecking) this.#hideInput("checking");
    } else if (visible === "checking" && answer !== undefined) this.#hideInput("checking", answer);
    this.showNext();
  }

  begin(): void {
    this.#isChecking = true;
    this.#hasAskedSecret = false;
  }

  /** @param isLoggedIn whether the login succeeded; if so, no further password question follows */
  end(isLoggedIn: boolean): void {
    this.#isChecking = false;
    const [first] = this.#queue;
    const typedText = this.options.current()?.answer.text ?? "";
    if (this.#visible === "first" && first?.question.kind === "secret") {
      this.#queue.shift();
      this.#hideInput("withdrawn");
      first.answered(undefined);
    } else if (this.#visible === "checking" && typedText === "" && isLoggedIn) {
      this.#visible = undefined;
      this.options.patch(undefined);
    } else if (
      this.#visible === "checking" ||
      (this.#hasAskedSecret && !isLoggedIn && this.#isPromptFree)
    ) {
      this.#hideInput("withdrawn");
    }
    this.showNext();
  }

  get #isPromptFree(): boolean {
    return this.#visible === undefined && this.options.current() === undefined;
  }

  #hideInput(prompt: "checking" | "withdrawn", typedText = ""): void {
    const { checking, promptCancelled } = this.options.texts();
    const text = prompt === "withdrawn" ? promptCancelled : checking;
    this.#visible = prompt;
    this.options.patch({ kind: "secret", text, answer: editorOf(typedText) });
  }
}
