/** Terminal that prompts the user. */

import { Fault } from "../../base/fault.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";

/** Uses standard error, because stdout is for data. */
export interface Terminal {
  askText(question: string): Promise<string>;
  /** @param notice line above the question, printed when the echo is already off */
  askSecret(question: string, notice?: string): Promise<string>;
  /**
   * Returns true only if the user types yes.
   * @throws {Fault} interrupted on Ctrl-C and at the end of the input
   */
  confirm(question: string): Promise<boolean>;
}

export function openTerminal(input: Input, output: Output): Terminal | undefined {
  if (!input.isTerminal || !output.isTerminal) return undefined;
  const askText = async (question: string) => {
    output.write(`${question}: `);
    return answered(await input.line(), output).trim();
  };
  return {
    askText,
    confirm: async (question) => {
      for (;;) {
        const answer = parseYesNo(await askText(`${question} [y/N]`));
        if (answer !== undefined) return answer;
      }
    },
    askSecret: async (question, notice) => {
      await output.flushed();
      const prompt = `${notice ?? ""}${question}: `;
      try {
        return answered(await input.secretLine(() => output.write(prompt)), output);
      } finally {
        output.write("\n");
      }
    },
  };
}

/** An empty answer is no. `undefined` if the text is neither yes nor no. */
export function parseYesNo(text: string): boolean | undefined {
  const [, yes, no] = /^(?:(y|yes)|(n|no|))$/i.exec(text.trim()) ?? [];
  return yes !== undefined ? true : no !== undefined ? false : undefined;
}

function answered(answer: string | undefined, output: Output): string {
  if (answer !== undefined) return answer;
  output.write("\n");
  throw new Fault("interrupted", "the prompt was not answered");
}
