/** `chat backup` and `chat restore`, which copy a server's data and restore a copy. */

import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { argument, defineVerb, flag, noFlag, stringFlag } from "../../cli/command.ts";
import { printNotice } from "../../cli/context.ts";
import { printKeyWarning, serverKeyWarning } from "../../cli/exposure.ts";
import { OMISSIONS_HELP, Omissions } from "../../cli/files/omissions.ts";
import { CounterLine } from "../../cli/output/progress.ts";
import { printResult } from "../../cli/output/result.ts";
import { openCheckpoints } from "../../cli/serve/identity.ts";
import { verifyFolder } from "../../cli/verify/folder.ts";
import { Identity } from "../../crypto/identity.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { backUp } from "../../io/backup/backup.ts";
import { restoreBackup } from "../../io/backup/restore.ts";
import type { Clock } from "../../io/clock.ts";
import { readSmallFile } from "../../io/disk/data-folder.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { type LogFile, openLog } from "../../io/log/log-file.ts";

export const backup = defineVerb({
  args: {
    dir: argument("Backup folder; reuse it for incremental backups", { valueHint: "DIR" }),
    data: stringFlag("DIR", "Data folder of the server", { default: "./data" }),
    files: noFlag("Skip file contents"),
  },
  details:
    "The server may be running. Backing up to the same folder again copies only new data. " +
    "The backup contains the server's identity: keep it as safe as the server. " +
    OMISSIONS_HELP,
  async run(args, context) {
    const progress = new CounterLine(context);
    const { clock } = context;
    const print = (line: string) => {
      progress.end();
      printNotice(context, line);
    };
    const omissions = new Omissions(context, print);
    const result = await backUp({
      disk: systemDisk(),
      sha256,
      clock,
      data: args.data,
      out: args.dir,
      files: args.files,
      onWarning: print,
      onSkipped: (entry) => omissions.add(entry),
      onProgress: (copiedBytes) => progress.update(() => `${formatSize(copiedBytes)} copied …`),
    }).finally(() => progress.end());
    const { size, root, bytes, copiedBytes, damagedFiles, damagedRecords } = result;
    const line = { kind: "backup", size, root, bytes, copiedBytes };
    const copiedText = `${formatSize(copiedBytes)} copied`;
    const amount = `${counted(size, "record")}, ${formatSize(bytes)}; ${copiedText}`;
    printResult(context, line, `backed up to ${args.dir}: ${amount}`);
    printKeyWarning(context, serverKeyWarning(args.dir));
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
    if (damagedFiles === 0) return omissions.exitCode();
    throw new Fault("checksum-wrong", `${counted(damagedFiles, "damaged file")} not backed up`, {
      remedy: "everything else was backed up; see the lines above",
    });
  },
});

/**
 * Appends the `fork` record and signs a new checkpoint. No server may be using the folder.
 * @param newestNote newest known checkpoint of the log before the restore
 */
export async function forkLog(
  path: string,
  newestNote: string | undefined,
  clock: Clock,
): Promise<void> {
  const identityPath = join(path, "identity.key");
  const pem = readSmallFile(identityPath);
  if (pem === undefined) {
    throw new Fault("not-found", `${identityPath} is missing`, { remedy: "use another backup" });
  }
  const identity = Identity.fromPem(pem, identityPath);
  const disk = systemDisk();
  const open = (name: string) =>
    openLog({ folder: join(path, name), disk, clock, entropy: systemEntropy(), sha256 });
  const accounts = await open("accounts");
  let history: LogFile | undefined;
  try {
    history = await open("history");
    const from = newestNote === undefined ? {} : { from: newestNote };
    const body = { ...from, keptSize: history.head() };
    const room = "server" as RoomId;
    await history.append({ kind: "fork", room, by: "server", id: "", body });
    const onWriteError = (fault: Fault) => {
      throw fault;
    };
    const logs = { history, accounts, path, identity };
    const checkpoints = await openCheckpoints({ ...logs, disk, clock, sha256, onWriteError });
    await checkpoints.close();
  } finally {
    await history?.close();
    await accounts.close();
  }
}

export const restore = defineVerb({
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
