import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/io/clock.ts";
import { openJetStream } from "../../src/io/nats/jetstream.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { NODES, ServedCluster } from "./cluster-nodes.ts";
import { until } from "./deadline.ts";
import { Sender } from "./load.ts";
import type { Served } from "./program.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

/** Three servers as one, on three nats-servers. */

let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start();
}, 60_000);

afterAll(() => nats.stop());

class Cluster extends ServedCluster {
  static async of(name: string): Promise<Cluster> {
    const cluster = new Cluster(nats, name);
    await cluster.start();
    return cluster;
  }

  /** The history, when all nodes have the same bytes of it; then they stop. */
  async history(): Promise<string> {
    const files = (log: string) => this.nodes.map(({ data }) => readLog(data, log));
    const same = (log: string) => new Set(files(log)).size === 1;
    await until("all nodes have the same", () => same("history") && same("accounts"));
    const [history = ""] = files("history");
    for (const { program } of this.nodes) {
      const { exitCode } = await program.signal("SIGTERM");
      expect(exitCode).toBe(0);
    }
    return history;
  }

  async leader(): Promise<string> {
    const own = this.node(0).fingerprint;
    const stream = await openJetStream({
      ...{ servers: nats.urls, cluster: this.name, isUnsafe: true, clock: systemClock() },
      identity: { own, make: () => Promise.resolve(own) },
    });
    const { leader } = await stream.state();
    await stream.close();
    return leader;
  }
}

/** By name, with its labels; those of a cluster are there some seconds after the start. */
async function metricsOf({ address, data }: Served): Promise<Readonly<Record<string, number>>> {
  const tls = { ca: readFileSync(join(data, "tls.crt"), "utf8") };
  const token = readFileSync(join(data, "operator"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}` };
  const read = async () => {
    const answer = await fetch(`https://${address}/metrics`, { headers, tls });
    const lines = (await answer.text()).split("\n").filter((line) => /^[a-z]/.test(line));
    const values = Object.fromEntries(lines.map((line) => line.split(" ") as [string, string]));
    return Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
  };
  return await until("all servers were seen", async () => {
    const metrics = await read();
    return metrics["chat_cluster_nodes"] === NODES.length && metrics;
  });
}

function readLog(data: string, log: string): string {
  return readFileSync(join(data, log, "000000000001.jsonl"), "utf8");
}

