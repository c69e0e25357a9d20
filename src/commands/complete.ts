/** `chat complete`, which prints candidates for shell completion. */

import { argument, defineVerb, flag } from "../cli/command.ts";
import { completionsFor, formatCompletion } from "../cli/completion.ts";

/** Exit status that makes the shell complete the path itself. */
const EXIT_PATHS = 4;

/**
 * Called by the scripts of `chat completions` with the words after `chat`, of which the last is
 * incomplete.
 */
export const command = defineVerb({
  args: {
    words: argument("Words typed so far", { required: false, many: true }),
    describe: flag("Add a tab and a description"),
  },
  async run({ words = [], describe }, context) {
    const { VERBS } = await import("./table.ts");
    const candidates = await completionsFor(context, VERBS, words);
    if (candidates === "paths") return EXIT_PATHS;
    for (const word of candidates) {
      context.stdout.write(`${describe ? formatCompletion(word) : word.word}\n`);
    }
    return 0;
  },
});
