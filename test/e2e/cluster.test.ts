import { expect } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { systemClock } from "../../src/io/clock.ts";
import { openContentStore } from "../../src/io/nats/content.ts";
import { connectNats } from "../../src/io/nats/jetstream.ts";
import { formatInvite, parseServerSpec } from "../../src/wire/invite.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import type { NatsServer } from "../io/nats/nats-servers.ts";
import { NODES, ServedCluster } from "./cluster-nodes.ts";
import { file, gets, MIB, noise, sends, sha256 } from "./couriers.ts";
import { Sender } from "./load.ts";
import { metricsText } from "./metrics.ts";
import { type Home, type Json, ndjson, type Served } from "./program.ts";

const { afterAll, beforeAll, beforeEach, test } = requires("nats-server");

let cluster: ServedCluster;

beforeAll(async () => {
  cluster = await ServedCluster.start("talk");
});

beforeEach(() => cluster.revive(), 120_000);

afterAll(() => cluster[Symbol.asyncDispose]());

async function sameHistory(): Promise<string> {
  const files = (log: string) => cluster.nodes.map(({ data }) => readLog(data, log));
  const same = (log: string) => new Set(files(log)).size === 1;
  await until("all nodes have the same", () => same("history") && same("accounts"));
  return readLog(cluster.node(0).data, "history");
}

async function leaderOf(streamName: string): Promise<NatsServer | undefined> {
  const { nats } = cluster;
  const connection = await connectNats({ servers: nats.urls });
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const { cluster: raft } = await manager.streams.info(streamName);
  await connection.close();
  return nats.servers[Number(raft?.leader?.slice(1))];
}

async function user(name: string, index: number): Promise<Home> {
  const env = { CHAT_USER: name, CHAT_SERVER: node(index).invite };
  const home = cluster.sandbox.home(name).with(env);
  await home.json(["register"]);
  return home;
}

function folderOf(index: number, id: unknown): string {
  return join(node(index).data, "files", String(id));
}

/** Waits for a metric by name and labels. Metrics of the cluster appear seconds after the start. */
async function metricsOf(served: Served): Promise<Readonly<Record<string, number>>> {
  return await until("the metrics count all servers", async () => {
    const lines = (await metricsText(served)).split("\n").filter((line) => /^[a-z]/.test(line));
    const values = lines.map((line) => line.split(" ") as [string, string]);
    const metrics = Object.fromEntries(values.map(([name, text]) => [name, Number(text)]));
    return metrics["chat_cluster_nodes"] === NODES.length && metrics;
  });
}

function readLog(data: string, log: string): string {
  return readFileSync(join(data, log, "000000000001.jsonl"), "utf8");
}

function node(index: number): Served {
  return cluster.node(index);
}

async function areKnown(): Promise<void> {
  const others = (own: Served) =>
    cluster.nodes.filter((one) => one !== own).map(({ port }) => port);
  await until("all are known", () =>
    cluster.nodes.every((own) => {
      const { also = [] } = parseServerSpec(readFileSync(join(own.data, "invite"), "utf8"));
      return others(own).every((port) => also.some((place) => place.port === port));
    }),
  );
}

