/** `chat backup`. */

import { Fault } from "../../base/fault.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { argument, defineVerb, noFlag, stringFlag } from "../../cli/command.ts";
import { printNotice } from "../../cli/context.ts";
import { CounterLine } from "../../cli/output/counter.ts";
import { renderJson } from "../../cli/output/render.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { backUp } from "../../io/backup/backup.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";

export const command = defineVerb({
  args: {
    dir: argument("Where to; the same one again", { valueHint: "DIR" }),
    data: stringFlag("DIR", "The server's folder, ./data if left out", { default: "./data" }),
    files: noFlag("Leave out the contents of files"),
  },
  details:
    "The server may run. Into the same folder again only what is new is copied. " +
    "The backup holds the server's identity: keep it as safe as the server.",
  async run(args, context) {
    const progress = new CounterLine(context);
    const { clock } = context;
    const result = await backUp({
      ...{ disk: systemDisk(), sha256, clock },
      ...{ data: args.data, out: args.dir, files: args.files },
      onWarning: (message) => {
        progress.end();
        printNotice(context, message);
      },
      onProgress: (copiedBytes) => progress.update(() => `${formatSize(copiedBytes)} copied …`),
    }).finally(() => progress.end());
    const { size, root, bytes, copiedBytes, damagedFiles, damagedRecords } = result;
    if (context.json) {
      context.stdout.write(renderJson({ kind: "backup", size, root, bytes, copiedBytes }));
    } else {
      const copied = `${formatSize(copiedBytes)} copied now`;
      const amount = `${counted(size, "record")}, ${formatSize(bytes)}; ${copied}`;
      printNotice(context, `backed up to ${args.dir}: ${amount}`);
      printNotice(context, "it holds the server's identity: who has it can be the server");
    }
    if (damagedRecords > 0) {
      const message = `${counted(damagedRecords, "record")} in the backup are damaged`;
      throw new Fault("log-corrupt", message, {
        remedy: "the server's folder has no other copy; see the lines above",
      });
    }
    if (damagedFiles === 0) return 0;
    throw new Fault("checksum-wrong", `${counted(damagedFiles, "damaged file")} not backed up`, {
      remedy: "everything else is; see the lines above",
    });
  },
});
