/** Line numbers and the exit code of a script piped into `chat join`. */

import type { Fault } from "../../base/fault.ts";
import { withoutSecrets } from "./slash.ts";

/** A line of a script, as in its results. */
export interface InputLine {
  /** From 1. */
  readonly line: number;
  /** Text without the arguments of commands with passwords; absent if it is invalid. */
  readonly text?: string;
}

/** Counts the lines of a script, and stores the exit code of the first refused line. */
export class ScriptLines {
  readonly #isScript: boolean;
  #current: InputLine = { line: 0 };
  #first: { readonly line: number; readonly fault: Fault } | undefined;

  /** @param isScript false on a terminal, where the user sees each fault */
  constructor(isScript: boolean) {
    this.#isScript = isScript;
  }

  get current(): InputLine | undefined {
    return this.#isScript ? this.#current : undefined;
  }

  /** Exit code of the first refused line; 0 if there is none. */
  get exitCode(): number {
    return this.#first?.fault.exitCode ?? 0;
  }

  /** Starts the next line before it is read, because reading may fail. */
  begin(): void {
    this.#current = { line: this.#current.line + 1 };
  }

  read(text: string): void {
    this.#current = { ...this.#current, text: withoutSecrets(text) };
  }

  /** Records a refused line. Refusals may arrive out of order. */
  refused({ line }: InputLine, fault: Fault): void {
    if (this.#first === undefined || line < this.#first.line) this.#first = { line, fault };
  }
}
