/**
 * `npm run soak -- upgrade --old PROGRAM [--rounds 20] [--seed 1] [--port 34610]`: upgrades three
 * servers of a cluster from a released program, one at a time, while clients of that release post.
 * Servers are killed at random, downgraded and upgraded again, and new functions are tried in
 * between. No text may be lost, repeated or reordered, all histories must be equal, and
 * `chat verify` must succeed. Needs nats-server.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CHAT } from "../../test/e2e/binary.ts";
import { until } from "../../test/event.ts";
import { randomOf } from "../../test/worlds/disk-world.ts";
import { countTexts, type Text } from "./cluster/texts.ts";

const { values } = parseArgs({
  options: {
    old: { type: "string" },
    rounds: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    port: { type: "string", default: "34610" },
  },
});
const OLD = values.old ?? "";
if (OLD === "") throw new Error("missing --old: the program of the release to upgrade from");
const SEED = Number(values.seed);
const PORT = Number(values.port);
const NATS = `nats://127.0.0.1:${PORT}`;
const POST_EVERY_MS = 150;
/** A start took 61 s on a machine with a load of 25, where each sync waits. */
const READY_MS = 180_000;

type Child = Bun.Subprocess<"pipe" | "ignore", "pipe", "pipe">;

class Line {
  readonly lines: Record<string, unknown>[] = [];
  readonly errors: string[] = [];

  constructor(child: Child) {
    void this.#read(child.stdout, (line) => {
      try {
        this.lines.push(JSON.parse(line));
      } catch {
        this.errors.push(line);
      }
    });
    void this.#read(child.stderr, (line) => this.errors.push(line));
  }

  async #read(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    }
  }
}

class Server {
  child: Child | undefined;
  output: Line | undefined;
  isNew = false;

  constructor(
    readonly data: string,
    readonly port: number,
  ) {}

  start(program: string): void {
    const args = ["serve", "--data", this.data, "--host", "127.0.0.1", "--port", `${this.port}`];
    const nats = ["--nats", NATS, "--unsafe-nats", "--open", "--json", "--posts-per-second", "500"];
    const child = Bun.spawn([program, ...args, ...nats], {
      env: environment(this.data),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.output = new Line(child);
    this.isNew = program === CHAT;
  }

  async ready(): Promise<void> {
    await until(
      `${this.port} listens`,
      () => this.output?.lines.some(({ kind }) => kind === "listening") === true,
      READY_MS,
    );
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.child?.kill(signal);
    await this.child?.exited;
  }
}

function environment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, CHAT_HOME: `${home}.home` };
}

class Client {
  readonly acked: Text[] = [];
  readonly faults: Record<string, unknown>[] = [];
  readonly output;
  readonly #child;
  typed = 0;
  #timer: Timer | undefined;

  constructor(
    readonly name: string,
    folder: string,
    program: string,
    port: number,
  ) {
    const args = ["join", `127.0.0.1:${port}`, "--user", name, "--json"];
    this.#child = Bun.spawn([program, ...args], {
      env: environment(join(folder, `client-${name}`)),
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.output = new Line(this.#child);
  }

  async connected(): Promise<void> {
    await until(`${this.name} is connected`, () => this.count("connected") > 0, READY_MS);
  }

  count(kind: string): number {
    return this.output.lines.filter((line) => line["kind"] === kind).length;
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
    this.#child.stdin.flush();
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.typed - this.count("ack") < 200) this.write(`${this.name} ${this.typed++} text`);
    }, POST_EVERY_MS);
  }

  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await until(
      `${this.name} has ${this.typed} acks`,
      () => this.count("ack") >= this.typed,
      90_000,
    );
    for (const { kind, seq, text } of this.output.lines)
      if (kind === "ack") this.acked.push({ seq: Number(seq), text: String(text) });
    this.#child.stdin.end();
    await this.#child.exited;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

