/** `chat complete`: candidates for shell completion. */

import { defineVerb } from "../cli/command.ts";
import { describedWord, wordsFor } from "../cli/completion.ts";

/** Of `chat complete`, for its scripts: a path is expected, which the shell completes itself. */
const EXIT_PATHS = 4;

/** What `chat completions` asks: the words behind `chat`, the last one half typed. */
export const command = defineVerb({
  args: {
    words: { type: "positional", required: false, many: true, description: "What is typed so far" },
    describe: { type: "boolean", description: "Behind a tab, what it is" },
  },
  async run({ words = [], describe }, context) {
    const { VERBS } = await import("./table.ts");
    const found = await wordsFor(context, VERBS, words);
    if (found === "paths") return EXIT_PATHS;
    for (const word of found) {
      context.stdout.write(`${describe ? describedWord(word) : word.word}\n`);
    }
    return 0;
  },
});
