import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { NatsServers } from "../io/nats/nats-servers.ts";
import type { Sandbox, Served } from "./program.ts";

/** Servers that are one: the first makes the identity, the others have a copy of it. */
export async function serveNodes(
  sandbox: Sandbox,
  nats: NatsServers,
  names: readonly string[],
): Promise<Served[]> {
  const nodes: Served[] = [];
  for (const data of names) {
    const [first] = nodes;
    const folder = sandbox.path(data);
    if (first !== undefined) {
      mkdirSync(folder);
      for (const file of ["identity.key", "settings.json"])
        copyFileSync(join(first.data, file), join(folder, file));
    }
    const args = ["--nats", nats.urls.join(","), "--unsafe-nats", "--verbose"];
    nodes.push(await sandbox.serve({ data, args }));
  }
  return nodes;
}
