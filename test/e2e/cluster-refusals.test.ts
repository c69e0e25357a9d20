import { expect } from "bun:test";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/io/clock.ts";
import { openJetStream } from "../../src/io/nats/jetstream.ts";
import { packValue } from "../../src/wire/codec.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { serveNodes } from "./cluster-nodes.ts";
import { metricsText } from "./metrics.ts";
import { Sandbox, type Served } from "./program.ts";

const { test } = requires("nats-server");

async function healthOf({ data, address }: Served): Promise<string> {
  const tls = { ca: readFileSync(join(data, "tls.crt"), "utf8") };
  const answer = await fetch(`https://${address}/healthz`, { tls });
  return `${answer.status} ${await answer.text()}`;
}

test("names what NATS refuses, and sends what was stored when it is mended", async () => {
  await using sandbox = new Sandbox();
  const nats = await NatsServers.start(1);
  try {
    const [served] = await serveNodes(sandbox, nats, ["a"]);
    if (served === undefined) throw new Error("no server");
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    const send = (text: string) => ana.run(["send", text, "--server", served.invite]);
    expect(await send("one")).toMatchObject({ exitCode: 0 });
    const clock = systemClock();
    const at = { servers: nats.urls, cluster: "chat", isUnsafe: true, clock };
    const stream = await openJetStream(at);
    const { manager, name } = stream.clusterConnection;
    const { state } = await manager.streams.info(name);
    await manager.streams.update(name, { max_bytes: state.bytes });
    const reason = "the stream CHAT_chat has reached its limit of bytes";
    // The server notices it although no client posts.
    await served.program.stderrLine(reason);
    expect(await healthOf(served)).toBe(`503 no-majority: ${reason}\n`);
    expect(await metricsText(served)).toContain("chat_cluster_reachable 0");
    const waiting = await send("two");
    expect(waiting.err).toContain("is saved");
    const asked = await ana.run(["history", "--server", served.invite]);
    for (const { exitCode, err } of [waiting, asked]) {
      expect(exitCode).toBe(5);
      expect(err).toContain(`the server cannot record messages: ${reason}`);
    }
    const newcomer = await sandbox.home("ben").run(["register", served.invite, "--user", "ben"]);
    expect(newcomer.err).toContain(`${reason}; run nats stream edit CHAT_chat`);
    for (const command of [["cluster", "status"], ["doctor"]]) {
      const run = await sandbox.home("boss").run([...command, "--nats", nats.urls.join(",")]);
      expect(run.exitCode).not.toBe(0);
      expect(run.out + run.err).toContain(`cannot record messages: ${reason}`);
    }
    await manager.streams.update(name, { max_bytes: -1 });
    await stream.close();
    await served.program.stderrLine("the cluster records messages again");
    expect(await healthOf(served)).toBe("200 ok\n");
    expect(await send("three")).toMatchObject({ exitCode: 0 });
    const records = await ana.json(["history", "--server", served.invite]);
    const texts = records.flatMap(({ kind, text }) => (kind === "text" ? [text] : []));
    expect(texts).toEqual(["one", "two", "three"]);
  } finally {
    await nats.stop();
  }
});

test("foreign, repeated, changed and cut messages in the stream stop no server", async () => {
  await using sandbox = new Sandbox();
  const nats = await NatsServers.start(1);
  try {
    const [a, b] = await serveNodes(sandbox, nats, ["a", "b"]);
    if (a === undefined || b === undefined) throw new Error("no servers");
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    const send = (text: string, { invite }: Served) => ana.json(["send", text, "--server", invite]);
    await send("one", a);
    const at = { servers: nats.urls, cluster: "chat", isUnsafe: true, clock: systemClock() };
    const stream = await openJetStream(at);
    const post = await stream.get(await stream.last());
    if (post === undefined) throw new Error("no message");
    const foreign = ["", "x", "{}", "null", "\u0000", "+OK\r\n", "x".repeat(100_000)];
    const flipped = Array.from({ length: 40 }, (_, i) => {
      const bytes = new Uint8Array(post.bytes);
      const at = Math.floor((i * bytes.length) / 40);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (i % 8));
      return bytes;
    });
    const bad = [
      ...foreign.map((text) => new TextEncoder().encode(text)),
      post.bytes,
      ...flipped,
      ...[1, 2, Math.floor(post.bytes.length / 2), post.bytes.length - 1].map((length) =>
        post.bytes.subarray(0, length),
      ),
    ];
    for (const [i, bytes] of bad.entries()) await stream.publish(bytes, `bad-${i}`);
    await stream.close();
    await send("two", a);
    await send("three", b);
    await a.program.signal("SIGKILL");
    const [again, later] = await serveNodes(sandbox, nats, ["a", "c"]);
    if (again === undefined || later === undefined) throw new Error("no servers");
    await send("four", later);
    for (const server of [again, b, later]) {
      const records = await ana.json(["history", "--server", server.invite]);
      const texts = records.flatMap(({ kind, text }) => (kind === "text" ? [text] : []));
      expect(texts).toEqual(["one", "two", "three", "four"]);
      expect(await healthOf(server)).toBe("200 ok\n");
    }
  } finally {
    await nats.stop();
  }
});

