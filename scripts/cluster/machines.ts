/**
 * Three machines in one: network namespaces on a bridge, each with a disk of its own (tmpfs), a
 * nats-server and a `chat serve`. What is done to them is what happens to machines: processes are
 * killed and stopped, disks are full, cables are pulled, clocks are wrong.
 */
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
import { CHAT } from "../../test/e2e/binary.ts";
import { until } from "../../test/event.ts";
import { isOldNats } from "../../test/io/nats/nats-servers.ts";

const CLUSTER = "soak";
const COUNT = 3;
const NATS_PORT = 4222;
const ROUTES_PORT = 6222;
const MONITOR_PORT = 8222;
const CHAT_PORT = 4700;
const DISK_MIB = 256;
/** Debian's package of that name. */
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
/** What `chat` ends with where histories differ. */
const DIVERGED = 6;
const STARTED_WITHIN_MS = 120_000;

export type Part = "nats" | "chat";

function run(...command: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...command], { stdout: "ignore", stderr: "pipe" });
  if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}

export class Machine {
  readonly name: string;
  readonly address: string;
  readonly #folder: string;
  readonly #natsUrls: readonly string[];
  readonly #monitorUrls = numbers(1).map((one) => `http://${addressOf(one)}:${MONITOR_PORT}`);
  readonly #children = new Map<Part, Subprocess>();
  /** All that its `chat serve` has written, over all its lives. */
  readonly logs: string;
  #invite = "";

