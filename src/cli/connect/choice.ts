/** Lets the user choose from a numbered list. */

import type { Context } from "../context.ts";

/** Choices that fit on a screen with the question. */
const CHOICES_LISTED_MAX = 16;

/**
 * Lists the choices and asks for a number.
 * @param hasDefault an empty answer means the first one
 * @returns `undefined` if none was chosen
 * @throws Fault interrupted
 */
export async function promptChoice<Choice>(
  context: Pick<Context, "stderr">,
  terminal: NonNullable<Context["terminal"]>,
  choices: readonly Choice[],
  describe: (one: Choice) => string,
  hasDefault = false,
): Promise<Choice | undefined> {
  const shown = choices.slice(0, CHOICES_LISTED_MAX);
  for (const [i, one] of shown.entries()) {
    context.stderr.write(`  ${i + 1}  ${describe(one)}\n`);
  }
  if (shown.length === 1) return (await terminal.confirm("Use it?")) ? shown[0] : undefined;
  const empty = hasDefault ? "[1]" : "(empty: none)";
  const answer = await terminal.askText(`Choose 1 to ${shown.length} ${empty}`);
  if (answer === "" && hasDefault) return shown[0];
  return /^\d{1,2}$/.test(answer) ? shown[Number(answer) - 1] : undefined;
}
