/** `chat cluster`: the table of its subcommands. */

import { defineGroup, verbRow } from "../../cli/command.ts";

export const command = defineGroup({
  init: verbRow("Bring a server that has a history into a new cluster", () => import("./init.ts"), [
    "chat cluster init ./data --nats nats://10.0.0.1:4222",
  ]),
  status: verbRow(
    "Show the servers of a cluster, and how far they are",
    () => import("./status.ts"),
    ["chat cluster status --nats nats://10.0.0.1:4222"],
  ),
  leave: verbRow("Let a server go on alone, for good", () => import("./leave.ts"), [
    "chat cluster leave ./data",
  ]),
});
