/** `chat search`, which finds messages by their words. */

import { checkName, parseTarget } from "../base/names.ts";
import { defined } from "../base/values.ts";
import { argument, defineVerb, enumFlag } from "../cli/command.ts";
import { printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { SERVER_FLAGS } from "../cli/flags.ts";
import { parseSearch } from "../ui/search-query.ts";
import { OPEN_MESSAGE_KINDS, type RecordKind } from "../wire/kinds.ts";
import { FILTER_FLAGS, historyOptions, showHistory } from "./history.ts";

/** The exit code if nothing was found, like that of `chat inbox` if nothing is new. */
const NOTHING_FOUND = 4;

const UNFILTERED = {
  grep: undefined,
  regex: undefined,
  exact: false,
  ignoreCase: false,
  kind: undefined,
  files: false,
};

const { from, room, with: person, since, until, last, numbers, pager } = FILTER_FLAGS;

export const command = defineVerb({
  args: {
    words: argument("Words; a phrase in quotes", { many: true, valueHint: "WORD" }),
    from,
    room,
    with: person,
    since,
    until,
    has: enumFlag(["file"], "Only messages with files"),
    last,
    numbers,
    pager,
    ...SERVER_FLAGS,
  },
  details: `Finds messages that have all of the words, in any order, in the text or the names of
files. Case, accents, apostrophes, dashes and punctuation make no difference: wifi finds Wi-Fi.
Filters can be words, too: from:bob in:lab since:yesterday has:file. For a part of a line as it is:
chat history --grep. The exit code is 4 if nothing is found.`,
  async run({ words, has, ...flags }, context) {
    const nowUnixMs = context.clock.unixMs();
    const times = { nowUnixMs, offsetMinutes: context.offsetMinutes };
    // The shell has removed the quotes of a phrase.
    const typed = words.map((word) => (isPhrase(word) ? `"${word}"` : word));
    const query = parseSearch(typed.join(" "), { open: undefined, ...times });
    if (query === undefined) throw usageFault("no words to search for", "write at least one");
    const { text, grep, words: searched, target, from: author, files, re } = query;
    const { sinceUnixMs, untilUnixMs } = query;
    if (re !== undefined) throw usageFault("replies: is no filter of this command", "leave it out");
    const options = historyOptions(context, { ...UNFILTERED, ...flags });
    const found = await showHistory(context, flags, {
      ...options,
      grep,
      words: searched,
      ...defined({
        targets:
          options.targets.length > 0 || target === undefined
            ? options.targets
            : [parseTarget(target)],
        from: options.from ?? (author === undefined ? undefined : checkName(author)),
        sinceMs: options.sinceMs ?? sinceUnixMs,
        untilMs: options.untilMs ?? untilUnixMs,
        kinds: kindsOf(has === "file" || files === true, text),
      }),
      isOverview: false,
      ignoreCase: true,
    });
    if (found > 0) return 0;
    printNotice(context, "Nothing found.");
    return NOTHING_FOUND;
  },
});

/** Without words, only messages, because most events match any filter. */
function kindsOf(isFilesOnly: boolean, text: string): ReadonlySet<RecordKind> | undefined {
  if (isFilesOnly) return new Set(["file"]);
  return text === "" ? OPEN_MESSAGE_KINDS : undefined;
}

/** A filter is none, even if its time has a blank. */
function isPhrase(argument: string): boolean {
  return /\s/.test(argument) && !/[":]/.test(argument);
}
