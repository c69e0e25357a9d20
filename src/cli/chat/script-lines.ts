/** Line numbers and exit code of a script that is piped into `chat join`. */

import type { Fault } from "../../base/fault.ts";
import { withoutSecrets } from "./slash.ts";

/** A line of a script, as reported in the output. */
export interface InputLine {
  /** Line number, from 1. */
  readonly line: number;
  /**
   * Text without the arguments of commands that accept a password; absent if the text is invalid.
   */
  readonly text?: string;
}

/** Counts the lines of a script and stores the exit code of the first line that caused a fault. */
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

  /** Exit code of the first line that caused a fault; 0 if there is none. */
  get exitCode(): number {
    return this.#first?.fault.exitCode ?? 0;
  }

  /**
   * Starts the next line. Called before reading the line, so that a fault while reading has the
   * right line number.
   */
  begin(): void {
    this.#current = { line: this.#current.line + 1 };
  }

  read(text: string): void {
    this.#current = { ...this.#current, text: withoutSecrets(text) };
  }

  /** Stores the fault of a line. Faults may arrive in a different order from the lines. */
  refused({ line }: InputLine, fault: Fault): void {
    if (this.#first === undefined || line < this.#first.line) this.#first = { line, fault };
  }
}
