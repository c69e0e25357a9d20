import { expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/io/clock.ts";
import { openJetStream } from "../../../src/io/nats/jetstream.ts";
import { readNatsSettings, storageRefusal } from "../../../src/io/nats/monitor.ts";
import { settled } from "../../../src/io/promises.ts";
import { until } from "../../event.ts";
import { requires } from "../../installed.ts";
import { reservedPort } from "../../ports.ts";
import { rejection } from "../../rejection.ts";

const { test } = requires("nats-server");

async function withNats(storeLines: string, work: (url: string, port: number) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "chat-nats-"));
  const [port, http] = [await reservedPort(), await reservedPort()];
  const config = join(folder, "nats.conf");
  const lines = [
    `listen: 127.0.0.1:${port}`,
    `http: 127.0.0.1:${http}`,
    "server_name: n7",
    storeLines.replace("FOLDER", folder),
  ];
  writeFileSync(config, lines.join("\n"));
  const child = Bun.spawn(["nats-server", "-c", config], { stdio: ["ignore", "ignore", "ignore"] });
  try {
    const url = `http://127.0.0.1:${http}`;
    await until("it answers", async () => {
      const answer = await fetch(`${url}/healthz`).catch(() => undefined);
      return answer?.ok === true;
    });
    await work(url, port);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

const STORE = 'jetstream { store_dir: "FOLDER/js" }';

test("reads name and sync mode of a real nats-server", async () => {
  await withNats(STORE, async (url) => {
    const settings = await readNatsSettings(url);
    expect(settings).toMatchObject({ name: "n7", isSynced: false });
    expect(settings.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(await storageRefusal([url])).toBeUndefined();
    expect(await storageRefusal(["http://127.0.0.1:1"])).toBeUndefined();
  });
});

test("names a server without JetStream", async () => {
  await withNats("", async (url, port) => {
    expect(await storageRefusal([url])).toMatchObject({
      message: "JetStream is off on the NATS server n7",
    });
    expect(await rejection(readNatsSettings(url))).toMatchObject({
      message: "JetStream is off on the NATS server n7",
    });
    const servers = [`nats://127.0.0.1:${port}`];
    const opening = openJetStream({
      servers,
      cluster: "off",
      isUnsafe: true,
      clock: systemClock(),
    });
    expect(await rejection(opening)).toMatchObject({ message: "JetStream is off in NATS" });
  });
});

test("names a server that has reached its limit of storage", async () => {
  const store = 'jetstream { store_dir: "FOLDER/js", max_file_store: 4KB }';
  await withNats(store, async (url, port) => {
    const make = () => Promise.reject(new Error("no identity is made"));
    const identity = { own: "SHA256:ours", make };
    const servers = [`nats://127.0.0.1:${port}`];
    const options = { servers, cluster: "full", identity, isUnsafe: true, clock: systemClock() };
    const stream = await openJetStream(options);
    const publish = (id: string) => stream.publish(new Uint8Array(1_000), id);
    await publish("first");
    expect(await storageRefusal([url])).toBeUndefined();
    for (const id of ["second", "third", "fourth", "fifth"]) await settled(publish(id));
    await stream.close();
    expect(await storageRefusal([url])).toMatchObject({
      message: "the NATS server n7 has reached its limit of storage, 4.1 kB",
      remedy: expect.stringContaining("max_file_store"),
    });
  });
});
