/** `chat import`, which posts messages from other programs. */

import { Fault } from "../../base/fault.ts";
import { parseRoom } from "../../base/names.ts";
import { counted } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { argument, defineVerb, flag, stringFlag } from "../../cli/command.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import { type Context, printNotice, runInterruptible } from "../../cli/context.ts";
import { Omissions } from "../../cli/files/omissions.ts";
import { SERVER_FLAGS } from "../../cli/flags.ts";
import type { ParsedFile, ReadOptions } from "../../cli/import/entry.ts";
import { readImport } from "../../cli/import/format.ts";
import { entriesDigest, Importer } from "../../cli/import/importer.ts";
import { pipeBytes } from "../../cli/import/source.ts";
import { CounterLine } from "../../cli/output/progress.ts";
import { printResult } from "../../cli/output/result.ts";
import { inTurns } from "../../io/turns.ts";

const PROBLEMS_LISTED_MAX = 20;

export const command = defineVerb({
  args: {
    file: argument("Export: a file, folder or zip", { valueHint: "FILE" }),
    at: argument("HOST, HOST:PORT or an invite", { required: false, valueHint: "SERVER" }),
    room: stringFlag("ROOM", "Destination room", { required: true, parse: parseRoom, alias: "r" }),
    channel: stringFlag("NAME", "Channel to import, or TEAM/NAME (Default: same name as the room)"),
    skipBad: flag("Skip lines that cannot be parsed"),
    ...SERVER_FLAGS,
  },
  details:
    "Supports chat export, Slack, Mattermost and Discord. Only the room's moderators can import. " +
    "To resume after an interruption, run the same command again. If it leaves messages out, " +
    "names them and exits with code 7.",
  async run(args, context) {
    context.continueWithoutOutput();
    const { room } = args;
    const { clock } = context;
    const progress = new CounterLine(context);
    const read = async () => {
      const piped = await pipeBytes(args.file);
      return inTurns(readImport(args.file, channelOf(args), piped), TURN_MS_MAX);
    };
    const parsed = await runInterruptible(context, read, {
      remedy: "nothing was imported; run the same command again",
    });
    const omissions = checkProblems(context, parsed, args.skipBad);
    const { entries } = parsed;
    const options = {
      argument: args.at,
      mode: "login",
      follow: "none",
      isResumable: true,
      reconnect: true,
    } as const;
    return withClient(context, args, options, async ({ client }) => {
      const events = client.read();
      await untilConnected(events);
      const importer = new Importer({
        client,
        room,
        clock,
        digest: entriesDigest(entries),
        count: entries.length,
        reconnected: () => untilConnected(events),
        onProgress: (done) =>
          progress.update(() => `${done} of ${counted(entries.length, "message")} …`),
      });
      try {
        const { posted, present, skipped, unchanged } = await importer.run(entries);
        progress.end();
        if (skipped > 0) {
          printNotice(context, `skipped ${skipped} reactions or edits of missing messages`);
        }
        if (unchanged > 0) {
          const reason = "change of a message that another account has imported";
          omissions.addKind({ reason, count: unchanged, example: room }, false);
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

interface ChannelFlags {
  readonly room: string;
  readonly channel: string | undefined;
}

function channelOf({ room, channel }: ChannelFlags): ReadOptions {
  return { channel: (channel ?? room).replace(/^#/, ""), isChannelGiven: channel !== undefined };
}

/** Longest pause until a signal is noticed, if each step is short. */
const TURN_MS_MAX = 50;

/**
 * @returns the messages that are left out because of `--skip-bad`
 * @throws {Fault} usage if there are any and the flag is missing
 */
function checkProblems(context: Context, parsed: ParsedFile, skipBad: boolean): Omissions {
  const { format, entries, problems, skippedKinds } = parsed;
  const skipped = skippedKinds.reduce((sum, kind) => sum + kind.count, 0);
  const counts = `${counted(entries.length, "message")}, skipped ${counted(skipped, "other line")}`;
  printNotice(context, `format ${format}: ${counts}`);
  let listed = 0;
  const omissions = new Omissions(context, (line) => {
    if (++listed <= PROBLEMS_LISTED_MAX) printNotice(context, line);
  });
  for (const kind of skippedKinds) {
    omissions.addKind(kind, !kind.isLost);
    listed = 0;
  }
  for (const [index, { location, reason }] of problems.entries()) {
    if (skipBad) omissions.add({ path: location, reason });
    else if (index < PROBLEMS_LISTED_MAX) printNotice(context, cleanText(`${location}: ${reason}`));
  }
  const moreCount = skipBad ? listed - PROBLEMS_LISTED_MAX : problems.length - PROBLEMS_LISTED_MAX;
  if (moreCount > 0) printNotice(context, `and ${moreCount} more`);
  if (problems.length === 0 || skipBad) return omissions;
  const lines = counted(problems.length, "line");
  throw new Fault("usage", `${lines} cannot be imported; nothing was imported`, {
    remedy: "fix them, or skip them with --skip-bad",
  });
}