async function isListening(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

/** The old program opens only a folder that has not been converted. */
function isOldFolder({ data }: Server): boolean {
  return JSON.parse(readFileSync(join(data, "format.json"), "utf8")).format <= 2;
}

async function run(program: string, home: string, args: readonly string[], stdin = "") {
  const child = Bun.spawn([program, ...args], {
    env: environment(home),
    stdio: [Buffer.from(stdin), "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, out, err };
}

/** Tries a poll, a private group and a thread. @returns the codes of the refusals */
async function tryNew(folder: string, port: number, number: number): Promise<string[]> {
  const home = join(folder, "client-new");
  const stdin = `/poll Lunch ${number}? | a | b\n/msg t1,t2 secret of the group ${number}\n`;
  const args = ["join", `127.0.0.1:${port}`, "--user", "newbie", "--json"];
  const { out } = await run(CHAT, home, args, stdin);
  const lines = out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  return lines.flatMap(({ kind, code }) => (kind === "fault" ? [String(code)] : []));
}

async function textsOf(folder: string, data: string): Promise<{ texts: Text[]; all: string }> {
  const args = ["history", "--data", data, "--last", "1000000", "--json"];
  const { out, err, exitCode } = await run(CHAT, join(folder, "reader"), args);
  if (exitCode !== 0) throw new Error(`history of ${data}: ${err}`);
  const texts: Text[] = [];
  for (const line of out.split("\n")) {
    if (line === "") continue;
    const { kind, seq, text } = JSON.parse(line);
    if (kind === "text") texts.push({ seq, text });
  }
  return { texts, all: out };
}

async function round(number: number): Promise<string> {
  const random = randomOf(SEED * 1_000 + number);
  const folder = mkdtempSync(join(tmpdir(), "chat-upgrade-"));
  const problems: string[] = [];
  const config = join(folder, "nats.conf");
  const store = join(folder, "nats");
  writeFileSync(
    config,
    `server_name: n1\nlisten: 127.0.0.1:${PORT}\njetstream { store_dir: "${store}" }\n`,
  );
  const nats = Bun.spawn(["nats-server", "-c", config], { stdio: ["ignore", "ignore", "ignore"] });
  const servers = [1, 2, 3].map((i) => new Server(join(folder, `d${i}`), PORT + i));
  const clients: Client[] = [];
  const order = servers.toSorted(() => random() - 0.5);
  let texts = 0;
  try {
    const [first, ...others] = servers;
    if (first === undefined) throw new Error("no server");
    await until("NATS listens", () => isListening(PORT), READY_MS);
    first.start(OLD);
    await first.ready();
    for (const server of others) {
      mkdirSync(server.data, { mode: 0o700 });
      for (const name of ["identity.key", "settings.json"])
        copyFileSync(join(first.data, name), join(server.data, name));
      server.start(OLD);
      await server.ready();
    }
    for (const [i, { port }] of servers.entries()) {
      const client = new Client(`t${i}`, folder, OLD, port);
      clients.push(client);
      await client.connected();
      client.start();
    }
    let tries = 0;
    for (const [i, server] of order.entries()) {
      await Bun.sleep(300 + random() * 1_000);
      await server.stop(random() < 0.5 ? "SIGKILL" : "SIGTERM");
      server.start(CHAT);
      await server.ready();
      if (i < 2) {
        let codes = await tryNew(folder, server.port, ++tries);
        // NATS may not answer in time on a busy machine.
        while (codes.includes("no-majority")) codes = await tryNew(folder, server.port, ++tries);
        const isRefused = codes.length >= 2 && codes.every((code) => code === "kind-unknown");
        if (!isRefused) problems.push(`upgrade ${i + 1}: not refused, but ${codes.join() || "ok"}`);
      }
      if (random() < 0.4) {
        // Kill a server that has no part in this step, or return to the old program.
        const other = order[Math.floor(random() * 3)];
        if (other !== undefined) {
          await other.stop("SIGKILL");
          const goesBack = i < 2 && other === server && random() < 0.5 && isOldFolder(other);
          if (goesBack) {
            other.start(OLD);
            await other.ready();
            await Bun.sleep(500);
            await other.stop("SIGKILL");
          }
          other.start(other.isNew || goesBack ? CHAT : OLD);
          await other.ready();
        }
      }
    }
    // Each server learns within a survey that the others are upgraded.
    for (const { port } of servers) {
      await until(
        `${port} records what is new`,
        async () => (await tryNew(folder, port, ++tries)).length === 0,
        30_000,
      );
    }
    const stranger = await run(CHAT, join(folder, "client-eve"), [
      ...["rooms", "--server", `127.0.0.1:${first.port}`, "--user", "eve", "--json"],
    ]);
    if (stranger.out.includes("group-")) problems.push("a stranger sees the group");
    await Bun.sleep(500);
    for (const client of clients) await client.finish();
    const status = await run(CHAT, folder, ["cluster", "status", "--nats", NATS]);
    if (status.exitCode !== 0) problems.push(`status: ${status.out}${status.err}`);
    const [last] = order;
    await last?.stop("SIGKILL");
    last?.start(OLD);
    const exitCode = await Promise.race([last?.child?.exited, Bun.sleep(20_000)]);
    const said = last?.output?.errors.join(" ") ?? "";
    if (exitCode === undefined || exitCode === 0 || !/version/.test(said))
      problems.push(`the old program did not stop: ${exitCode} ${said}`);
    await last?.stop("SIGKILL");
    last?.start(CHAT);
    await last?.ready();
    await until("all are at the end", async () => {
      const { out } = await run(CHAT, folder, ["cluster", "status", "--nats", NATS, "--json"]);
      const nodes = out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
      const lags = nodes.flatMap(({ kind, lag, state }) =>
        kind === "node" ? [`${lag}${state}`] : [],
      );
      return lags.length === 3 && lags.every((lag) => lag === "0follows");
    });
    for (const server of servers) await server.stop("SIGTERM");
    const histories = await Promise.all(servers.map(({ data }) => textsOf(folder, data)));
    if (new Set(histories.map(({ all }) => all)).size !== 1) problems.push("histories differ");
    texts = histories[0]?.texts.length ?? 0;
    for (const client of clients) {
      for (const history of histories) {
        const counts = countTexts(client.name, client.acked, history.texts);
        if (Object.values(counts).some((count) => count > 0))
          problems.push(`${client.name}: ${JSON.stringify(counts)}`);
      }
    }
    for (const { data } of servers) {
      const verified = await run(CHAT, folder, ["verify", "--data", data]);
      if (verified.exitCode !== 0) problems.push(`verify: ${verified.out}${verified.err}`);
    }
  } catch (error) {
    problems.push(String(error));
    for (const { output, port } of servers)
      problems.push(`${port}: ${output?.errors.slice(-3).join(" | ")}`);
  } finally {
    for (const client of clients) await client.stop();
    for (const server of servers) await server.stop("SIGKILL");
    nats.kill("SIGKILL");
    await nats.exited;
    if (problems.length === 0) rmSync(folder, { recursive: true, force: true });
  }
  return problems.length === 0
    ? `round ${number}: ok, ${texts} texts`
    : `round ${number}: FAILED in ${folder}\n  ${problems.join("\n  ")}`;
}

let failed = 0;
for (let number = 1; number <= Number(values.rounds); number++) {
  const result = await round(number);
  if (result.includes("FAILED")) failed++;
  process.stdout.write(`${result}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
