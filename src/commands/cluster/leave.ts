/** `chat cluster leave`, which makes a server leave its cluster. */

import { Fault } from "../../base/fault.ts";
import { argument, defineVerb } from "../../cli/command.ts";
import { printNotice } from "../../cli/context.ts";
import { renderJson } from "../../cli/output/render.ts";
import { readMembership, removeMembership, writeMembership } from "../../cli/serve/membership.ts";
import { checkDataFolder } from "../../io/disk/data-folder.ts";
import { lockFolder } from "../../io/disk/lock.ts";

export const command = defineVerb({
  args: { dir: argument("Data folder of the server", { valueHint: "DIR" }) },
  details: "Irreversible: later messages in this folder never reach the cluster.",
  run(args, context) {
    const path = checkDataFolder(args.dir);
    const lock = lockFolder(path, context.clock.unixMs());
    try {
      const membership = readMembership(path);
      if (membership === undefined || membership.state === "left") {
        const { cluster } = membership ?? {};
        const message =
          cluster === undefined
            ? `${path} is not in a cluster`
            : `${path} has already left '${cluster}'`;
        throw new Fault("not-found", message, { remedy: `start it: chat serve --data ${path}` });
      }
      const { cluster, node } = membership;
      // `chat cluster init` was interrupted. It has not changed the folder's logs, and the cluster
      // contains only copies of their messages.
      if (membership.state === "filling") removeMembership(path);
      else writeMembership(path, { ...membership, state: "left" });
      if (context.json)
        context.stdout.write(renderJson({ kind: "left", cluster, node, data: path }));
      else {
        printNotice(context, `${path} has permanently left the cluster '${cluster}'`);
        printNotice(context, `to run it alone: chat serve --data ${path}`);
      }
      return Promise.resolve(0);
    } finally {
      lock.release();
    }
  },
});
