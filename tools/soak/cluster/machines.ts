/** Three simulated machines, each with its own network, disk, NATS and `chat serve`. */
import {
  appendFileSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { CHAT } from "../../../test/e2e/binary.ts";
import { until } from "../../../test/event.ts";
import { isOldNats } from "../../../test/io/nats/nats-servers.ts";

const CLUSTER = "soak";
const COUNT = 3;
const NATS_PORT = 4222;
const ROUTES_PORT = 6222;
const MONITOR_PORT = 8222;
const CHAT_PORT = 4700;
const DISK_MIB = 256;
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const DIVERGED = 6;
const START_TIMEOUT_MS = 120_000;

export type Service = "nats" | "chat";

function run(...command: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...command], { stdout: "ignore", stderr: "pipe" });
  if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}

export class Machine {
  readonly name: string;
  readonly address: string;
  readonly #folder: string;
  readonly #natsUrls: readonly string[];
  readonly #monitorUrls = numbersFrom(1).map(
    (number) => `http://${addressOf(number)}:${MONITOR_PORT}`,
  );
  readonly #children = new Map<Service, Subprocess>();
  readonly logs: string;
  #invite = "";

  constructor(number: number, folder: string) {
    this.name = `m${number}`;
    this.address = addressOf(number);
    this.#folder = join(folder, this.name);
    this.logs = join(folder, `${this.name}.log`);
    // The machine's own NATS comes first, which avoids the network.
    this.#natsUrls = numbersFrom(number).map(
      (number) => `nats://${addressOf(number)}:${NATS_PORT}`,
    );
    mkdirSync(this.#folder);
    for (const service of ["nats", "chat"] as const) {
      mkdirSync(this.disk(service));
      run("mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m,mode=700`, "tmpfs", this.disk(service));
    }
    const [inside, outside] = [`${this.name}e`, `${this.name}b`];
    run("ip", "netns", "add", this.name);
    run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside);
    run("ip", "link", "set", inside, "netns", this.name);
    run("ip", "link", "set", outside, "master", "br0", "up");
    run("ip", "-n", this.name, "addr", "add", `${this.address}/24`, "dev", inside);
    for (const link of [inside, "lo"]) run("ip", "-n", this.name, "link", "set", link, "up");
    const routes = numbersFrom(1).map((number) => `nats://${addressOf(number)}:${ROUTES_PORT}`);
    const sync = isOldNats() ? "" : ", sync_interval: always";
    writeFileSync(
      join(this.#folder, "nats.conf"),
      [
        `server_name: ${this.name}`,
        `listen: ${this.address}:${NATS_PORT}`,
        `http: ${this.address}:${MONITOR_PORT}`,
        `jetstream { store_dir: "${this.disk("nats")}"${sync} }`,
        `cluster { name: c, listen: ${this.address}:${ROUTES_PORT}, routes: [${routes}] }`,
      ].join("\n"),
    );
  }

  disk(service: Service): string {
    return join(this.#folder, service);
  }

  get data(): string {
    return join(this.disk("chat"), "data");
  }

  get natsUrls(): string {
    return this.#natsUrls.join(",");
  }

  get serverAddress(): string {
    return `${this.address}:${CHAT_PORT}`;
  }

  get invite(): string {
    return this.#invite;
  }

  inside(...command: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${this.name}`, "--", ...command];
  }

  startNats(): void {
    const command = this.inside("nats-server", "-c", join(this.#folder, "nats.conf"));
    const log = openSync(join(this.#folder, "nats.log"), "a");
    this.#children.set("nats", Bun.spawn(command, { stdio: ["ignore", log, log] }));
    closeSync(log);
  }

  copyIdentity(first: Machine): void {
    mkdirSync(this.data, { mode: 0o700 });
    for (const file of ["identity.key", "settings.json"]) {
      cpSync(join(first.data, file), join(this.data, file));
    }
  }

  /** @param skew clock error in faketime's notation: `-1h` */
  async startChat(skew?: string): Promise<void> {
    const command = this.inside(
      ...[CHAT, "serve", "--host", this.address, "--port", `${CHAT_PORT}`, "--json"],
      // The disks are smaller than the space that a server reserves by default.
      ...["--no-discovery", "--keep-free", "0", "--data", this.data],
      ...["--nats", this.natsUrls, "--cluster", CLUSTER],
      ...(isOldNats() ? ["--unsafe-nats"] : ["--nats-monitor", this.#monitorUrls.join(",")]),
    );
    const clockEnv = {
      LD_PRELOAD: FAKETIME,
      FAKETIME: skew ?? "",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    const env = { ...this.#env(), ...(skew === undefined ? {} : clockEnv) };
    const end = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < end) {
      appendFileSync(this.logs, `start ${new Date().toISOString()} ${skew ?? ""}\n`);
      const from = readFileSync(this.logs).length;
      const log = openSync(this.logs, "a");
      const child = Bun.spawn(command, { env, stdio: ["ignore", log, log] });
      closeSync(log);
      this.#children.set("chat", child);
      const listening = await until(
        `${this.name} listens`,
        () => {
          if (child.exitCode !== null || child.signalCode !== null) return "ended" as const;
          const lines = readFileSync(this.logs).subarray(from).toString().split("\n");
          return lines.find((line) => line.startsWith('{"kind":"listening"'));
        },
        START_TIMEOUT_MS,
      );
      if (listening === "ended") continue;
      this.#invite = String((JSON.parse(listening) as { invite: string }).invite);
      return;
    }
    throw new Error(`${this.name} does not start: see ${this.logs}`);
  }

  isRunning(service: Service): boolean {
    const child = this.#children.get(service);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  signal(service: Service, signal: "SIGSTOP" | "SIGCONT"): void {
    this.#children.get(service)?.kill(signal);
  }

  async kill(service: Service): Promise<void> {
    const child = this.#children.get(service);
    child?.kill("SIGKILL");
    await child?.exited;
  }

  async chat(home: string, ...args: readonly string[]): Promise<CommandResult> {
    const child = Bun.spawn(this.inside(CHAT, ...args), {
      env: { ...this.#env(), CHAT_HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { exitCode: await child.exited, out, err };
  }

  setLink(state: "up" | "down"): void {
    run("ip", "link", "set", `${this.name}b`, state);
  }

  fill(service: Service): void {
    const file = openSync(this.#ballast(service), "a");
    for (let size = 1 << 20; size > 0; size >>= 1) {
      const bytes = new Uint8Array(size);
      try {
        for (;;) writeSync(file, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
    closeSync(file);
  }

  free(service: Service): void {
    rmSync(this.#ballast(service), { force: true });
  }

  async shutDown(keepDisks: boolean): Promise<void> {
    for (const service of ["chat", "nats"] as const) {
      await this.kill(service);
      if (keepDisks)
        cpSync(this.disk(service), join(this.#folder, `${service}-kept`), { recursive: true });
      run("umount", this.disk(service));
    }
  }

  log(name: "history" | "accounts"): string {
    const folder = join(this.data, name);
    const files = readdirSync(folder).filter((file) => /^\d+\.jsonl$/.test(file));
    return files
      .toSorted()
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .join("");
  }

  #ballast(service: Service): string {
    return join(this.disk(service), "ballast");
  }

  #env(): Record<string, string> {
    const run = join(this.#folder, "run");
    mkdirSync(run, { recursive: true, mode: 0o700 });
    return { PATH: process.env["PATH"] ?? "", HOME: run, XDG_RUNTIME_DIR: run, TZ: "UTC" };
  }
}

export async function statusOf(machine: Machine): Promise<Status[]> {
  const args = ["cluster", "status", "--nats", machine.natsUrls, "--cluster", CLUSTER, "--json"];
  const { exitCode, out } = await machine.chat(machine.disk("nats"), ...args);
  if (exitCode !== 0 && exitCode !== DIVERGED) return [];
  const lines = out.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Status);
}

export type Status =
  | { readonly kind: "stream"; readonly leader: string }
  | {
      readonly kind: "node";
      readonly address: string;
      readonly state: string;
      readonly lag: number;
      readonly root: string;
    };

export interface CommandResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Requires private mount and network namespaces; see soak.ts. */
export async function startMachines(folder: string): Promise<Machine[]> {
  mkdirSync("/run/netns", { recursive: true });
  run("mount", "-t", "tmpfs", "tmpfs", "/run/netns");
  run("ip", "link", "add", "br0", "type", "bridge");
  run("ip", "link", "set", "br0", "up");
  const machines = numbersFrom(1).map((number) => new Machine(number, folder));
  for (const machine of machines) machine.startNats();
  const [first] = machines;
  if (first === undefined) throw new Error("no machine");
  await first.startChat();
  for (const machine of machines.slice(1)) {
    machine.copyIdentity(first);
    await machine.startChat();
  }
  return machines;
}

function numbersFrom(first: number): number[] {
  return Array.from({ length: COUNT }, (_, i) => ((first - 1 + i) % COUNT) + 1);
}

function addressOf(number: number): string {
  return `10.77.0.${number}`;
}
