/** Prompt for a choice from a numbered list. */

import type { Context } from "../context.ts";

/** The list and the prompt must fit on one screen. */
const CHOICES_LISTED_MAX = 16;

/**
 * @param hasDefault whether an empty answer selects the first choice
 * @returns `undefined` if the user made no choice
 * @throws {Fault} interrupted
 */
export async function promptChoice<Choice>(
  context: Pick<Context, "stderr">,
  terminal: NonNullable<Context["terminal"]>,
  choices: readonly Choice[],
  describe: (choice: Choice) => string,
  hasDefault = false,
): Promise<Choice | undefined> {
  const listed = choices.slice(0, CHOICES_LISTED_MAX);
  for (const [i, choice] of listed.entries()) {
    context.stderr.write(`  ${i + 1}  ${describe(choice)}\n`);
  }
  if (listed.length === 1) return (await terminal.confirm("Use it?")) ? listed[0] : undefined;
  const emptyAnswerText = hasDefault ? "[1]" : "(or press Enter to cancel)";
  const answer = await terminal.askText(`Choose 1 to ${listed.length} ${emptyAnswerText}`);
  if (answer === "" && hasDefault) return listed[0];
  return /^\d{1,2}$/.test(answer) ? listed[Number(answer) - 1] : undefined;
}