test("users at different nodes exchange messages, and names are unique", async () => {
  const { sandbox, nats } = cluster;
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

  const names = ["kim", "lea"];
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

  const admin = ["--data", cluster.node(2).data, "--server", cluster.node(2).address];
  const boss = sandbox.home("boss");
  const look = ["cluster", "status", "--nats", nats.urls.join(","), "--cluster", "talk"];
  const seen = await until("all have what was said last", async () => {
    const lines = await boss.json(look);
    const isHealthy = lines.every(({ lag, current }) => (lag ?? 0) === 0 && (current ?? 3) === 3);
    return isHealthy && lines; // A busy server answers late and counts as behind.
  });
  const nodes = seen.filter(({ kind }) => kind === "node");
  expect(seen.at(-1)).toMatchObject({ kind: "stream", replicas: 3, current: 3, rootsEqual: true });
  expect(nodes.map(({ state, lag }) => [state, lag])).toEqual(Array(3).fill(["follows", 0]));
  expect(new Set(nodes.map(({ root }) => root)).size).toBe(1);
  const addresses = cluster.nodes.map(({ address }) => address).toSorted();
  expect(nodes.map(({ address }) => String(address)).toSorted()).toEqual(addresses);
  const { data } = cluster.node(0);
  const known = await metricsOf(cluster.node(0));
  expect(known).toMatchObject({
    chat_cluster_reachable: 1,
    chat_cluster_follows: 1,
    chat_cluster_nodes: 3,
    chat_cluster_roots_equal: 1,
    chat_cluster_stream_replicas: 3,
  });
  expect(known["chat_cluster_stream_bytes"]).toBeGreaterThan(0);
  expect(Object.keys(known).filter((name) => name.startsWith("chat_cluster_leader"))).toEqual([
    `chat_cluster_leader{server="${String(nodes[0]?.["leader"])}"}`,
  ]);
  const doctor = ["doctor", node(0).address, "--data", data, ...look.slice(2), "--json"];
  await until("the doctor finds the cluster healthy", async () => {
    // Other checks may fail on a busy machine.
    const checks = ndjson((await boss.run(doctor)).out);
    const check = checks.find(({ name }) => name === "cluster");
    const message = String(check?.["message"]);
    return check?.["state"] === "ok" && message.startsWith("3 servers have the same history");
  });

  await boss.json(["admin", "ban", "ben", "--user", "olga", ...admin]);
  await ben.json("fault", { code: "banned" });
  // The same system user operates each machine, with a key of its own.
  for (const [i, { data }] of cluster.nodes.entries())
    await sandbox.home(`root${i}`).json(["admin", "announce", `noon ${i}`, "--data", data]);
  ana.type("/quit");
  expect(await sameHistory()).toContain("between us");
});

test("joins and runs commands although the first address is unreachable", async () => {
  await areKnown();
  const { sandbox } = cluster;
  const elsewhere = { XDG_RUNTIME_DIR: sandbox.path("tmp"), CHAT_SERVER: "" };
  const known = sandbox.home("known").with(elsewhere);
  const { invite, address } = node(0);
  await known.json(["send", "before", "--server", invite, "--user", "known"]);
  await cluster.kill(0);

  const also = [1, 2].map((i) => ({ host: "127.0.0.1", port: node(i).port }));
  const line = formatInvite({ ...parseServerSpec(invite), also });
  const first = sandbox.home("first").start(["join", "--json", "--user", "newcomer", line]);
  await first.json("connected");
  await first.stderrLine("first connection");
  first.type("from a newcomer");
  await first.json("ack");
  await first.finish();

  const sent = await known.run(["send", "after", "--server", address]);
  expect(sent.exitCode).toBe(0);
  expect(sent.err).toMatch(
    new RegExp(
      `^chat: ${address} does not answer; connected to the same server at 127\\.0\\.0\\.1:\\d+$`,
      "m",
    ),
  );
  const asked = await known.run(["history", "--json"]);
  expect([asked.exitCode, asked.err]).toEqual([0, ""]);
  const texts = asked.out.split("\n").filter((text) => text.includes('"text"'));
  const own = texts.map((text) => JSON.parse(text) as Json).filter(({ from }) => from === "known");
  expect(own.map(({ text }) => text)).toEqual(["before", "after"]);
  const file = sandbox.write("notes.txt", "kept by the others");
  const put = await known.json(["send-file", file, "--server", address]);
  const id = String(put.find((line) => "id" in line)?.["id"]);
  const got = await known.run(["get-file", id, "--server", address, "--out", sandbox.folder]);
  expect([got.exitCode, got.err]).toEqual([0, expect.stringContaining("does not answer")]);

  // The operator's token is valid on one machine only, so no other machine is tried.
  const admin = ["admin", "invite", "--server", address, "--data", node(0).data];
  expect((await sandbox.home("known").run(admin)).exitCode).toBe(5);
});

