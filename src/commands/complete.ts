/** `chat complete`: candidates for shell completion. */

import { argument, defineVerb, flag } from "../cli/command.ts";
import { completionsFor, formatCompletion } from "../cli/completion.ts";

/** Exit code for the completion scripts: a path is expected, which the shell completes itself. */
const EXIT_PATHS = 4;

/**
 * Called by the scripts of `chat completions`, with the words after `chat`, the last one
 * incomplete.
 */
export const command = defineVerb({
  args: {
    words: argument("Words typed so far", { required: false, many: true }),
    describe: flag("Add a tab and a description"),
  },
  async run({ words = [], describe }, context) {
    const { VERBS } = await import("./table.ts");
    const found = await completionsFor(context, VERBS, words);
    if (found === "paths") return EXIT_PATHS;
    for (const word of found) {
      context.stdout.write(`${describe ? formatCompletion(word) : word.word}\n`);
    }
    return 0;
  },
});
