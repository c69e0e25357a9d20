import { expect } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatInvite, parseServerAddress } from "../../src/wire/invite.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { until } from "./deadline.ts";
import { Sender } from "./load.ts";
import { type Json, type Program, Sandbox, type Served } from "./program.ts";

const { afterAll, beforeAll, beforeEach, test } = requires("nats-server");

/** A client whose machine dies goes on at another one of the same cluster. */

const NODES = ["a", "b", "c"] as const;
const sandbox = new Sandbox();
const nodes: Served[] = [];
/** The one that was started last. */
let newest = 0;
let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start();
  for (const [i, name] of NODES.entries()) {
    const folder = sandbox.path(name);
    const [first] = nodes;
    if (first !== undefined) {
      mkdirSync(folder);
      for (const file of ["identity.key", "settings.json"])
        copyFileSync(join(first.data, file), join(folder, file));
    }
    await serve(i);
  }
}, 60_000);

/** What an earlier test has killed. */
beforeEach(async () => {
  for (const [i, { program }] of nodes.entries()) if (!program.isRunning) await serve(i);
}, 60_000);

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await nats.stop();
});

async function serve(index: number): Promise<void> {
  const args = ["--nats", nats.urls.join(","), "--unsafe-nats", "--cluster", "failover"];
  const port = nodes[index]?.port;
  const options = { data: NODES[index] ?? "", args, ...(port === undefined ? {} : { port }) };
  nodes[index] = await sandbox.serve(options);
  newest = index;
}

function node(index: number): Served {
  const found = nodes[index];
  if (found === undefined) throw new Error(`there is no node ${index}`);
  return found;
}

/** Resolves when the machines know of each other: the line that lets users in names all. */
async function areKnown(): Promise<void> {
  const others = (own: Served) => nodes.filter((one) => one !== own).map(({ port }) => port);
  await until("all are known", () =>
    nodes.every((own) => {
      const { also = [] } = parseServerAddress(readFileSync(join(own.data, "invite"), "utf8"));
      return others(own).every((port) => also.some((place) => place.port === port));
    }),
  );
}

/** Milliseconds from the kill to the log-in at another machine. */
async function killedUnder(program: Program): Promise<number> {
  const killedAt = performance.now();
  void node(0).program.signal("SIGKILL");
  const line = await program.json("elsewhere");
  await program.json("connected");
  const tookMs = performance.now() - killedAt;
  expect(line).toMatchObject({ from: node(0).address });
  expect([node(1).address, node(2).address]).toContain(String(line["to"]));
  return tookMs;
}

function textsOf(program: Program, from: string): unknown[] {
  const lines = program.jsonLines.filter(({ kind }) => kind === "text");
  return lines.filter((line) => line["from"] === from).map((line) => line["text"]);
}

test("kill -9 under a reader and a writer: both are back, and miss nothing", async () => {
  await areKnown();
  const join = (name: string, at: number) =>
    sandbox.home(name).join(["--user", name, node(at).invite]);
  const [ana, ben, cid] = await Promise.all([join("ana", 0), join("ben", 0), join("cid", 1)]);
  const writers = [new Sender("ben", ben, () => {}), new Sender("cid", cid, () => {})];
  const more = (count: number) => {
    const goals = writers.map(({ acked }) => acked.length + count);
    const isThere = () => writers.every(({ acked }, i) => acked.length >= (goals[i] ?? 0));
    return until("more words", isThere);
  };
  await more(100);
  const tookMs = await killedUnder(ana);
  await more(100);
  for (const writer of writers) writer.pause();
  for (const { name, program, typed, acked, faults } of writers) {
    await until(`all of ${name} is confirmed`, () => acked.length === typed);
    expect([name, faults]).toEqual([name, []]);
    const said = Array.from({ length: typed }, (_, i) => Sender.textOf(name, i));
    await until(`ana has all of ${name}`, () => textsOf(ana, name).length >= typed);
    expect(textsOf(ana, name)).toEqual(said);
    expect((await program.finish()).exitCode).toBe(0);
  }
  expect(ben.jsonLines.filter(({ kind }) => kind === "elsewhere")).toHaveLength(1);
  expect(cid.jsonLines.filter(({ kind }) => kind === "lost")).toEqual([]);
  expect((await ana.finish()).exitCode).toBe(0);
  // biome-ignore lint/suspicious/noConsole: how long it took is for the reader of the run.
  console.info(`back at another machine after ${Math.round(tookMs)} ms`);
}, 60_000);

