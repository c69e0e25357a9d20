import { Fault } from "../../base/fault.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { forkLog } from "../../cli/backup/fork.ts";
import { defineVerb } from "../../cli/command.ts";
import { say } from "../../cli/context.ts";
import { CounterLine } from "../../cli/output/counter.ts";
import { renderJson } from "../../cli/output/render.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { restoreBackup } from "../../io/backup/restore.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";

export const command = defineVerb({
  args: {
    dir: { type: "positional", valueHint: "DIR", description: "The folder of chat backup" },
    data: {
      type: "string",
      required: true,
      valueHint: "NEW",
      description: "Where to: a new or empty folder",
    },
    acceptRollback: {
      type: "boolean",
      description: "Records after the backup are lost; clients are told",
    },
  },
  async run(args, context) {
    if (args.data === "") throw new Fault("usage", "--data is empty");
    const progress = new CounterLine(context);
    const { acceptRollback } = args;
    const { clock } = context;
    const result = await restoreBackup({
      ...{ disk: systemDisk(), sha256, backup: args.dir, data: args.data },
      acceptsRollback: acceptRollback,
      nowUnixMs: clock.unixMs(),
      say: (sentence) => {
        progress.end();
        say(context, sentence);
      },
      onProgress: (copiedBytes) => progress.update(() => `${formatSize(copiedBytes)} copied …`),
      finish: async (path, note) => {
        if (acceptRollback) await forkLog(path, note, clock);
      },
    }).finally(() => progress.end());
    const { size, root, bytes, data, aside, missingFiles } = result;
    if (context.json) {
      const more = aside === undefined ? {} : { aside };
      const forked = acceptRollback;
      const sizes = { size, root, bytes, missingFiles };
      context.stdout.write(renderJson({ kind: "restored", ...sizes, data, forked, ...more }));
      return 0;
    }
    say(context, `restored ${counted(size, "record")}, ${formatSize(bytes)}, to ${data}`);
    if (missingFiles > 0)
      say(context, `the contents of ${counted(missingFiles, "file")} are not in the backup`);
    if (aside !== undefined) say(context, `what was there before is now ${aside}`);
    if (acceptRollback) {
      say(context, "clients that saw more will ask their users: chat trust accept SERVER");
    }
    return 0;
  },
});
