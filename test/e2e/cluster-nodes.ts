import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { Sandbox, type Served } from "./program.ts";

export const NODES = ["a", "b", "c"] as const;

function copyIdentity(sandbox: Sandbox, first: Served | undefined, data: string): void {
  if (first === undefined) return;
  const folder = sandbox.path(data);
  mkdirSync(folder);
  for (const file of ["identity.key", "settings.json"])
    copyFileSync(join(first.data, file), join(folder, file));
}

export async function serveNodes(
  sandbox: Sandbox,
  nats: NatsServers,
  names: readonly string[],
  { program, cluster = "chat" }: { readonly program?: string; readonly cluster?: string } = {},
): Promise<Served[]> {
  const nodes: Served[] = [];
  for (const data of names) {
    copyIdentity(sandbox, nodes[0], data);
    const nodeArgs = ["--nats", nats.urls.join(","), "--unsafe-nats", "--verbose"];
    const args = [...nodeArgs, "--cluster", cluster];
    nodes.push(await sandbox.serve({ data, args, ...(program === undefined ? {} : { program }) }));
  }
  return nodes;
}

export class ServedCluster {
  readonly sandbox = new Sandbox();
  readonly nodes: Served[] = [];
  readonly name: string;
  readonly nats: NatsServers;

  private constructor(nats: NatsServers, name: string) {
    this.nats = nats;
    this.name = name;
  }

  static async start(name: string): Promise<ServedCluster> {
    const cluster = new ServedCluster(await NatsServers.start(), name);
    for (const data of NODES) {
      copyIdentity(cluster.sandbox, cluster.nodes[0], data);
      cluster.nodes.push(await cluster.#serve(data));
    }
    return cluster;
  }

  node(index: number): Served {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    return node;
  }

  kill(index: number): Promise<unknown> {
    return this.node(index).program.signal("SIGKILL");
  }

  async restart(index: number): Promise<void> {
    const { port, program } = this.node(index);
    if (program.isRunning) await this.kill(index);
    this.nodes[index] = await this.#serve(NODES[index] ?? "", { port });
  }

  async revive(): Promise<void> {
    for (const [index, { program }] of this.nodes.entries()) {
      if (!program.isRunning) await this.restart(index);
    }
  }

  #serve(data: string, options: { readonly port?: number } = {}): Promise<Served> {
    const nats = ["--nats", this.nats.urls.join(","), "--unsafe-nats"];
    return this.sandbox.serve({ data, args: [...nats, "--cluster", this.name], ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    await this.nats.stop();
  }
}
