import { expect, test } from "bun:test";
import { join } from "node:path";
import { RawClient } from "../../bench/raw-client.ts";
import { until, within } from "../event.ts";
import { IS_SOAK } from "../samples.ts";
import { metricsText } from "./metrics.ts";
import { Sandbox, type Served } from "./program.ts";

const PROBES = 60;
const FLOODS = IS_SOAK ? 3 : 1;
/**
 * Memory that the runtime may retain after three floods. A leak of a few KiB per request exceeds
 * it.
 */
const RETAINED_BYTES_MAX = 256 << 20;

interface Metrics {
  readonly links: number;
  readonly sessions: number;
  readonly queuedBytes: number;
  readonly residentBytes: number;
}

async function metricsOf(served: Served): Promise<Metrics> {
  const text = await metricsText(served);
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  return {
    links: value("chat_links"),
    sessions: value("chat_sessions"),
    queuedBytes: value("chat_queued_bytes"),
    residentBytes: value("process_resident_memory_bytes"),
  };
}

async function sendTexts(client: RawClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await within("an honest message", client.post("lobby", `honest ${i}`));
  }
}

async function flood(sandbox: Sandbox, served: Served, honest: RawClient): Promise<Metrics> {
  const crowd = sandbox.start([join(import.meta.dir, "crowd-process.ts"), String(served.port)], {
    program: process.execPath,
  });
  await crowd.out.next("ready", (line) => line === "ready", 60_000);
  await sendTexts(honest, PROBES);
  expect((await metricsOf(served)).links).toBeGreaterThan(200);
  await crowd.signal("SIGKILL");
  return await until("calm", async () => {
    const now = await metricsOf(served);
    return now.links === 1 && now.sessions === 1 && now.queuedBytes === 0 && now;
  });
}

test("serves honest users during an attack, and frees its resources afterwards", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const honest = await RawClient.register(served.port, "honest");
  await sendTexts(honest, PROBES);
  const atFirst = await metricsOf(served);
  for (let i = 0; i < FLOODS; i++) {
    const after = await flood(sandbox, served, honest);
    expect(after.residentBytes).toBeLessThan(atFirst.residentBytes + RETAINED_BYTES_MAX);
  }
  await sendTexts(honest, PROBES);
  honest.close();
  expect((await served.program.signal("SIGTERM")).exitCode).toBe(0);
});

test("disconnects a stalled reader, and continues to serve the room", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const honest = await RawClient.register(served.port, "honest");
  const stalled = await sandbox.home("stalled").join(["--user", "stalled"]);
  process.kill(stalled.pid, "SIGSTOP");
  const text = "x".repeat(60_000);
  let sentBytes = 0;
  await until("the end of the stalled reader", async () => {
    await within("a long message", honest.post("lobby", text));
    sentBytes += text.length;
    const { sessions, queuedBytes } = await metricsOf(served);
    expect(queuedBytes).toBeLessThan(12 << 20);
    return sessions === 1;
  });
  expect(sentBytes).toBeGreaterThan(4 << 20);
  process.kill(stalled.pid, "SIGCONT");
  await stalled.json("lost");
  await stalled.json("connected");
  honest.close();
});
