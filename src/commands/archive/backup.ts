/** `chat backup`, which copies a server's data. */

import { Fault } from "../../base/fault.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { argument, defineVerb, noFlag, stringFlag } from "../../cli/command.ts";
import { printNotice } from "../../cli/context.ts";
import { CounterLine } from "../../cli/output/counter.ts";
import { printResult } from "../../cli/output/result.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { backUp } from "../../io/backup/backup.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";

export const command = defineVerb({
  args: {
    dir: argument("Backup folder; reuse it for incremental backups", { valueHint: "DIR" }),
    data: stringFlag("DIR", "Data folder of the server", { default: "./data" }),
    files: noFlag("Skip file contents"),
  },
  details:
    "The server may be running. Backing up to the same folder again copies only new data. " +
    "The backup contains the server's identity: keep it as safe as the server.",
  async run(args, context) {
    const progress = new CounterLine(context);
    const { clock } = context;
    const result = await backUp({
      disk: systemDisk(),
      sha256,
      clock,
      data: args.data,
      out: args.dir,
      files: args.files,
      onWarning: (message) => {
        progress.end();
        printNotice(context, message);
      },
      onProgress: (copiedBytes) => progress.update(() => `${formatSize(copiedBytes)} copied …`),
    }).finally(() => progress.end());
    const { size, root, bytes, copiedBytes, damagedFiles, damagedRecords } = result;
    const line = { kind: "backup", size, root, bytes, copiedBytes };
    const copiedText = `${formatSize(copiedBytes)} copied`;
    const amount = `${counted(size, "record")}, ${formatSize(bytes)}; ${copiedText}`;
    printResult(context, line, `backed up to ${args.dir}: ${amount}`);
    if (!context.json) {
      printNotice(
        context,
        "it contains the server's identity: anyone who has it can impersonate the server",
      );
    }
    if (damagedRecords > 0) {
      const message = `${counted(damagedRecords, "damaged record")} in the backup`;
      throw new Fault("log-corrupt", message, {
        remedy: "the server has no other copy; see the lines above",
      });
    }
    if (damagedFiles === 0) return 0;
    throw new Fault("checksum-wrong", `${counted(damagedFiles, "damaged file")} not backed up`, {
      remedy: "everything else was backed up; see the lines above",
    });
  },
});