test("a machine that only falls silent is left, over UDP sooner than over TCP", async () => {
  await areKnown();
  const join = (name: string, ...args: string[]) =>
    sandbox.home(name).join(["--user", name, node(0).invite, ...args]);
  const [udo, ana] = await Promise.all([join("udo", "--transport", "udp"), join("ana")]);
  const { program, address } = node(0);
  process.kill(program.pid, "SIGSTOP");
  await udo.json("elsewhere", { from: address });
  await ana.json("elsewhere", { from: address });
  await program.signal("SIGKILL");
  for (const client of [udo, ana]) {
    client.type("still here");
    await client.json("ack");
    expect((await client.finish()).exitCode).toBe(0);
  }
}, 60_000);

test("the first address is dead: a first join, and commands of a known server", async () => {
  await areKnown();
  // As on a machine where no server runs.
  const elsewhere = { XDG_RUNTIME_DIR: sandbox.path("tmp"), CHAT_SERVER: "" };
  const known = sandbox.home("known").with(elsewhere);
  const { invite, address } = node(0);
  await known.json(["send", "before", "--server", invite, "--user", "kim"]);
  await node(0).program.signal("SIGKILL");

  const also = [1, 2].map((i) => ({ host: "127.0.0.1", port: node(i).port }));
  const line = formatInvite({ ...parseServerAddress(invite), also });
  const first = sandbox.home("first").start(["join", "--json", "--user", "lea", line]);
  await first.json("connected");
  await first.said("first contact");
  first.type("from a newcomer");
  await first.json("ack");
  await first.finish();

  const sent = await known.run(["send", "after", "--server", address]);
  expect(sent.exitCode).toBe(0);
  expect(sent.err).toContain(`chat: ${address} does not answer; connected to 127.0.0.1:`);
  expect(sent.err).toContain(", another machine of the same server\n");
  // The last good one comes first now: nothing to be said.
  const asked = await known.run(["history", "--json"]);
  expect([asked.exitCode, asked.err]).toEqual([0, ""]);
  const texts = asked.out.split("\n").filter((text) => text.includes('"text"'));
  const own = texts.map((text) => JSON.parse(text) as Json).filter(({ from }) => from === "kim");
  expect(own.map(({ text }) => text)).toEqual(["before", "after"]);
  const users = await known.run(["users", "--server", address]);
  expect([users.exitCode, users.err.includes("does not answer")]).toEqual([0, true]);

  const file = sandbox.write("notes.txt", "kept by the others");
  const put = await known.json(["send-file", file, "--server", address]);
  const id = String(put.find((line) => "id" in line)?.["id"]);
  const got = await known.run(["get-file", id, "--server", address, "--out", sandbox.folder]);
  expect([got.exitCode, got.err]).toEqual([0, expect.stringContaining("does not answer")]);

  // The operator's token is of that machine alone: nobody else is asked.
  const admin = ["admin", "invite", "--server", address, "--data", node(0).data];
  expect((await sandbox.home("known").run(admin)).exitCode).toBe(5);
}, 60_000);

test("without a word of the user, the server of this very machine is the first", async () => {
  await areKnown();
  const here = sandbox.home("here");
  await here.json(["send", "at b", "--server", node(1).invite, "--user", "hana"]);
  await here.json(["users"]);
  await node(newest).program.json("logged-in", { user: "hana" });
}, 60_000);
