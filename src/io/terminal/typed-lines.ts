/** Reader of lines from a terminal that edits them itself and marks no pastes. */

import { Fault } from "../../base/fault.ts";
import { PASTE_BYTES_MAX } from "../../base/limits-page.ts";
import type { Input } from "./input.ts";
import type { EnteredLine, LineEvents } from "./line-editor.ts";
import { parseYesNo } from "./terminal.ts";
import { UNMARKED_PASTE_MS } from "./unmarked-paste.ts";

/**
 * Lines that follow each other without a pause are a paste, and wait until the next line confirms
 * them: an empty line or a yes sends them as one message, any other line discards them.
 */
export class TypedLines {
  constructor(
    private readonly input: Pick<Input, "line" | "lineWithin">,
    private readonly events: LineEvents,
  ) {}

  /**
   * `undefined` at the end of the input.
   * @throws {Fault} text-invalid or too-large, also for one line of a paste
   */
  async next(): Promise<EnteredLine | undefined> {
    const { isAnswer, onPaste } = this.events;
    for (let pasted: string | undefined; ; ) {
      const first = await this.input.line();
      if (first === undefined) return undefined;
      if (pasted !== undefined) {
        if (first === "" || parseYesNo(first) === true) return { text: pasted, isPasted: true };
        pasted = undefined;
        onPaste("discarded");
        if (parseYesNo(first) === false) continue;
      }
      if (isAnswer(first)) return typed(first);
      const lines = await this.#withFollowing(first);
      const text = lines.join("\n").replaceAll(/^\n+|(?<!\n)\n+$/g, "");
      if (!text.includes("\n")) return typed(text);
      const isOversize = text.length > PASTE_BYTES_MAX;
      onPaste(isOversize ? "oversize" : { lines: text.split("\n").length });
      if (!isOversize) pasted = text;
    }
  }

  /** After a malformed line, reads the rest of the paste, so that it does not run as commands. */
  async #withFollowing(first: string): Promise<readonly string[]> {
    const lines = [first];
    let sizeChars = first.length;
    let fault: Fault | undefined;
    for (;;) {
      try {
        const line = await this.input.lineWithin(UNMARKED_PASTE_MS);
        if (line === undefined) break;
        if (sizeChars <= PASTE_BYTES_MAX) lines.push(line);
        sizeChars += line.length + 1;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        fault ??= error;
      }
    }
    if (fault !== undefined) throw fault;
    return lines;
  }
}

function typed(text: string): EnteredLine {
  return { text, isPasted: false };
}
