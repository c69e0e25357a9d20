import { cpSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../event.ts";
import { reservedPort } from "../../ports.ts";

/** Version of the nats-server in the PATH. Debian 12 has 2.9.10. */
export function natsVersion(): string {
  const { stdout } = Bun.spawnSync(["nats-server", "--version"]);
  return stdout
    .toString()
    .replace(/^.*v(?=\d)/, "")
    .trim();
}

/** Reports whether nats-server lacks `sync_interval: always`, which chat requires by default. */
export function isOldNats(): boolean {
  return Bun.semver.order(natsVersion(), "2.12.0") < 0;
}

export class NatsServer {
  readonly port: number;
  readonly #config: string;
  readonly #log: number;
  #child: Bun.Subprocess | undefined;

  constructor(
    port: number,
    config: string,
    log: string,
    private readonly lines: readonly string[],
  ) {
    this.port = port;
    this.#config = config;
    this.#log = openSync(log, "a");
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  configure(more: string): void {
    writeFileSync(this.#config, [...this.lines, more].join("\n"));
  }

  start(): void {
    this.#child = Bun.spawn(["nats-server", "-c", this.#config], {
      stdio: ["ignore", this.#log, this.#log],
    });
  }

  /** Reports whether the server greets, because the system accepts connections earlier. */
  async listens(): Promise<boolean> {
    const greeting = Promise.withResolvers<boolean>();
    try {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: this.port,
        socket: { data: () => greeting.resolve(true), close: () => greeting.resolve(false) },
      });
      const isGreeted = await greeting.promise;
      socket.end();
      return isGreeted;
    } catch {
      return false;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }
}

export class NatsServers {
  readonly servers: readonly NatsServer[];
  readonly folder: string;

  private constructor(folder: string, servers: readonly NatsServer[]) {
    this.folder = folder;
    this.servers = servers;
  }

  static async start(count = 3, more = ""): Promise<NatsServers> {
    const folder = mkdtempSync(join(tmpdir(), "chat-nats-"));
    const ports: number[] = [];
    for (let i = 0; i < 2 * count; i++) ports.push(await reservedPort());
    const routes = ports.slice(count).map((port) => `nats://127.0.0.1:${port}`);
    const servers = routes.map((_, i) => {
      const config = join(folder, `${i}.conf`);
      const cluster =
        count === 1
          ? ""
          : `cluster { name: c, listen: 127.0.0.1:${ports[count + i]}, routes: [${routes}] }`;
      const lines = [
        `server_name: n${i}`,
        `listen: 127.0.0.1:${ports[i]}`,
        `jetstream { store_dir: "${folder}/js${i}" }`,
        cluster,
      ];
      const server = new NatsServer(ports[i] ?? 0, config, join(folder, `${i}.log`), lines);
      server.configure(more);
      return server;
    });
    for (const server of servers) server.start();
    for (const server of servers) await until("it listens", () => server.listens());
    return new NatsServers(folder, servers);
  }

  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  /** Replaces the lines that were passed to `start`; NATS reads them soon. */
  reconfigure(more: string): void {
    for (const server of this.servers) {
      server.configure(more);
      server.signal("SIGHUP");
    }
  }

  keep(): void {
    for (const i of this.servers.keys()) {
      cpSync(join(this.folder, `js${i}`), join(this.folder, `kept${i}`), { recursive: true });
    }
  }

  bringBack(): void {
    for (const i of this.servers.keys()) {
      rmSync(join(this.folder, `js${i}`), { recursive: true });
      cpSync(join(this.folder, `kept${i}`), join(this.folder, `js${i}`), { recursive: true });
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