  constructor(number: number, folder: string) {
    this.name = `m${number}`;
    this.address = addressOf(number);
    this.#folder = join(folder, this.name);
    this.logs = join(folder, `${this.name}.log`);
    // Its own first: nobody crosses the network without need.
    this.#natsUrls = numbers(number).map((one) => `nats://${addressOf(one)}:${NATS_PORT}`);
    mkdirSync(this.#folder);
    for (const part of ["nats", "chat"] as const) {
      mkdirSync(this.disk(part));
      run("mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m,mode=700`, "tmpfs", this.disk(part));
    }
    const [inside, outside] = [`${this.name}e`, `${this.name}b`];
    run("ip", "netns", "add", this.name);
    run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside);
    run("ip", "link", "set", inside, "netns", this.name);
    run("ip", "link", "set", outside, "master", "br0", "up");
    run("ip", "-n", this.name, "addr", "add", `${this.address}/24`, "dev", inside);
    for (const link of [inside, "lo"]) run("ip", "-n", this.name, "link", "set", link, "up");
    const routes = numbers(1).map((one) => `nats://${addressOf(one)}:${ROUTES_PORT}`);
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

  disk(part: Part): string {
    return join(this.#folder, part);
  }

  get data(): string {
    return join(this.disk("chat"), "data");
  }

  get natsUrls(): string {
    return this.#natsUrls.join(",");
  }

  /** Where its server is, as clients say it. */
  get place(): string {
    return `${this.address}:${CHAT_PORT}`;
  }

  /** How its users join it; known once its server has listened. */
  get invite(): string {
    return this.#invite;
  }

  /** The command in this machine's network. */
  inside(...command: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${this.name}`, "--", ...command];
  }

  startNats(): void {
    const command = this.inside("nats-server", "-c", join(this.#folder, "nats.conf"));
    const log = openSync(join(this.#folder, "nats.log"), "a");
    this.#children.set("nats", Bun.spawn(command, { stdio: ["ignore", log, log] }));
    closeSync(log);
  }

  /** The first one of a cluster makes its identity; the others have it from there. */
  adopt(first: Machine): void {
    mkdirSync(this.data, { mode: 0o700 });
    for (const file of ["identity.key", "settings.json"]) {
      cpSync(join(first.data, file), join(this.data, file));
    }
  }

  /**
   * Resolves when it listens. One that ends before is started again, as a service manager does.
   * @param skew by how much its clock is wrong, as faketime says it: `-1h`
   */
  async startChat(skew?: string): Promise<void> {
    const command = this.inside(
      ...[CHAT, "serve", "--host", this.address, "--port", `${CHAT_PORT}`, "--json"],
      ...["--no-discovery", "--data", this.data],
      ...["--nats", this.natsUrls, "--cluster", CLUSTER],
      ...(isOldNats() ? ["--unsafe-nats"] : ["--nats-monitor", this.#monitorUrls.join(",")]),
    );
    const wrong = { LD_PRELOAD: FAKETIME, FAKETIME: skew ?? "", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
    const env = { ...this.#env(), ...(skew === undefined ? {} : wrong) };
    const end = performance.now() + STARTED_WITHIN_MS;
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
          const said = readFileSync(this.logs).subarray(from).toString().split("\n");
          return said.find((line) => line.startsWith('{"kind":"listening"'));
        },
        STARTED_WITHIN_MS,
      );
      if (listening === "ended") continue;
      this.#invite = String((JSON.parse(listening) as { invite: string }).invite);
      return;
    }
    throw new Error(`${this.name} does not start: see ${this.logs}`);
  }

  isRunning(part: Part): boolean {
    const child = this.#children.get(part);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  signal(part: Part, signal: "SIGSTOP" | "SIGCONT"): void {
    this.#children.get(part)?.kill(signal);
  }

  async kill(part: Part): Promise<void> {
    const child = this.#children.get(part);
    child?.kill("SIGKILL");
    await child?.exited;
  }

  /** Runs `chat` there, as a user with this home. */
  async chat(home: string, ...args: readonly string[]): Promise<Ran> {
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

  /** Pulls its cable, or plugs it in again. */
  plug(state: "up" | "down"): void {
    run("ip", "link", "set", `${this.name}b`, state);
  }

  /** Not one byte more fits there, until somebody there gives something back. */
  fill(part: Part): void {
    const file = openSync(this.#ballast(part), "a");
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

  free(part: Part): void {
    rmSync(this.#ballast(part), { force: true });
  }

  /** Ends it. @param isKept whether what was on its disks is to be looked at */
  async end(isKept: boolean): Promise<void> {
    for (const part of ["chat", "nats"] as const) {
      await this.kill(part);
      if (isKept) cpSync(this.disk(part), join(this.#folder, `${part}-kept`), { recursive: true });
      run("umount", this.disk(part));
    }
  }

  /** The bytes of one of its logs. */
  log(name: "history" | "accounts"): string {
    const folder = join(this.data, name);
    const files = readdirSync(folder).filter((file) => /^\d+\.jsonl$/.test(file));
    return files
      .toSorted()
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .join("");
  }

  #ballast(part: Part): string {
    return join(this.disk(part), "ballast");
  }

  #env(): Record<string, string> {
    const run = join(this.#folder, "run");
    mkdirSync(run, { recursive: true, mode: 0o700 });
    return { PATH: process.env["PATH"] ?? "", HOME: run, XDG_RUNTIME_DIR: run, TZ: "UTC" };
  }
}

/** What `chat cluster status` says of the stream and of each server; none: nobody knows now. */
export async function statusOf(asked: Machine): Promise<Status[]> {
  const args = ["cluster", "status", "--nats", asked.natsUrls, "--cluster", CLUSTER, "--json"];
  const { exitCode, out } = await asked.chat(asked.disk("nats"), ...args);
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

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** In a mount and network namespace of this process: see soak.ts. */
export async function threeMachines(folder: string): Promise<Machine[]> {
  mkdirSync("/run/netns", { recursive: true });
  run("mount", "-t", "tmpfs", "tmpfs", "/run/netns");
  run("ip", "link", "add", "br0", "type", "bridge");
  run("ip", "link", "set", "br0", "up");
  const machines = numbers(1).map((number) => new Machine(number, folder));
  for (const machine of machines) machine.startNats();
  const [first] = machines;
  if (first === undefined) throw new Error("there is no machine");
  await first.startChat();
  for (const machine of machines.slice(1)) {
    machine.adopt(first);
    await machine.startChat();
  }
  return machines;
}

/** All of them, beginning with this one. */
function numbers(first: number): number[] {
  return Array.from({ length: COUNT }, (_, i) => ((first - 1 + i) % COUNT) + 1);
}

function addressOf(number: number): string {
  return `10.77.0.${number}`;
}
