/** `chat help`, which shows guides. `src/cli/program.ts` answers `chat help COMMAND`. */

import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import { argument, type CommandTable, defineVerb } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { findGuide, guideList, guideText, markdownText, typedName } from "../cli/guide-text.ts";
import { type Guide, loadGuides } from "../cli/guides.ts";
import { connectionHelp, tableHelp } from "../cli/help.ts";
import { Pager } from "../cli/output/pager.ts";
import { printJson } from "../cli/output/result.ts";
import { nearestWord } from "../cli/suggest.ts";
import { wrapWords } from "../cli/word-wrap.ts";
import { HELP_EN } from "../ui/help/en.ts";
import { findAnswers, type HelpEntry, type HelpTexts, helpEntries } from "../ui/help/help.ts";

const SUGGESTIONS_MAX = 4;

export const helpCommand = ({ summary, examples, verbs }: CommandTable) =>
  defineVerb({
    args: {
      words: argument("Command, guide, or words of a question (Default: list them)", {
        required: false,
        many: true,
        valueHint: "WORD",
      }),
    },
    details:
      "Answers a question in your words, such as chat help late. Shows a guide on a terminal, " +
      "and prints its Markdown elsewhere. A guide with the name of a command is NAME.md.",
    async run({ words = [] }, context) {
      const guides = await loadGuides();
      const commands = Object.keys(verbs);
      if (words.length === 0) {
        if (context.json) listJson(context, guides);
        else
          await show(
            context,
            [
              tableHelp("chat", { summary, examples }, verbs),
              guideList(guides, commands),
              questionList(),
            ].join("\n"),
          );
        return 0;
      }
      const typed = words.join(" ");
      if (typed === "connection") {
        context.stdout.write(connectionHelp());
        return 0;
      }
      const guide = findGuide(typed, guides);
      if (guide === undefined) {
        const answers = findAnswers(HELP_EN, typed);
        if (answers.length === 0) throw unknownGuide(typed, guides, commands);
        printAnswers(context, answers, commands);
        return 0;
      }
      if (context.json) {
        const { name, title, about, group, text } = guide;
        printJson(context, { kind: "guide", name, title, about, group, text });
      } else if (context.stdout.isTerminal) {
        const columns = context.stdout.columns();
        await show(context, guideText(guide, guides, { columns, color: context.color, commands }));
      } else context.stdout.write(guide.text);
      return 0;
    },
  });

function listJson(context: Context, guides: readonly Guide[]): void {
  for (const { name, title, about, group } of guides) {
    printJson(context, { kind: "guide", name, title, about, group });
  }
  for (const { question, answer, guide } of helpEntries(HELP_EN)) {
    printJson(context, { kind: "answer", question, answer, guide });
  }
}

function questionList(): string {
  const parts = Object.values<HelpTexts[keyof HelpTexts]>(HELP_EN).flatMap(({ title, entries }) => [
    title,
    ...Object.values<HelpEntry>(entries).map(({ question }) => `  ${question}`),
    "",
  ]);
  return [
    "QUESTIONS",
    "",
    ...parts,
    "For an answer: chat help WORDS, such as chat help late\n",
  ].join("\n");
}

/** Other answers that are named below the best one. */
const ALSO_MAX = 2;

function printAnswers(
  context: Context,
  [best, ...others]: readonly HelpEntry[],
  commands: readonly string[],
): void {
  if (best === undefined) return;
  const { question, answer, guide } = best;
  if (context.json) return printJson(context, { kind: "answer", question, answer, guide });
  const also = others.slice(0, ALSO_MAX).map((other) => `- ${other.question}`);
  const markdown = [
    `## ${question}`,
    answer,
    ...(guide === undefined ? [] : [`More: \`chat help ${typedName(guide, commands)}\``]),
    ...(also.length === 0 ? [] : ["Also:", also.join("\n")]),
  ];
  const text = `${markdown.join("\n\n")}\n`;
  const { stdout, color } = context;
  stdout.write(stdout.isTerminal ? markdownText(text, { columns: stdout.columns(), color }) : text);
}

async function show(context: Context, text: string): Promise<void> {
  const wrapped = wrapWords(context.stdout, text);
  await using pager = Pager.open(context);
  if (pager === undefined) context.stdout.write(wrapped);
  else await pager.write(wrapped);
}

function unknownGuide(typed: string, guides: readonly Guide[], commands: readonly string[]): Fault {
  const word = typed.toLowerCase();
  const names = guides.map(({ name }) => typedName(name, commands));
  const nearest = nearestWord(word, [...names, ...commands]);
  const about = guides.filter(({ name, title, about, text }) =>
    [name, title, about, ...(text.match(/^#+ .*$/gm) ?? [])].some((one) =>
      one.toLowerCase().includes(word),
    ),
  );
  const found = [
    ...(nearest === undefined ? [] : [nearest]),
    ...about.map(({ name }) => typedName(name, commands)),
  ];
  const suggestions = [...new Set(found)].slice(0, SUGGESTIONS_MAX);
  return new Fault("not-found", `no command or guide ${quoteText(typed)}`, {
    remedy:
      suggestions.length === 0
        ? "chat help lists them"
        : `did you mean ${suggestions.map((one) => `chat help ${one}`).join(", ")}?`,
  });
}
