import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/io/clock.ts";
import { openJetStream } from "../../src/io/nats/jetstream.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import type { NatsServers } from "../io/nats/nats-servers.ts";
import { rejection } from "../rejection.ts";
import { ServedCluster } from "./cluster-nodes.ts";
import { metricsText } from "./metrics.ts";
import type { Home, Program, Served } from "./program.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

let nats: NatsServers;
let cluster: ServedCluster;

beforeAll(async () => {
  cluster = await ServedCluster.start("majority");
  nats = cluster.nats;
});

afterAll(() => cluster[Symbol.asyncDispose]());

async function seenFrom(served: Served): Promise<string> {
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const health = await fetch(`https://${served.address}/healthz`, { tls });
  const metrics = await metricsText(served);
  const gauge = (name: string) => new RegExp(`^chat_cluster_${name} (\\d)`, "m").exec(metrics)?.[1];
  return `${health.status} ${await health.text()}${gauge("reachable")}${gauge("follows")}`;
}

async function lastPosition(): Promise<number> {
  const about = { cluster: "majority", isUnsafe: true, clock: systemClock() };
  const stream = await openJetStream({ ...about, servers: nats.urls });
  try {
    return await stream.last();
  } finally {
    await stream.close();
  }
}

test("reports a lost majority, and loses no text", async () => {
  const { sandbox } = cluster;
  const node = cluster.node(0);
  const [ana, bob] = ["ana", "bob"].map((name) => sandbox.home(name)) as [Home, Home];
  const server = ["--server", node.address];
  await bob.json(["send", "before", "--user", "bob", "--server", node.invite]);
  // Servers exchange their addresses within seconds; clients receive them at log-in.
  await until("bob knows the other servers", async () => {
    await bob.run(["users", "--user", "bob", "--server", node.invite]);
    const { err } = await bob.run(["send", "there", "--server", cluster.node(1).address]);
    expect(err).not.toContain("first connection");
    return err.includes(`${cluster.node(1).address} is the same server as ${node.address}`);
  });
  const joined = ["--user", "ana", node.invite];
  const chat: Program = await ana.join(joined);

  const missing = [1, 2].map((index) => nats.servers[index]?.url ?? "");
  nats.servers[1]?.signal("SIGSTOP");
  await nats.servers[2]?.kill();
  for (const { program } of cluster.nodes) {
    const line = await program.json("majority", { on: false });
    expect(line["reason"]).toContain(missing.join(", "));
    await program.stderrLine("2 of 3 NATS servers do not answer");
  }
  await chat.json("fault", { code: "no-majority" });
  for (const one of cluster.nodes) expect(await seenFrom(one)).toBe("503 no-majority\n00");

  expect(await rejection(lastPosition())).toMatchObject({ code: "no-majority" });

  const urls = ["--nats", nats.urls.join(","), "--cluster", "majority"];
  const file = sandbox.write("note.txt", "a note");
  const eve = [node.invite, "--user", "eve"];
  // Each command waits for some seconds, so they run concurrently.
  const [sent, history, doctor, status, ...others] = await Promise.all([
    bob.run(["send", "kept", ...server, "--json"]),
    bob.run(["history", ...server]),
    bob.run(["doctor", node.address, ...urls]),
    bob.run(["cluster", "status", ...urls]),
    sandbox.home("eve").run(["register", ...eve]),
    sandbox.home("eve2").run(["join", ...eve, "--json"]),
    bob.run(["users", ...server]),
    bob.run(["rooms", ...server]),
    bob.run(["send-file", file, ...server]),
  ]);
  expect([sent.exitCode, sent.err.trimEnd().split("\n").at(-1)]).toEqual([
    5,
    expect.stringContaining("1 message is not sent yet"),
  ]);
  expect(sent.err).toContain("it is saved, and will be sent when you next connect");
  expect([history.exitCode, history.out]).toEqual([5, expect.stringContaining("before")]);
  expect([doctor.exitCode, doctor.out]).toEqual([5, expect.stringContaining(missing.join(", "))]);
  expect([status.exitCode, status.err]).toEqual([5, expect.stringContaining(missing.join(", "))]);
  for (const { exitCode, err: said } of others) {
    expect([exitCode, said]).toEqual([5, expect.stringContaining("no majority")]);
  }
  chat.type("unsent");
  const { exitCode } = await chat.finish();
  expect(exitCode).toBe(5);
  await chat.json("unsent", { text: "unsent" });

  nats.servers[1]?.signal("SIGCONT");
  nats.servers[2]?.start();
  for (const { program } of cluster.nodes) await program.json("majority", { on: true }, 60_000);
  await until("all are well", async () => {
    const seen = await Promise.all(cluster.nodes.map(seenFrom));
    return seen.every((one) => one === "200 ok\n11");
  });
  const again = await ana.join(joined);
  await again.json("ack", { text: "unsent" });
  expect((await again.finish()).exitCode).toBe(0);
  expect((await bob.run(["send", "last", ...server])).exitCode).toBe(0);
  const all = await bob.json(["history", ...server]);
  const texts = all.filter(({ kind }) => kind === "text").map(({ text }) => text);
  const later = texts.filter((text) => text !== "before" && text !== "there");
  expect(later.toSorted()).toEqual(["kept", "last", "unsent"]);
  for (const { program } of cluster.nodes) expect(program.err.text).not.toContain("new server");
});
