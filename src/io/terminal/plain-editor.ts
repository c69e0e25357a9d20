/** Line editor for terminals that cannot move the cursor. */

import type { Input } from "./input.ts";
import type { EnteredLine, LineEditor } from "./line-editor.ts";
import type { Output } from "./output.ts";

const NO_ROOM_PROMPT = ">";

/**
 * For a terminal that only appends lines, such as a screen reader. The terminal echoes the line and
 * lets the user edit it. A change of the current room is printed on a separate line.
 */
export class PlainEditor implements LineEditor {
  #prompt = "";

  constructor(
    private readonly input: Input,
    private readonly output: Output,
  ) {}

  async line(): Promise<EnteredLine | undefined> {
    const text = await this.input.line();
    return text === undefined ? undefined : { text, isPasted: false };
  }

  async secret(question: string, before = () => {}): Promise<string | undefined> {
    await this.output.flushed();
    try {
      return await this.input.secretLine(() => {
        before();
        this.output.write(`${question}: `);
      });
    } finally {
      this.output.write("\n");
    }
  }

  print(text: string): void {
    this.output.write(text);
  }

  eraseEntered(): void {}

  prompt(text: string): void {
    const prompt = text.trimEnd();
    if (prompt === this.#prompt) return;
    this.#prompt = prompt;
    if (prompt !== NO_ROOM_PROMPT) this.output.write(`${prompt}\n`);
  }

  close(): void {}
}
