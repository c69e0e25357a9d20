import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RawClient } from "../../bench/raw-client.ts";
import { before, until } from "./deadline.ts";
import { Sandbox, type Served } from "./program.ts";

/** Strangers and members who mean no good, against the real server on loopback. */

const PROBES = 400;
/** What the runtime keeps of STORMS storms; one that leaks a few KiB a request passes it. */
const STORMS = 3;
const KEPT_BYTES = 256 << 20;

interface Metrics {
  readonly links: number;
  readonly sessions: number;
  readonly queuedBytes: number;
  readonly residentBytes: number;
}

async function metricsOf(served: Served): Promise<Metrics> {
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  const response = await fetch(`https://${served.address}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
    tls: { rejectUnauthorized: false },
  });
  expect(response.status).toBe(200);
  const text = await response.text();
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  return {
    links: value("chat_links"),
    sessions: value("chat_sessions"),
    queuedBytes: value("chat_queued_bytes"),
    residentBytes: value("process_resident_memory_bytes"),
  };
}

/** Says `count` things, each of which must be durable and answered before the next. */
async function isServed(client: RawClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await before(30_000, "an honest message", client.post("lobby", `honest ${i}`));
  }
}

/** All of them at once, until the honest one has said enough; then nobody but that one is left. */
async function storm(sandbox: Sandbox, served: Served, honest: RawClient): Promise<Metrics> {
  const crowd = sandbox.start([join(import.meta.dir, "crowd-process.ts"), String(served.port)], {
    program: process.execPath,
  });
  await crowd.out.next("ready", (line) => line === "ready", 60_000);
  await isServed(honest, PROBES);
  expect((await metricsOf(served)).links).toBeGreaterThan(200);
  await crowd.signal("SIGKILL");
  return await until("calm", async () => {
    const now = await metricsOf(served);
    return now.links === 1 && now.sessions === 1 && now.queuedBytes === 0 && now;
  });
}

// How much slower the honest are is measured, not asserted: `npm run bench -- hostile`.
test("a crowd of them: the honest are served, and nothing of the crowd stays", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const honest = await RawClient.register(served.port, "honest");
  await isServed(honest, PROBES); // The runtime warms up.
  const atFirst = await metricsOf(served);
  for (let i = 0; i < STORMS; i++) {
    const after = await storm(sandbox, served, honest);
    expect(after.residentBytes).toBeLessThan(atFirst.residentBytes + KEPT_BYTES);
  }
  await isServed(honest, PROBES);
  honest.close();
  expect((await served.program.signal("SIGTERM")).exitCode).toBe(0);
}, 240_000);

test("a reader that stalls is let go, and the room goes on", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const honest = await RawClient.register(served.port, "honest");
  const stalled = await sandbox.home("stalled").join(["--user", "stalled"]);
  process.kill(stalled.pid, "SIGSTOP");
  const text = "x".repeat(60_000);
  let told = 0;
  await until(
    "the end of who does not read",
    async () => {
      await before(30_000, "a long message", honest.post("lobby", text));
      told += text.length;
      const { sessions, queuedBytes } = await metricsOf(served);
      expect(queuedBytes).toBeLessThan(12 << 20);
      return sessions === 1;
    },
    50_000,
  );
  expect(told).toBeGreaterThan(4 << 20);
  process.kill(stalled.pid, "SIGCONT");
  await stalled.json("lost");
  await stalled.json("connected");
  honest.close();
});

test("what is too long to be true is refused before anybody can connect", async () => {
  await using sandbox = new Sandbox();
  const ran = await sandbox.startServer({ args: ["--welcome", "x".repeat(4 * 1024 + 1)] }).ended();
  expect(ran.exitCode).toBe(2);
  const served = await sandbox.serve({ args: ["--welcome", "x".repeat(4 * 1024)] });
  expect((await served.program.signal("SIGTERM")).exitCode).toBe(0);
});
