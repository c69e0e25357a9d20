/** `chat restore`, which restores a backup. */

import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { forkLog } from "../../cli/backup/fork.ts";
import { argument, defineVerb, flag, stringFlag } from "../../cli/command.ts";
import { printNotice } from "../../cli/context.ts";
import { CounterLine } from "../../cli/output/counter.ts";
import { printResult } from "../../cli/output/result.ts";
import { verifyFolder } from "../../cli/verify/folder.ts";
import { Identity } from "../../crypto/identity.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { restoreBackup } from "../../io/backup/restore.ts";
import { readSmallFile } from "../../io/disk/data-folder.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";

export const command = defineVerb({
  args: {
    dir: argument("Folder written by chat backup", { valueHint: "DIR" }),
    data: stringFlag("NEW", "New or empty data folder", { required: true }),
    acceptRollback: flag("Accept losing records newer than the backup; clients are notified"),
    acceptLoss: flag("Restore a damaged backup without the damaged data"),
  },
  details: "If the backup is damaged, restores nothing and exits with code 6.",
  async run(args, context) {
    if (args.data === "") throw new Fault("usage", "--data is empty");
    const progress = new CounterLine(context);
    const { acceptRollback } = args;
    const { clock } = context;
    const result = await restoreBackup({
      disk: systemDisk(),
      sha256,
      backup: args.dir,
      data: args.data,
      acceptsRollback: acceptRollback,
      acceptsLoss: args.acceptLoss,
      nowUnixMs: clock.unixMs(),
      onWarning: (message) => {
        progress.end();
        printNotice(context, message);
      },
      onProgress: (copiedBytes) => progress.update(() => `${formatSize(copiedBytes)} copied …`),
      finish: async (path, note) => {
        checkIdentity(args.dir, path);
        if (acceptRollback) await forkLog(path, note, clock);
        if (!args.acceptLoss) await checkRestored(args.dir, path);
      },
    }).finally(() => progress.end());
    const { size, root, bytes, data, aside, missingFiles } = result;
    const { damagedFiles, damagedRecords } = result;
    const counts = { size, root, bytes, missingFiles, damagedFiles, damagedRecords };
    const line = { kind: "restored", ...counts, data, forked: acceptRollback, aside };
    const summary = `restored ${counted(size, "record")}, ${formatSize(bytes)}, to ${data}`;
    printResult(context, line, summary);
    if (context.json) return 0;
    const notices = [
      missingFiles > 0 && `the contents of ${counted(missingFiles, "file")} are not in the backup`,
      damagedFiles > 0 &&
        `the contents of ${counted(damagedFiles, "file")} are damaged and were skipped`,
      damagedRecords > 0 && `clients will show ${counted(damagedRecords, "record")} as damaged`,
      aside !== undefined && `moved the previous folder to ${aside}`,
      acceptRollback &&
        "clients that have newer records will show an alarm; their users must run " +
          "chat trust accept SERVER",
    ];
    for (const notice of notices) if (notice !== false) printNotice(context, notice);
    return 0;
  },
});

function checkIdentity(backup: string, path: string): void {
  const file = join(path, "identity.key");
  try {
    Identity.fromPem(readSmallFile(file) ?? "", file);
  } catch (cause) {
    const message = `${join(backup, "identity.key")} is missing or damaged`;
    throw new Fault("log-corrupt", message, { remedy: "restore another backup", cause });
  }
}

async function checkRestored(backup: string, path: string): Promise<void> {
  const { history, accounts } = await verifyFolder(path);
  const finding = [...history.findings, ...accounts.findings][0];
  if (finding === undefined) return;
  const message = `${backup} failed verification at record ${finding.seq}: ${finding.reason}`;
  throw new Fault("log-corrupt", message, {
    remedy: "restore another backup, or accept the loss with --accept-loss",
  });
}
