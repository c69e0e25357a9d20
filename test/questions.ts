import { HELP_EN } from "../src/ui/help/en.ts";
import type { HelpEntry, HelpTexts } from "../src/ui/help/help.ts";

const COLUMNS = 120;

/** Text of docs/faq.md: the questions that `chat help` and the interfaces answer. */
export function questionsGuide(): string {
  const parts = Object.values<HelpTexts[keyof HelpTexts]>(HELP_EN).map(
    ({ title, entries }) =>
      `## ${title}\n\n${Object.values<HelpEntry>(entries).map(paragraphOf).join("\n\n")}\n`,
  );
  const about =
    "`chat help WORDS`, **Help** on the page and `F1` in the full screen answer them, too.";
  return `# Questions\n\n${about}\n\n${parts.join("\n")}`;
}

function paragraphOf({ question, answer, guide }: HelpEntry): string {
  const more = guide === undefined ? "" : ` More: [${guide}](${pathOf(guide)}).`;
  return wrapped(`**${question}** ${answer}${more}`);
}

function pathOf(guide: string): string {
  return guide === "security" ? "../SECURITY.md" : `${guide}.md`;
}

/** Breaks lines at blanks, but not in code. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > COLUMNS) lines.push(word);
    else lines.splice(-1, 1, `${line} ${word}`);
  }
  return lines.join("\n");
}
