/** Line editor for terminals that cannot move the cursor. */

import type { Input } from "./input.ts";
import type { EnteredLine, LineEditor, LineEvents } from "./line-editor.ts";
import type { Output } from "./output.ts";
import { TypedLines } from "./typed-lines.ts";

const NO_ROOM_PROMPT = ">";
/** Within this time after a line, nobody has begun to type the next one. */
const LINE_MS = 100;

/**
 * For a terminal that only appends lines, such as a screen reader. The terminal echoes the line and
 * lets the user edit it. A change of the current room is printed on a separate line.
 */
export class PlainEditor implements LineEditor {
  #prompt = "";
  #lineEndedAt = Number.NEGATIVE_INFINITY;
  readonly #lines: TypedLines;

  constructor(
    private readonly input: Input,
    private readonly output: Output,
    private readonly now: () => number,
    events: LineEvents,
  ) {
    this.#lines = new TypedLines(input, events);
  }

  async line(): Promise<EnteredLine | undefined> {
    const line = await this.#lines.next();
    this.#lineEndedAt = this.now();
    return line;
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
      this.#lineEndedAt = this.now();
    }
  }

  /** The terminal does not tell whether a line is half typed, so the text begins on a new line. */
  print(text: string): void {
    const isAtStart = this.now() - this.#lineEndedAt < LINE_MS;
    this.output.write(isAtStart ? text : `\n${text}`);
    this.#lineEndedAt = this.now();
  }

  eraseEntered(): void {}

  prompt(text: string): void {
    const prompt = text.trimEnd();
    if (prompt === this.#prompt) return;
    this.#prompt = prompt;
    if (prompt !== NO_ROOM_PROMPT) this.print(`${prompt}\n`);
  }

  close(): void {}
}
