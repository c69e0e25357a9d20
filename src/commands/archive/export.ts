/** `chat export`, which writes rooms to files. */

import { Fault } from "../../base/fault.ts";
import { parseTarget } from "../../base/names.ts";
import { counted } from "../../base/sizes.ts";
import { defined } from "../../base/values.ts";
import { defineVerb, flag, stringFlag } from "../../cli/command.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import { type Context, printNotice } from "../../cli/context.ts";
import { usageFault } from "../../cli/errors.ts";
import { Exporter, type ExportOptions } from "../../cli/export/exporter.ts";
import { type ExportSource, FolderSource, serverSource } from "../../cli/export/source.ts";
import { OMISSIONS_HELP, Omissions } from "../../cli/files/omissions.ts";
import { checkOut } from "../../cli/files/receive-file.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../../cli/flags.ts";
import { FolderHistory } from "../../cli/history/folder.ts";
import { printData } from "../../cli/output/result.ts";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    data: stringFlag("DIR", "Read a server's folder directly"),
    room: stringFlag("ROOM", "Only this room or @user", { many: true, alias: "r" }),
    html: flag("Write an HTML page instead of NDJSON"),
    files: flag("Include file contents"),
    out: stringFlag("DIR", "Destination folder", { alias: "o", required: true }),
    ...SERVER_FLAGS,
  },
  details:
    "To continue an interrupted export, or to add newer records, run the same command again. " +
    `Existing files with other content are never overwritten. ${OMISSIONS_HELP}`,
  async run(args, context) {
    const { data, html, files, out } = args;
    checkOut(out);
    context.continueWithoutOutput();
    const targets = args.room.map(parseTarget);
    const work = (source: ExportSource) =>
      runExport(context, source, targets, { html, files, out });
    if (data === undefined) {
      const client = {
        argument: args.at,
        mode: "login",
        follow: "none",
        printsData: true,
        isResumable: true,
      } as const;
      return withClient(context, args, client, async ({ client: open }) => {
        const { user } = await untilConnected(open.read());
        return work(serverSource(open, user));
      });
    }
    if (args.at !== undefined || args.server !== undefined) {
      throw usageFault("--data and a server cannot be combined", "use only one of them");
    }
    using folder = await FolderHistory.open(data, context.clock.unixMs());
    return await work(new FolderSource(folder, data));
  },
});

async function runExport(
  context: Context,
  source: ExportSource,
  targets: Parameters<ExportSource["rooms"]>[0],
  choices: Omit<ExportOptions, "omissions">,
): Promise<number> {
  const omissions = new Omissions(context, (line) => printNotice(context, line));
  const exporter = new Exporter(context, source, { ...choices, omissions });
  const result = await exporter.run(source.rooms(targets));
  const { records, files, existing, paths, failure, damage, unreadable } = result;
  if (existing > 0) printNotice(context, `${counted(existing, "file")} already saved`);
  const counts = { records, files, unreadable: unreadable || undefined };
  const line = { kind: "exported", ...defined(counts), paths, existing: existing || undefined };
  printData(context, line, paths.map((path) => `${path}\n`).join(""));
  damage.check();
  if (failure !== undefined) {
    const message = `could not export all files: ${failure.message}`;
    throw new Fault(failure.code, message, { remedy: failure.remedy, cause: failure });
  }
  return omissions.exitCode();
}
