/** `chat cluster`: the table of its subcommands. */

import { defineGroup } from "../../cli/command.ts";

export const command = defineGroup({
  init: {
    summary: "Bring a server that has a history into a new cluster",
    examples: ["chat cluster init ./data --nats nats://10.0.0.1:4222"],
    load: () => import("./init.ts"),
  },
  status: {
    summary: "Show the servers of a cluster, and how far they are",
    examples: ["chat cluster status --nats nats://10.0.0.1:4222"],
    load: () => import("./status.ts"),
  },
  leave: {
    summary: "Let a server go on alone, for good",
    examples: ["chat cluster leave ./data"],
    load: () => import("./leave.ts"),
  },
});
