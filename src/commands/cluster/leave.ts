/** `chat cluster leave`. */

import { Fault } from "../../base/fault.ts";
import { argument, defineVerb } from "../../cli/command.ts";
import { printNotice } from "../../cli/context.ts";
import { renderJson } from "../../cli/output/render.ts";
import { readMembership, removeMembership, writeMembership } from "../../cli/serve/membership.ts";
import { checkDataFolder } from "../../io/disk/data-folder.ts";
import { lockFolder } from "../../io/disk/lock.ts";

export const command = defineVerb({
  args: {
    dir: argument("The data folder of its server", { valueHint: "DIR" }),
  },
  details: "The folder cannot come back: what is said there from then on, the others never hear.",
  run(args, context) {
    const path = checkDataFolder(args.dir);
    const lock = lockFolder(path, context.clock.unixMs());
    try {
      const membership = readMembership(path);
      if (membership === undefined || membership.state === "left") {
        const { cluster } = membership ?? {};
        const message =
          cluster === undefined
            ? `${path} is of no cluster`
            : `${path} has left '${cluster}' before`;
        throw new Fault("not-found", message, { remedy: `start it: chat serve --data ${path}` });
      }
      const { cluster, node } = membership;
      // An interrupted import left nothing in the folder, and the cluster has no messages of its
      // own.
      if (membership.state === "filling") removeMembership(path);
      else writeMembership(path, { ...membership, state: "left" });
      if (context.json)
        context.stdout.write(renderJson({ kind: "left", cluster, node, data: path }));
      else {
        printNotice(context, `${path} has left the cluster '${cluster}', and cannot come back`);
        printNotice(context, `it goes on alone: chat serve --data ${path}`);
      }
      return Promise.resolve(0);
    } finally {
      lock.release();
    }
  },
});
