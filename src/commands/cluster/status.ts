import { Fault } from "../../base/fault.ts";
import { NODES_ANSWER_MS } from "../../base/limits-cluster.ts";
import { defineVerb } from "../../cli/command.ts";
import { renderJson, renderTable, styleOf } from "../../cli/output/render.ts";
import { clusterPlace, NATS_FLAGS, readNodeState } from "../../cli/serve/cluster.ts";
import { openJetStream } from "../../io/nats/jetstream.ts";

const { nats, natsCreds, cluster } = NATS_FLAGS;

export const command = defineVerb({
  args: {
    nats: { ...nats, description: "Where the stream is: nats://HOST:4222,..." },
    natsCreds,
    cluster,
  },
  async run(args, context) {
    if (args.nats.length === 0) {
      throw new Fault("usage", "where is the stream?", { remedy: "give --nats nats://HOST:4222" });
    }
    // It only looks: an old NATS does no harm.
    const place = clusterPlace(args, true);
    const { name } = place;
    const stream = await openJetStream({ ...place, cluster: name, clock: context.clock });
    try {
      const { last, leader } = await stream.state();
      const nodes = (await stream.ask(NODES_ANSWER_MS))
        .map(readNodeState)
        .filter((node) => node !== undefined)
        .toSorted((one, other) => one.name.localeCompare(other.name));
      if (nodes.length === 0) {
        throw new Fault("unreachable", `no server of the cluster '${name}' answers`);
      }
      const lines = nodes.map((node) => ({ ...node, lag: Math.max(0, last - node.seq), leader }));
      const style = styleOf(context);
      context.stdout.write(
        style.format === "json"
          ? lines.map((line) => renderJson({ kind: "node", ...line })).join("")
          : renderTable(
              ["name", "address", "seq", "lag", "root", "leader", "state"],
              lines.map(({ name, address, seq, lag, root, state }) => {
                return [name, address, String(seq), String(lag), root.slice(0, 12), leader, state];
              }),
              style,
            ),
      );
      return 0;
    } finally {
      await stream.close();
    }
  },
});
