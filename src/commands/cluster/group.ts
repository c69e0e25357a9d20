/** `chat cluster`, with the table of its subcommands. */

import { defineGroup, verbRow } from "../../cli/command.ts";

export const command = defineGroup({
  init: verbRow("Create a cluster from an existing server", () => import("./init.ts"), [
    "chat cluster init ./data --nats nats://10.0.0.1:4222",
  ]),
  status: verbRow("Show the servers of a cluster and their state", () => import("./status.ts"), [
    "chat cluster status --nats nats://10.0.0.1:4222",
  ]),
  leave: verbRow("Remove a server from its cluster permanently", () => import("./leave.ts"), [
    "chat cluster leave ./data",
  ]),
});
