/** `chat cluster status`, which reports the state of a cluster. */

import { Fault } from "../../base/fault.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { defineVerb } from "../../cli/command.ts";
import { usageFault } from "../../cli/errors.ts";
import { printList, printResult } from "../../cli/output/result.ts";
import { clusterConfig, NATS_FLAGS } from "../../cli/serve/cluster.ts";
import { inspectCluster } from "../../cli/serve/inspect.ts";
import type { Survey } from "../../cli/serve/survey.ts";
import { noMajority } from "../../io/cluster/majority.ts";

const { nats, natsCreds, cluster } = NATS_FLAGS;

export const command = defineVerb({
  args: {
    nats: { ...nats, description: "NATS servers: nats://HOST:4222,..." },
    natsCreds,
    cluster,
  },
  details: "Fails if two servers have different histories, or if none answers.",
  async run(args, context) {
    if (args.nats.length === 0) {
      throw usageFault("missing --nats", "add --nats nats://HOST:4222");
    }
    // Skip the check of the NATS version, because an old version cannot harm a read-only command.
    const { name, ...config } = clusterConfig(args, true);
    const inspection = await inspectCluster({ name, ...config }, context.clock);
    const { stream: state, nodes, areRootsEqual, silent } = inspection;
    const { last: messages, bytes, leader, replicas, current } = state;
    printList(context, nodes, {
      json: (node) => ({ kind: "node", ...node, leader }),
      columns: {
        name: (node) => node.name,
        address: ({ address }) => address,
        seq: ({ seq }) => seq,
        lag: ({ lag }) => lag,
        root: ({ root }) => root.slice(0, 12),
        leader: () => leader,
        state: (node) => node.state,
      },
    });
    const streamFields = { cluster: name, messages, bytes, leader, replicas, current };
    printResult(
      context,
      { kind: "stream", ...streamFields, rootsEqual: areRootsEqual },
      summaryOf(inspection),
    );
    if (!state.hasMajority) throw noMajority({ servers: silent, total: config.servers.length });
    if (nodes.length === 0) {
      throw new Fault("unreachable", `no server of the cluster '${name}' answers`);
    }
    if (areRootsEqual) return 0;
    throw new Fault("cluster-diverged", "the servers have different histories", {
      remedy: "find out which server clients have pinned (chat verify), and stop the others",
    });
  },
});

function summaryOf({ stream, nodes, areRootsEqual }: Survey): string {
  const { last, bytes, leader, replicas, current } = stream;
  const holders =
    replicas === 1
      ? "on a single NATS server"
      : `complete on ${current} of ${replicas} NATS servers, leader ${leader || "none"}`;
  const roots = areRootsEqual ? "the same history" : "DIFFERENT histories";
  const size = `${counted(last, "message")} (${formatSize(bytes)})`;
  const verb = nodes.length === 1 ? "has" : "have";
  return `${counted(nodes.length, "server")} ${verb} ${roots}. Stream: ${size}, ${holders}`;
}
