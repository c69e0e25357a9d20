/** `chat help`, which shows guides. `src/cli/program.ts` answers `chat help COMMAND`. */

import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import { argument, type CommandTable, defineVerb } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { findGuide, guideList, guideText, typedName } from "../cli/guide-text.ts";
import { type Guide, loadGuides } from "../cli/guides.ts";
import { tableHelp } from "../cli/help.ts";
import { Pager } from "../cli/output/pager.ts";
import { printJson } from "../cli/output/result.ts";
import { nearestWord } from "../cli/suggest.ts";
import { wrapWords } from "../cli/word-wrap.ts";

const SUGGESTIONS_MAX = 4;

export const helpCommand = ({ summary, verbs }: CommandTable) =>
  defineVerb({
    args: {
      words: argument("Command or guide (Default: list both)", {
        required: false,
        many: true,
        valueHint: "COMMAND|GUIDE",
      }),
    },
    details:
      "Shows a guide on a terminal, and prints its Markdown elsewhere. A guide with the name of " +
      "a command is NAME.md.",
    async run({ words = [] }, context) {
      const guides = await loadGuides();
      const commands = Object.keys(verbs);
      if (words.length === 0) {
        if (context.json) listJson(context, guides);
        else
          await show(
            context,
            `${tableHelp("chat", { summary }, verbs)}\n${guideList(guides, commands)}`,
          );
        return 0;
      }
      const typed = words.join(" ");
      const guide = findGuide(typed, guides);
      if (guide === undefined) throw unknownGuide(typed, guides, commands);
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
