/** `chat upgrade`, which replaces the program with a newer release. */

import { readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { Fault, msg, unlessFault } from "../base/fault.ts";
import { makeFileId } from "../base/ids.ts";
import { TARGET, VERSION } from "../base/version.ts";
import { argument, defineVerb, flag, stringFlag } from "../cli/command.ts";
import { type Context, printNotice, runInterruptible, WaitNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { ProgressDisplay } from "../cli/output/progress.ts";
import { printResult } from "../cli/output/result.ts";
import { releaseKey } from "../cli/release/release.ts";
import {
  openReleaseSource,
  type ProgramUpgrade,
  type UpgradeOptions,
  upgradeProgram,
} from "../cli/release/upgrade.ts";
import { Progress } from "../core/transfer/progress.ts";
import { checkDataFolder, readFormat, readSmallFile } from "../io/disk/data-folder.ts";
import { absolutePath } from "../io/disk/working-folder.ts";
import { ProgramReplacement } from "../io/file/program-replacement.ts";
import { findLocalServers, type LocalServer } from "../io/state/local-servers.ts";

/** Package managers update the program in these folders themselves. */
const PACKAGED = /^\/usr\/bin\/|^\/nix\/store\/|\/Cellar\/|[\\/](?:scoop[\\/]apps|WinGet)[\\/]/i;

export const command = defineVerb({
  args: {
    from: argument("Folder or address of a release"),
    key: stringFlag("FILE", "Public key that verifies the release (Default: built in)"),
    downgrade: flag("Install an older or equal version"),
    allowUnreadable: flag("Install it even if it cannot open a data folder or CHAT_HOME"),
    data: stringFlag("DIR", "Data folder that the new version must be able to open", {
      many: true,
    }),
  },
  details: `Verifies the signature and the checksum, tries the new program, and keeps the old one as
chat.old. The program never looks for upgrades by itself.`,
  async run({ from, key, downgrade, allowUnreadable, data }, context) {
    const path = installedProgram(process.execPath);
    const source = openReleaseSource(from, context.clock, context.env);
    const publicKey = await releaseKey(key);
    const servers = findLocalServers(context.env);
    const restarted = servers.filter(({ pid }) => runsProgram(pid, path));
    const dataFolders = new Set([...data.map(checkDataFolder), ...knownFolders(context, servers)]);
    const replacement = ProgramReplacement.open(path);
    const display = new ProgressDisplay(context);
    let upgrade: ProgramUpgrade | undefined;
    using waiting = new WaitNotice(context, `connecting to ${from} …`).start();
    const printProgress = progressPrinter(context, display);
    try {
      upgrade = await runInterruptible(context, () =>
        upgradeProgram({
          replacement,
          source,
          key: publicKey,
          isDowngrade: downgrade,
          program: { version: VERSION, target: TARGET },
          dataFolders: [...dataFolders],
          homes: [context.settings().folders.data],
          allowsUnreadable: allowUnreadable,
          env: context.env,
          onProgress: (...progress) => {
            waiting.stop();
            printProgress(...progress);
          },
        }),
      );
    } finally {
      await display.end();
      replacement.close();
    }
    if (upgrade === undefined) {
      const line = { kind: "up-to-date", version: VERSION, path };
      return printResult(context, line, `chat ${VERSION} is already installed`);
    }
    const { version, oldPath: old, converted, unreadable, setcap } = upgrade;
    for (const folder of converted) {
      printNotice(
        context,
        `the new version converts ${folder} when a new function is used; ` +
          "back it up first: chat backup",
      );
    }
    for (const { path: folder, format, wayBack } of unreadable) {
      printNotice(
        context,
        `chat ${version} cannot open ${folder} (format ${format}); to go back, ${wayBack}`,
      );
    }
    if (setcap !== undefined) {
      printNotice(context, `the new program lacks the capabilities of the old one; run: ${setcap}`);
    }
    for (const { pid, data: folder } of restarted) {
      printNotice(
        context,
        `restart the server of ${folder} (process ${pid}) to run the new version`,
      );
    }
    const restart = restarted.map(({ pid, data: folder }) => ({ pid, data: folder }));
    const line = {
      kind: "upgraded",
      from: VERSION,
      version,
      path,
      old,
      restart,
      unreadable,
      setcap,
    };
    const change =
      Bun.semver.order(version, VERSION) < 0
        ? `replaced ${VERSION} by ${version} in ${path}`
        : `upgraded ${path} from ${VERSION} to ${version}`;
    return printResult(context, line, `${change}; the old program is ${old}`);
  },
});

function progressPrinter(
  { clock, json }: Context,
  display: ProgressDisplay,
): UpgradeOptions["onProgress"] {
  const id = makeFileId(new Uint8Array()); // A release's file has no id; only one is downloaded.
  const progress = new Progress({ resumedBytes: 0, now: clock.now() });
  return (name, doneBytes, sizeBytes) => {
    const now = clock.now();
    progress.setDone(doneBytes, now);
    if (sizeBytes !== undefined) progress.setSize(sizeBytes);
    if (json || (progress.dueInMs(now) > 0 && doneBytes !== sizeBytes)) return;
    display.update({ id, name, ...progress.report(now) });
  };
}

function installedProgram(execPath: string): string {
  if (TARGET === "") {
    throw usageFault("this program runs from its sources", "update the sources and build again");
  }
  const path = realpathSync(execPath);
  if (PACKAGED.test(path)) {
    throw new Fault("not-allowed", msg`${path} was installed by a package manager`, {
      remedy: "upgrade it with the package manager",
    });
  }
  return path;
}

/** Also true if the program was replaced while the process ran, and if the system does not tell. */
function runsProgram(pid: number, path: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "") === path;
  } catch {
    return true;
  }
}

function knownFolders(context: Context, servers: readonly LocalServer[]): readonly string[] {
  const last = readSmallFile(join(context.settings().folders.state, "last-data"))?.trimEnd();
  const folders = servers.map(({ data }) => data);
  const all = last === undefined ? folders : [...folders, last];
  return all.map((path) => absolutePath(path)).filter(isDataFolder);
}

function isDataFolder(path: string): boolean {
  // A fault means that the folder was moved, or belongs to another user.
  return unlessFault(() => readFormat(path)) !== undefined;
}
