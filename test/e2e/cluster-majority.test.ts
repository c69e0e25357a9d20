import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/io/clock.ts";
import { openJetStream } from "../../src/io/nats/jetstream.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { rejection } from "../rejection.ts";
import { ServedCluster } from "./cluster-nodes.ts";
import { until } from "./deadline.ts";
import type { Home, Program, Served } from "./program.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

/** Two of three NATS servers are down: every client learns it, and no wait is unbounded. */

/** The promised 10 seconds, doubled for a machine that runs other tests. */
const WITHIN_MS = 20_000;

let nats: NatsServers;
let cluster: ServedCluster;

beforeAll(async () => {
  nats = await NatsServers.start();
  cluster = new ServedCluster(nats, "majority");
  await cluster.start();
}, 120_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await nats.stop();
});

async function seenFrom({ address, data }: Served): Promise<string> {
  const tls = { ca: readFileSync(join(data, "tls.crt"), "utf8") };
  const token = readFileSync(join(data, "operator"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}` };
  const health = await fetch(`https://${address}/healthz`, { tls });
  const metrics = await (await fetch(`https://${address}/metrics`, { headers, tls })).text();
  const gauge = (name: string) => new RegExp(`^chat_cluster_${name} (\\d)`, "m").exec(metrics)?.[1];
  return `${health.status} ${await health.text()}${gauge("reachable")}${gauge("follows")}`;
}

/** The exit code of a command that ends within the time. */
async function timed(home: Home, ...args: readonly string[]) {
  const from = performance.now();
  const { exitCode, out, err } = await home.run(args);
  expect([args, performance.now() - from < WITHIN_MS]).toEqual([args, true]);
  return { exitCode, out, err };
}

const WAYS = {
  SIGSTOP: {
    end: async (index: number) => nats.servers[index]?.signal("SIGSTOP"),
    restore: (index: number) => nats.servers[index]?.signal("SIGCONT"),
  },
  SIGKILL: {
    end: (index: number) => nats.servers[index]?.kill(),
    restore: (index: number) => nats.servers[index]?.start(),
  },
};

test.each(["SIGSTOP", "SIGKILL"] as const)(
  "says that the majority is lost, and loses nothing: %s",
  async (how) => {
    const { sandbox } = cluster;
    const node = cluster.node(0);
    const [ana, bob] = ["ana", "bob"].map((name) => sandbox.home(`${name} ${how}`)) as [Home, Home];
    const server = ["--server", node.address];
    await bob.json(["send", "before", "--user", `bob-${how}`, "--server", node.invite]);
    const { err } = await bob.run(["send", "there", "--server", cluster.node(1).address]);
    expect(err).toContain(`${cluster.node(1).address} is the server known as ${node.address}`);
    expect(err).not.toContain("first contact");
    const joined = ["--user", `ana-${how}`, node.invite];
    const chat: Program = await ana.join(joined);

    const missing = [1, 2].map((index) => nats.servers[index]?.url ?? "");
    for (const index of [1, 2]) await WAYS[how].end(index);
    for (const { program } of cluster.nodes) {
      const line = await program.json("majority", { on: false }, WITHIN_MS);
      expect(line["reason"]).toContain(missing.join(", "));
      await program.said("2 of 3 NATS servers do not answer", WITHIN_MS);
    }
    await chat.json("fault", { code: "no-majority" }, WITHIN_MS);
    for (const one of cluster.nodes) expect(await seenFrom(one)).toBe("503 no-majority\n00");

    // The NATS server that is left names an end of the stream that may have passed.
    const about = { cluster: "majority", isUnsafe: true, clock: systemClock() };
    const stream = await openJetStream({ ...about, servers: nats.urls });
    expect(await rejection(stream.last())).toMatchObject({ code: "no-majority" });
    await stream.close();

    const sent = await timed(bob, "send", `kept ${how}`, ...server, "--json");
    expect([sent.exitCode, sent.err.trimEnd().split("\n").at(-1)]).toEqual([
      5,
      expect.stringContaining("1 message is not sent yet"),
    ]);
    expect(sent.err).toContain("it is kept, and sent with the next chat send or join");
    const history = await timed(bob, "history", ...server);
    expect([history.exitCode, history.out]).toEqual([5, expect.stringContaining("before")]);
    const eve = sandbox.home(`eve ${how}`);
    const file = sandbox.write(`f-${how}.txt`, how);
    for (const [home, ...args] of [
      [eve, "register", node.invite, "--user", `eve-${how}`],
      [eve, "join", node.invite, "--user", `eve-${how}`, "--json"],
      [bob, "users", ...server],
      [bob, "rooms", ...server],
      [bob, "send-file", file, ...server],
    ] as const) {
      const { exitCode, err: said } = await timed(home, ...args);
      expect([args[0], exitCode, said]).toEqual([
        args[0],
        5,
        expect.stringContaining("no majority"),
      ]);
    }
    const urls = ["--nats", nats.urls.join(","), "--cluster", "majority"];
    const doctor = await timed(bob, "doctor", node.address, ...urls);
    expect([doctor.exitCode, doctor.out]).toEqual([5, expect.stringContaining(missing.join(", "))]);
    const status = await timed(bob, "cluster", "status", ...urls);
    expect([status.exitCode, status.err]).toEqual([5, expect.stringContaining(missing.join(", "))]);
    chat.type(`unsent ${how}`);
    const { exitCode } = await chat.finish(WITHIN_MS);
    expect(exitCode).toBe(5);
    await chat.json("unsent", { text: `unsent ${how}` });

    for (const index of [1, 2]) WAYS[how].restore(index);
    for (const { program } of cluster.nodes) await program.json("majority", { on: true }, 60_000);
    await until("all are well", async () => {
      const seen = await Promise.all(cluster.nodes.map(seenFrom));
      return seen.every((one) => one === "200 ok\n11");
    });
    const again = await ana.join(joined);
    await again.json("ack", { text: `unsent ${how}` });
    expect((await again.finish()).exitCode).toBe(0);
    expect((await timed(bob, "send", `last ${how}`, ...server)).exitCode).toBe(0);
    const all = await bob.json(["history", ...server]);
    const texts = all.filter(({ kind }) => kind === "text").map(({ text }) => text);
    const own = texts.filter((text) => String(text).endsWith(how)).toSorted();
    expect(own).toEqual([`kept ${how}`, `last ${how}`, `unsent ${how}`]);
  },
  180_000,
);

test("a node with the identity of the others is no new server", () => {
  for (const { program } of cluster.nodes) expect(program.err.text).not.toContain("new server");
});
