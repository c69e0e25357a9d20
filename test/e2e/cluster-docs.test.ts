import { expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { isOldNats } from "../io/nats/nats-servers.ts";
import { reservedPort } from "../ports.ts";
import { type Home, type Program, Sandbox } from "./program.ts";

const { afterAll, test } = requires("nats-server");

/** Runs docs/cluster.md on three simulated machines: loopback addresses with separate folders. */

const DOC = readFileSync(join(import.meta.dir, "..", "..", "docs", "cluster.md"), "utf8");
const MACHINES = [1, 2, 3] as const;
type Machine = (typeof MACHINES)[number];

const sandbox = new Sandbox();
const nats: Program[] = [];
afterAll(() => sandbox[Symbol.asyncDispose]());

function blocksOf(heading: string, language: string): string[] {
  const [, section = ""] = DOC.split(`## ${heading}\n`);
  const [text = ""] = section.split(/^## /m);
  const blocks = text.matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return [...blocks].filter(([, of]) => of === language).map(([, , block = ""]) => block);
}

class Walk {
  readonly #ports = new Map<string, number>();
  /** Debian's NATS server is older than the page requires; the test adapts its settings. */
  readonly #isOld = isOldNats();

  static async begin(): Promise<Walk> {
    const walk = new Walk();
    for (const port of ["4222", "6222", "8222", "2428"])
      walk.#ports.set(port, await reservedPort());
    for (const machine of MACHINES) mkdirSync(walk.folder(machine));
    return walk;
  }

  folder(machine: Machine, ...more: readonly string[]): string {
    return sandbox.path(`m${machine}`, ...more);
  }

  localised(text: string): string {
    let localised = text.replaceAll(/10\.0\.0\.([123])/g, (_, n) => `127.0.0.${Number(n) + 1}`);
    for (const [port, own] of this.#ports) localised = localised.replaceAll(`:${port}`, `:${own}`);
    return localised;
  }

  startNats(machine: Machine, line: string): void {
    const [conf = ""] = blocksOf("Set up three machines", "");
    expect(conf).toContain("sync_interval: always\n");
    const own = this.localised(conf)
      .replace("server_name: n1", `server_name: n${machine}`)
      .replaceAll("0.0.0.0:", `127.0.0.${machine + 1}:`)
      .replace(this.#isOld ? "  sync_interval: always\n" : "", "");
    writeFileSync(this.folder(machine, "nats.conf"), own);
    const [program = "", ...args] = line.split(" ");
    nats[machine] = sandbox.start(args, { program, cwd: this.folder(machine) });
  }

  /**
   * Waits for a leader, because an election on a busy machine takes longer than a chat server
   * waits.
   */
  async natsIsUp(): Promise<void> {
    for (const machine of MACHINES) {
      const monitor = this.localised(`http://10.0.0.${machine}:8222/healthz`);
      await until(`NATS ${machine} is up`, async () => {
        const answer = await fetch(monitor).catch(() => undefined);
        return answer?.ok;
      });
    }
  }

  start(machine: Machine, line: string): Program {
    const args = this.localised(line).split(" ").slice(1);
    const own = [
      `--host`,
      `127.0.0.${machine + 1}`,
      "--port",
      this.localised(":2428").slice(1),
      "--json",
    ];
    const unsafe = this.#isOld ? ["--unsafe-nats"] : [];
    return sandbox.start([...args, ...own, ...unsafe], { cwd: this.folder(machine) });
  }

  async shell(line: string): Promise<void> {
    const local = line
      .replace(/^ssh 10\.0\.0\.(\d) (.*)$/, (_, n, command) => `cd ../m${n} && ${command}`)
      .replace(/^scp (.*) 10\.0\.0\.(\d):(.*)$/, (_, what, n, to) => `cp ${what} ../m${n}/${to}`);
    const child = Bun.spawn(["bash", "-c", local], { cwd: this.folder(1), stderr: "pipe" });
    expect([line, await child.exited]).toEqual([line, 0]);
  }
}

async function nodesOf(home: Home, look: readonly string[]): Promise<unknown[][]> {
  const lines = await home.json(look);
  return lines.filter(({ kind }) => kind === "node").map((one) => [one["lag"], one["root"]]);
}

test("sets up three machines, and restores them after the loss of all NATS servers", async () => {
  const walk = await Walk.begin();
  const lines = blocksOf("Set up three machines", "sh").flatMap((block) => {
    return block.trim().split("\n");
  });
  const [startNats = "", serve = "", ...rest] = lines;
  const [status = "", ...none] = rest.splice(-1);
  expect([startNats, serve.slice(0, 10), rest.length, none]).toEqual([
    ...["nats-server -c nats.conf", "chat serve", 4],
    [],
  ]);
  for (const machine of MACHINES) walk.startNats(machine, startNats);
  await walk.natsIsUp();
  const servers = [walk.start(1, serve)];
  await servers[0]?.json("listening", {}, 60_000);
  for (const line of rest) await walk.shell(line);
  for (const machine of [2, 3] as const) {
    const server = walk.start(machine, serve);
    await server.json("listening", {}, 60_000);
    servers.push(server);
  }
  const boss = sandbox.home("boss");
  const look = walk.localised(status).split(" ").slice(1);
  const nodes = await until("all are equally far", async () => {
    const found = await nodesOf(boss, look);
    return new Set(found.map(String)).size === 1 && found;
  });
  expect([nodes.length, nodes[0]?.[0]]).toEqual([3, 0]);

  const inviteOf = (machine: Machine) =>
    readFileSync(walk.folder(machine, "data", "invite"), "utf8")
      .trim()
      .replaceAll("'", "");
  const at = (machine: Machine) => walk.localised(`10.0.0.${machine}:2428`);
  const ana = await sandbox.home("ana").join([inviteOf(1), "--user", "ana"]);
  const ben = await sandbox.home("ben").join([inviteOf(3), "--user", "ben"]);
  ana.type("from the first");
  await ben.json("text", { text: "from the first" });
  const note = sandbox.write("note.txt", "sent to the third");
  const [sent] = await sandbox.home("ben").json(["send-file", note, "--server", at(3)]);
  for (const user of [ana, ben]) {
    user.type("/quit");
    await user.ended();
  }

  for (const server of servers) await server.signal("SIGTERM");
  for (const machine of MACHINES) {
    await nats[machine]?.signal("SIGKILL");
    rmSync(walk.folder(machine, "nats-store"), { recursive: true });
  }
  for (const machine of MACHINES) walk.startNats(machine, startNats);
  await walk.natsIsUp();
  const [init = ""] = blocksOf("Convert an existing server", "sh");
  const [leave = ""] = blocksOf("Remove a server", "sh");
  const runOn = async (machine: Machine, line: string, ...more: readonly string[]) => {
    const args = [...walk.localised(line.trim()).split(" ").slice(1), ...more];
    const ran = await boss.run(args, { cwd: walk.folder(machine) });
    expect([line, ran.exitCode, ran.err]).toEqual([line, 0, expect.any(String)]);
  };
  await runOn(1, leave);
  await runOn(1, init, "--unsafe-nats");
  const kept = ["identity.key", "settings.json", "files"];
  for (const machine of [2, 3] as const) {
    const names = readdirSync(walk.folder(machine, "data")).filter((name) => !kept.includes(name));
    for (const name of names) rmSync(walk.folder(machine, "data", name), { recursive: true });
  }
  for (const machine of MACHINES) {
    await walk.start(machine, serve).json("listening", {}, 60_000);
  }
  const out = sandbox.path("out");
  const get = ["get-file", String(sent?.["id"]), "--server", at(1), "--out", out];
  const isRestored = async () => (await sandbox.home("ana").run(get)).exitCode === 0;
  await until("its content is back", isRestored, 60_000);
  expect(readFileSync(join(out, "note.txt"), "utf8")).toBe("sent to the third");
  const found = await boss.json(["history", "--data", walk.folder(3, "data"), "--grep", "first"]);
  expect(found.filter(({ kind }) => kind === "text")).toHaveLength(1);
});