test("refuses the stream of version 0.3.0, and then starts with another name", async () => {
  await using sandbox = new Sandbox();
  const nats = await NatsServers.start(1);
  try {
    const { program, data: first, fingerprint: own } = await sandbox.serve({ data: "first" });
    await program.signal("SIGTERM");
    const at = { servers: nats.urls, cluster: "chat", isUnsafe: true, clock: systemClock() };
    const identity = { own, make: () => Promise.resolve(own) };
    const stream = await openJetStream({ ...at, identity });
    await stream.publish(packValue({ v: 1, id: "a", proposals: [] }), "a");
    await stream.close();
    const data = sandbox.path("data");
    mkdirSync(data);
    for (const file of ["identity.key", "settings.json"])
      cpSync(join(first, file), join(data, file));
    const args = ["--data", data, "--nats", nats.urls.join(","), "--unsafe-nats", "--port", "0"];
    const boss = sandbox.home("boss").with({ CHAT_USER: "boss" });
    const refused = await boss.run(["serve", ...args, "--no-discovery"]);
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain(
      "the stream was written by chat 0.3.0 or earlier; use another --cluster name",
    );
    const [served] = await serveNodes(sandbox, nats, ["data"], { cluster: "next" });
    expect(await boss.run(["send", "hi", "--server", served?.invite ?? ""])).toMatchObject({
      exitCode: 0,
    });
  } finally {
    await nats.stop();
  }
});

test("lets one of two servers with one name run, until the other is renamed", async () => {
  await using sandbox = new Sandbox();
  const nats = await NatsServers.start(1);
  try {
    const [a] = await serveNodes(sandbox, nats, ["a"]);
    if (a === undefined) throw new Error("no server");
    const copy = sandbox.path("copy");
    cpSync(a.data, copy, { recursive: true });
    for (const file of ["LOCK", "operator", "invite"]) rmSync(join(copy, file), { force: true });
    const boss = sandbox.home("boss");
    const args = ["--nats", nats.urls.join(","), "--unsafe-nats"];
    const refused = await boss.run(["serve", "--data", copy, "--port", "0", ...args]);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.err).toContain(`chat cluster rename ${copy}`);

    // The first server answers nothing while the copy starts.
    process.kill(a.program.pid, "SIGSTOP");
    const second = await sandbox.serve({ data: "copy", args });
    process.kill(a.program.pid, "SIGCONT");
    // If they started within a moment, either may stop.
    const stopped = await until("one of them stops", () =>
      [a, second].find(({ program }) => !program.isRunning),
    );
    expect(await boss.run(["cluster", "rename", stopped.data])).toMatchObject({ exitCode: 0 });
    await sandbox.serve({ data: stopped === a ? "a" : "copy", args });
    const status = ["cluster", "status", "--nats", nats.urls.join(",")];
    await until("both have the same history", async () => {
      const { exitCode, err } = await boss.run(status);
      return exitCode === 0 && err.includes("2 servers have the same history");
    });
  } finally {
    await nats.stop();
  }
});

test("names a machine whose disk is full", async () => {
  await using sandbox = new Sandbox();
  const nats = await NatsServers.start(1);
  try {
    const cluster = ["--nats", nats.urls.join(",")];
    const args = [...cluster, "--unsafe-nats", "--keep-free", "1000TB"];
    const served = await sandbox.serve({ data: "full", args });
    expect(await healthOf(served)).toBe("503 store-full\n");
    const status = await sandbox.home("boss").run(["cluster", "status", ...cluster]);
    expect(status.exitCode).not.toBe(0);
    expect(status.err).toContain("cannot record messages: the disk of this machine is full");
  } finally {
    await nats.stop();
  }
});
