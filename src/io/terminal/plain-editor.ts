/** A line editor for terminals that cannot move the cursor. */

import type { Input } from "./input.ts";
import type { EnteredLine, LineEditor } from "./line-editor.ts";
import type { Output } from "./output.ts";

/**
 * Opens an editor for a terminal that only adds lines, such as a screen reader: nothing is written
 * twice. The terminal itself echoes and edits the typed line, and its target is printed once, on a
 * line of its own.
 */
export function openPlainEditor(input: Input, output: Output): LineEditor {
  return new PlainEditor(input, output);
}

/** Prompt while in no room; the reason was printed. */
const NOWHERE = ">";

class PlainEditor implements LineEditor {
  readonly #input: Input;
  readonly #output: Output;
  #prompt = "";

  constructor(input: Input, output: Output) {
    this.#input = input;
    this.#output = output;
  }

  async line(): Promise<EnteredLine | undefined> {
    const text = await this.#input.line();
    return text === undefined ? undefined : { text, isPasted: false };
  }

  async secret(question: string): Promise<string | undefined> {
    this.#output.write(`${question}: `);
    await this.#output.flushed();
    try {
      return await this.#input.secretLine();
    } finally {
      this.#output.write("\n");
    }
  }

  print(text: string): void {
    this.#output.write(text);
  }

  eraseEntered(): void {
    // The typed text stays where it is.
  }

  prompt(text: string): void {
    const prompt = text.trimEnd();
    if (prompt === this.#prompt) return;
    this.#prompt = prompt;
    if (prompt !== NOWHERE) this.#output.write(`${prompt}\n`);
  }

  close(): void {
    // Nothing to restore.
  }
}
