import { copyFileSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NatsServers } from "../test/io/nats/nats-servers.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** Three `chat serve` and three nats-servers on this machine. */
export class ClusterServers {
  readonly nats: NatsServers;
  readonly nodes: ServerProcess[];

  private constructor(nats: NatsServers, nodes: ServerProcess[]) {
    this.nats = nats;
    this.nodes = nodes;
  }

  static async start(): Promise<ClusterServers> {
    const nats = await NatsServers.start();
    const nodes: ServerProcess[] = [];
    for (let i = 0; i < nats.servers.length; i++) {
      const folder = mkdtempSync(join(tmpdir(), "chat-bench-"));
      const [first] = nodes;
      if (first !== undefined) {
        mkdirSync(join(folder, "data"), { mode: 0o700 });
        for (const file of ["identity.key", "settings.json"])
          copyFileSync(join(first.folder, "data", file), join(folder, "data", file));
      }
      nodes.push(await startServer(serverFlags(nats), folder));
    }
    return new ClusterServers(nats, nodes);
  }

  async restart(index: number): Promise<void> {
    const node = this.nodes[index];
    if (node === undefined) return;
    this.nodes[index] = await startServer(serverFlags(this.nats), node.folder, node.port);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.nats.stop();
  }
}

function serverFlags({ urls }: NatsServers): string[] {
  const clusterFlags = ["--nats", urls.join(","), "--unsafe-nats", "--cluster", "bench"];
  return [...clusterFlags, "--posts-per-second", "10000000", "--texts-per-day", "1T"];
}