test("fetches a file from all servers, and erases it on all", async () => {
  const { sandbox } = cluster;
  const [ida, jan, pia] = [await user("ida", 0), await user("jan", 1), await user("pia", 2)];
  const path = file(sandbox, "photo.jpg", noise(3 * CHUNK_BYTES + 1));
  const sent = await sends(ida, path);
  await gets(jan, sent["id"], sandbox.path("jan-inbox"));
  expect(sha256(sandbox.path("jan-inbox", "photo.jpg"))).toBe(sha256(path));
  expect(existsSync(folderOf(2, sent["id"]))).toBe(false);

  await cluster.kill(0);
  await gets(pia, sent["id"], sandbox.path("pia-inbox"));
  expect(sha256(sandbox.path("pia-inbox", "photo.jpg"))).toBe(sha256(path));
  const content = readFileSync(path);
  for (const index of [0, 1, 2]) {
    expect(readFileSync(join(folderOf(index, sent["id"]), "content"))).toEqual(content);
  }

  const { id, seq } = sent;
  const admin = ["--data", node(1).data, "--server", node(1).address];
  await jan.json(["admin", "erase", String(seq), ...admin]);
  await until("it is gone", () => !existsSync(folderOf(1, id)));
  await until("it is gone", () => !existsSync(folderOf(2, id)));
  const { nats, name } = cluster;
  const at = { servers: nats.urls, cluster: name, isUnsafe: true, clock: systemClock() };
  const store = await openContentStore(at);
  expect(await store.parts(id as never)).toEqual([]);
  await store.close();
  expect(existsSync(folderOf(0, id))).toBe(true);
  await cluster.restart(0);
  await until("it is gone", () => !existsSync(folderOf(0, id)));
});

test("transfers survive kill -9 of their server and of the NATS leader", async () => {
  const { sandbox } = cluster;
  const [dan, eva] = [await user("dan", 0), await user("eva", 1)];
  const path = file(sandbox, "large.bin", noise(12 * MIB));
  const upload = dan.start(["send-file", path, "--json"]);
  const begun = await upload.json("progress");
  const at = (index: number) => {
    const content = join(folderOf(index, begun["id"]), "content");
    return existsSync(content) ? statSync(content).size : 0;
  };
  await until("some of it is there", () => at(0) > 2 * MIB);
  await cluster.kill(0);
  await cluster.restart(0);
  const { exitCode } = await upload.finish(60_000);
  expect([exitCode, upload.jsonLines.filter(({ kind }) => kind === "fault")]).toEqual([0, []]);

  const fetch = eva.start(["get-file", String(begun["id"]), "--out", sandbox.path("in"), "--json"]);
  await until("some of it is there", () => at(1) > 2 * MIB);
  await cluster.kill(1);
  const killed = await leaderOf(`CHATFILES_${cluster.name}`);
  await killed?.kill();
  await cluster.restart(1);
  const got = await fetch.finish(60_000);
  expect([got.exitCode, fetch.jsonLines.filter(({ kind }) => kind === "fault")]).toEqual([0, []]);
  expect(sha256(sandbox.path("in", "large.bin"))).toBe(sha256(path));
  killed?.start();
});

// Must be the last test, because it stops all servers.
test("loses and repeats no message after kill -9 of a node and a leader", async () => {
  const { sandbox } = cluster;
  const join = (name: string, at: number) => {
    const args = ["join", "--json", "--user", name, cluster.node(at).invite];
    return new Sender(name, sandbox.home(name).start(args), () => undefined);
  };
  const senders = [join("kay", 0), join("lou", 1)];
  const more = (count: number) => {
    const goals = senders.map(({ acked }) => acked.length + count);
    return until("more words", () =>
      senders.every(({ acked }, i) => acked.length >= (goals[i] ?? 0)),
    );
  };
  await more(50);
  await cluster.restart(1);
  await more(50);
  const killed = await leaderOf(`CHAT_${cluster.name}`);
  await killed?.kill();
  await more(50);
  killed?.start();
  await cluster.restart(0);
  await more(50);
  for (const sender of senders) sender.pause();
  for (const { program, name } of senders) {
    const { exitCode } = await program.finish(60_000);
    expect([name, exitCode]).toEqual([name, 0]);
  }
  const history = await sameHistory();
  for (const { program } of cluster.nodes) {
    expect((await program.signal("SIGTERM")).exitCode).toBe(0);
  }
  const verdict = await sandbox.home("judge").run(["verify", "--data", cluster.node(1).data]);
  expect([verdict.exitCode, verdict.err]).toEqual([0, ""]);
  const lines = history.split("\n").filter((line) => line !== "");
  const texts = lines.map((line) => (JSON.parse(line) as { body?: { text?: string } }).body?.text);
  for (const { name, typed, acked, faults } of senders) {
    const wanted = Array.from({ length: typed }, (_, i) => Sender.textOf(name, i));
    expect([name, faults, acked.length]).toEqual([name, [], typed]);
    expect(texts.filter((text) => text?.startsWith(`${name} `))).toEqual(wanted);
  }
});
