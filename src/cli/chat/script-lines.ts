/** Line numbers and exit code of a script that is piped into `chat join`. */

import type { Fault } from "../../base/fault.ts";
import { withoutSecrets } from "./slash.ts";

export interface InputLine {
  readonly line: number;
  /**
   * Omits the arguments of commands that accept a password; absent if the line is not valid text.
   */
  readonly text?: string;
}

export class ScriptLines {
  #current: InputLine = { line: 0 };
  #first: { readonly line: number; readonly fault: Fault } | undefined;

  /** @param isScript false on a terminal, where the user sees each fault */
  constructor(private readonly isScript: boolean) {}

  get current(): InputLine | undefined {
    return this.isScript ? this.#current : undefined;
  }

  get exitCode(): number {
    return this.#first?.fault.exitCode ?? 0;
  }

  /** Call this before reading a line, so that a read fault has the right line number. */
  begin(): void {
    this.#current = { line: this.#current.line + 1 };
  }

  read(text: string): void {
    this.#current = { ...this.#current, text: withoutSecrets(text) };
  }

  refused({ line }: InputLine, fault: Fault): void {
    if (this.#first === undefined || line < this.#first.line) this.#first = { line, fault };
  }
}