test("users of different nodes talk, and no name is given twice", async () => {
  await using cluster = await Cluster.of("talk");
  const { sandbox } = cluster;
  expect(cluster.node(0).listening).toMatchObject({ cluster: "talk", node: expect.any(String) });
  const identities = cluster.nodes.map(({ fingerprint }) => fingerprint);
  expect(new Set(identities).size).toBe(1);

  const ana = await sandbox.home("ana").join([cluster.node(0).invite, "--user", "ana"]);
  const ben = await sandbox.home("ben").join([cluster.node(1).invite, "--user", "ben"]);
  await ana.json("join", { from: "ben" });
  await ana.json("presence", { user: "ben", online: true });
  ana.type("hello from a");
  await ben.json("text", { from: "ana", text: "hello from a" });
  ben.type("hello from b");
  await ana.json("text", { from: "ben", text: "hello from b" });
  ben.type("/join den", "/msg ana between us");
  await ana.json("text", { from: "ben", text: "between us" });

  // Each name at two nodes in the same moment.
  const names = ["kim", "lea", "max", "nia"];
  const outcomes = await Promise.all(
    names.flatMap((name) =>
      [0, 1].map(async (at) => {
        const args = ["register", cluster.node(at).invite, "--user", name, "--json"];
        const { exitCode, out, err } = await sandbox.home(`${name}${at}`).run(args);
        return { name, exitCode, text: out + err };
      }),
    ),
  );
  for (const name of names) {
    const own = outcomes.filter((one) => one.name === name);
    expect([name, own.map(({ exitCode }) => exitCode).toSorted()]).toEqual([name, [0, 3]]);
    expect(own.find(({ exitCode }) => exitCode === 3)?.text).toContain("is taken");
  }

  // One use of an invite, shown at two nodes.
  const admin = ["--data", cluster.node(2).data, "--server", cluster.node(2).address];
  const boss = sandbox.home("boss");
  const [made] = await boss.json(["admin", "invite", "--uses", "1", "--user", "olga", ...admin]);
  const invite = String(made?.["url"]);
  const used = await Promise.all(
    [0, 1].map(async (at) => {
      const place = invite.replace(/(chat:\/\/[^:]+):\d+/, `$1:${cluster.node(at).port}`);
      const args = ["register", place, "--user", `guest${at}`, "--json"];
      return (await sandbox.home(`guest${at}`).run(args)).exitCode;
    }),
  );
  expect([invite, used.toSorted()]).toEqual([invite, [0, 3]]);

  const look = ["cluster", "status", "--nats", nats.urls.join(","), "--cluster", "talk"];
  const seen = await until("all have what was said last", async () => {
    const lines = await boss.json(look);
    const isWell = lines.every(({ lag, current }) => (lag ?? 0) === 0 && (current ?? 3) === 3);
    return isWell && lines; // A server that is busy answers late, and counts as behind.
  });
  const nodes = seen.filter(({ kind }) => kind === "node");
  expect(seen.at(-1)).toMatchObject({ kind: "stream", replicas: 3, current: 3, rootsEqual: true });
  expect(nodes.map(({ state, lag }) => [state, lag])).toEqual(Array(3).fill(["follows", 0]));
  expect(new Set(nodes.map(({ root }) => root)).size).toBe(1);
  const addresses = cluster.nodes.map(({ address }) => address).toSorted();
  expect(nodes.map(({ address }) => String(address)).toSorted()).toEqual(addresses);
  const { data } = cluster.node(0);
  const known = await until("all answer", async () => {
    const metrics = await metricsOf(cluster.node(0));
    return metrics["chat_cluster_nodes"] === 3 && metrics;
  });
  expect(known).toMatchObject({
    ...{ chat_cluster_reachable: 1, chat_cluster_follows: 1, chat_cluster_nodes: 3 },
    ...{ chat_cluster_roots_equal: 1, chat_cluster_stream_replicas: 3 },
  });
  expect(known["chat_cluster_stream_bytes"]).toBeGreaterThan(0);
  expect(Object.keys(known).filter((name) => name.startsWith("chat_cluster_leader"))).toEqual([
    `chat_cluster_leader{server="${String(nodes[0]?.["leader"])}"}`,
  ]);
  const doctor = ["doctor", cluster.node(0).address, "--data", data];
  const checkIn = async (args: readonly string[]) =>
    (await boss.json(args)).find(({ name }) => name === "cluster");
  const healthy = { state: "ok", message: expect.stringMatching(/^3 servers with one history; /) };
  const found = await until("the doctor finds it well", async () => {
    const check = await checkIn([...doctor, ...look.slice(2)]);
    return check?.["state"] === "ok" && check;
  });
  expect(found).toMatchObject(healthy);
  expect(await checkIn(doctor)).toMatchObject({ state: "skipped" });
  const none = await boss.run([...look.slice(0, -1), "other"]);
  expect([none.exitCode, none.err]).toEqual([
    4,
    "chat: there is no cluster 'other'; check the name\n",
  ]);

  // A ban at one node ends what is open at another.
  await boss.json(["admin", "ban", "ben", "--user", "olga", ...admin]);
  await ben.json("fault", { code: "banned" });
  ana.type("/quit");
  expect(await cluster.history()).toContain("between us");
}, 60_000);

test("kill -9 of a node and of the stream's leader: nothing is lost, nothing doubled", async () => {
  await using cluster = await Cluster.of("kills");
  const { sandbox } = cluster;
  const join = (name: string, at: number) => {
    const args = ["join", "--json", "--user", name, cluster.node(at).invite];
    return new Sender(name, sandbox.home(name).start(args), () => undefined);
  };
  const senders = [join("ana", 0), join("ben", 1)];
  const more = (count: number) => {
    const goals = senders.map(({ acked }) => acked.length + count);
    return until("more words", () =>
      senders.every(({ acked }, i) => acked.length >= (goals[i] ?? 0)),
    );
  };
  await more(100);
  await cluster.restart(1);
  await more(100);
  const leader = nats.servers[Number((await cluster.leader()).slice(1))];
  await leader?.kill();
  await more(100);
  leader?.start();
  await cluster.restart(0);
  await more(100);
  for (const sender of senders) sender.pause();
  for (const { program, name } of senders) {
    const { exitCode } = await program.finish(60_000);
    expect([name, exitCode]).toEqual([name, 0]);
  }
  const history = await cluster.history();
  const verdict = await sandbox.home("judge").run(["verify", "--data", cluster.node(1).data]);
  expect([verdict.exitCode, verdict.err]).toEqual([0, ""]);
  const lines = history.split("\n").filter((line) => line !== "");
  const texts = lines.map((line) => (JSON.parse(line) as { body: { text?: string } }).body.text);
  for (const { name, typed, acked, faults } of senders) {
    const wanted = Array.from({ length: typed }, (_, i) => Sender.textOf(name, i));
    expect([name, faults, acked.length]).toEqual([name, [], typed]);
    expect(texts.filter((text) => text?.startsWith(`${name} `))).toEqual(wanted);
  }
}, 60_000);
