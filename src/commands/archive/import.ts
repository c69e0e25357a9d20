/** `chat import`, which posts messages from other programs. */

import { Fault } from "../../base/fault.ts";
import { counted } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { argument, defineVerb, flag, stringFlag } from "../../cli/command.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import { type Context, printNotice } from "../../cli/context.ts";
import { Omissions } from "../../cli/files/omissions.ts";
import { parseRoomName, SERVER_FLAGS } from "../../cli/flags.ts";
import type { ParsedFile } from "../../cli/import/entry.ts";
import { readImport } from "../../cli/import/format.ts";
import { Importer } from "../../cli/import/importer.ts";
import { CounterLine } from "../../cli/output/progress.ts";
import { printJson, printResult } from "../../cli/output/result.ts";

const PROBLEMS_LISTED_MAX = 20;

export const command = defineVerb({
  args: {
    file: argument("Export or log file", { valueHint: "FILE" }),
    at: argument("HOST, HOST:PORT or an invite", { required: false, valueHint: "SERVER" }),
    room: stringFlag("ROOM", "Destination room", {
      required: true,
      parse: parseRoomName,
      alias: "r",
    }),
    channel: stringFlag(
      "NAME",
      "Channel of the export, or TEAM/NAME (Default: same name as the room)",
    ),
    skipBad: flag("Skip lines that cannot be parsed"),
    ...SERVER_FLAGS,
  },
  details:
    "Supports chat export, irssi, WeeChat, Slack and Mattermost. Only moderators of the room " +
    "can import. To resume after an interruption, run the same command again.",
  async run(args, context) {
    const { room } = args;
    const channel = (args.channel ?? room).replace(/^#/, "");
    const { offsetMinutes, clock } = context;
    const isChannelGiven = args.channel !== undefined;
    const parsed = readImport(args.file, { channel, isChannelGiven, offsetMinutes });
    const omissions = checkProblems(context, parsed, args.skipBad);
    const options = {
      argument: args.at,
      mode: "login",
      follow: "none",
      isResumable: true,
    } as const;
    return withClient(context, args, options, async ({ client }) => {
      await untilConnected(client.read());
      const progress = new CounterLine(context);
      const importer = new Importer({
        client,
        room,
        clock,
        onProgress: (summary, total) =>
          progress.update(() => `${summary} of ${counted(total, "message")} …`),
      });
      try {
        const { posted, present, skipped } = await importer.run(parsed.entries);
        progress.end();
        if (skipped > 0) {
          printNotice(context, `skipped ${skipped} reactions or edits of missing messages`);
        }
        const line = { kind: "imported", records: posted, present };
        const summary = `imported ${counted(posted, "message")} into ${room}`;
        return omissions.exitCode(
          printResult(context, line, `${summary}; ${present} already present`),
        );
      } finally {
        progress.end();
      }
    });
  },
});

/**
 * @returns the messages that are left out because of `--skip-bad`
 * @throws {Fault} usage if there are any and the flag is missing
 */
function checkProblems(context: Context, parsed: ParsedFile, skipBad: boolean): Omissions {
  const { format, entries, problems, latin1 } = parsed;
  const skipped = parsed.skippedKinds.reduce((sum, { count }) => sum + count, parsed.skipped);
  const count = `${counted(entries.length, "message")}, skipped ${counted(skipped, "other line")}`;
  printNotice(context, `format ${format}: ${count}`);
  for (const { reason, count, example } of parsed.skippedKinds) {
    printNotice(context, cleanText(`skipped ${count}: ${reason}, for example ${example}`));
    printJson(context, { kind: "skipped", count, reason, example });
  }
  if (latin1 > 0) printNotice(context, `${counted(latin1, "line")} not in UTF-8, read as Latin-1`);
  let listed = 0;
  const listProblem = (line: string) => {
    if (++listed <= PROBLEMS_LISTED_MAX) printNotice(context, line);
  };
  const omissions = new Omissions(context, listProblem);
  for (const { location, reason } of problems) {
    if (skipBad) omissions.add({ path: location, reason });
    else listProblem(cleanText(`${location}: ${reason}`));
  }
  const moreCount = problems.length - PROBLEMS_LISTED_MAX;
  if (moreCount > 0) printNotice(context, `and ${moreCount} more`);
  if (problems.length === 0 || skipBad) return omissions;
  const linesText = `${counted(problems.length, "line")} ${problems.length === 1 ? "is" : "are"}`;
  throw new Fault("usage", `cannot parse ${linesText}; nothing was imported`, {
    remedy: "fix them, or skip them with --skip-bad",
  });
}
