import { expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNatsSettings } from "../../../src/io/nats/monitor.ts";
import { until } from "../../event.ts";
import { requires } from "../../installed.ts";
import { reservedPort } from "../../ports.ts";

const { test } = requires("nats-server");

test("reads name and sync mode of a real nats-server", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-nats-"));
  const [port, http] = [await reservedPort(), await reservedPort()];
  const config = join(folder, "nats.conf");
  const lines = [
    `listen: 127.0.0.1:${port}`,
    `http: 127.0.0.1:${http}`,
    "server_name: n7",
    `jetstream { store_dir: "${folder}/js" }`,
  ];
  writeFileSync(config, lines.join("\n"));
  const child = Bun.spawn(["nats-server", "-c", config], { stdio: ["ignore", "ignore", "ignore"] });
  try {
    const url = `http://127.0.0.1:${http}`;
    await until("it answers", async () => {
      const answer = await fetch(`${url}/healthz`).catch(() => undefined);
      return answer?.ok === true;
    });
    const settings = await readNatsSettings(url);
    expect(settings).toMatchObject({ name: "n7", isSynced: false });
    expect(settings.version).toMatch(/^\d+\.\d+\.\d+/);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  }
});
