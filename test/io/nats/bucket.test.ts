import { expect } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { BUCKET_SWEEP_MS, BUCKET_VALUE_BYTES_MAX } from "../../../src/base/limits-cluster.ts";
import { KEY_PACKAGES_MAX } from "../../../src/base/limits-sealed.ts";
import { type Clock, systemClock } from "../../../src/io/clock.ts";
import { openBuckets } from "../../../src/io/nats/bucket.ts";
import { openJetStream } from "../../../src/io/nats/jetstream.ts";
import { KeyPackageStore } from "../../../src/server/sealed/key-packages.ts";
import { eventually } from "../../event.ts";
import { requires } from "../../installed.ts";
import { NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start();
}, 60_000);

afterAll(() => nats.stop());

async function openNode(cluster: string, clock: Clock = systemClock()) {
  const stream = await openJetStream({
    ...{ servers: nats.urls, cluster, isUnsafe: true, clock },
    identity: { own: "SHA256:ours", make: () => Promise.reject(new Error("none is made")) },
  });
  const { keys, other } = await openBuckets(stream.beside, ["keys", "other"]);
  return { keys, other, clock, stream };
}

const text = (value: { bytes: Uint8Array } | undefined) =>
  value === undefined ? undefined : new TextDecoder().decode(value.bytes);
const bytes = (word: string) => new TextEncoder().encode(word);

test("a value is written in place of the one that was read, whichever node wrote it", async () => {
  const [a, b] = await Promise.all([openNode("values"), openNode("values")]);
  expect(await a.keys.read("x")).toBeUndefined();
  expect(await a.keys.write("x", bytes("one"), undefined)).toBe(true);
  expect(await b.keys.write("x", bytes("two"), undefined)).toBe(false);
  const one = await b.keys.read("x");
  expect(text(one)).toBe("one");
  expect(await b.keys.write("x", bytes("two"), one)).toBe(true);
  expect(await a.keys.write("x", bytes("three"), one)).toBe(false);
  expect(text(await a.keys.read("x"))).toBe("two");
  expect(await a.other.read("x")).toBeUndefined();
  const both = await b.keys.read("x");
  const written = await Promise.all(
    [a, b].map((node, at) => node.keys.write("x", bytes(`by ${at}`), both)),
  );
  expect(written.toSorted()).toEqual([false, true]);
  await a.keys.remove("x");
  expect(await b.keys.read("x")).toBeUndefined();
  expect(await b.keys.write("x", bytes("anew"), undefined)).toBe(true);
  const large = new Uint8Array(BUCKET_VALUE_BYTES_MAX - 1024).fill(7);
  expect(await a.keys.write("room.hash", large, undefined)).toBe(true);
  expect((await b.keys.read("room.hash"))?.bytes).toEqual(large);
  for (const { stream } of [a, b]) await stream.close();
}, 60_000);

test("a node that was stopped for a while writes in the place of nothing", async () => {
  const [a, b] = await Promise.all([openNode("late"), openNode("late")]);
  await a.keys.write("x", bytes("0"), undefined);
  for (const count of [2, 3]) {
    const before = await a.keys.read("x");
    for (let i = 1; i <= count; i++) {
      await b.keys.write("x", bytes(`${count} ${i}`), await b.keys.read("x"));
    }
    // Those that others have written in its place are removed: there is room for it.
    const late = await a.keys.write("x", bytes("late"), before).catch((error: unknown) => error);
    if (late !== false) expect(late).toMatchObject({ code: "no-majority" });
    for (const { keys } of [a, b]) expect(text(await keys.read("x"))).toBe(`${count} ${count}`);
  }
  for (const { stream } of [a, b]) await stream.close();
}, 60_000);

test("there are as many copies as of the decisions, also where there were fewer", async () => {
  const { stream, keys } = await openNode("copies");
  await keys.write("x", bytes("kept"), undefined);
  const { manager } = stream.beside;
  await manager.streams.update("CHATKEPT_copies", { num_replicas: 1 });
  const again = await openNode("copies");
  expect((await manager.streams.info("CHATKEPT_copies")).config.num_replicas).toBe(3);
  expect(text(await again.keys.read("x"))).toBe("kept");
  for (const node of [{ stream }, again]) await node.stream.close();
}, 60_000);

test("what nobody keeps goes, but for what was written a moment ago", async () => {
  const now = await openNode("sweeps");
  const later = await openNode("sweeps", {
    ...now.clock,
    unixMs: () => now.clock.unixMs() + BUCKET_SWEEP_MS + 60_000,
  });
  for (const name of ["a.b", "c"]) await now.keys.write(name, bytes(name), undefined);
  await now.other.write("d", bytes("d"), undefined);
  const seen: string[] = [];
  await now.keys.sweep((name) => {
    seen.push(name);
    return false;
  });
  expect(seen.toSorted()).toEqual(["a.b", "c"]);
  expect(text(await now.keys.read("c"))).toBe("c");
  await later.keys.sweep((name) => name === "c");
  expect(text(await now.keys.read("a.b"))).toBeUndefined();
  expect(text(await now.keys.read("c"))).toBe("c");
  expect(text(await now.other.read("d"))).toBe("d");
  for (const { stream } of [now, later]) await stream.close();
}, 60_000);

test("kill -9 of the server that leads: no key package is given twice", async () => {
  const nodes = await Promise.all(["a", "b", "c"].map(() => openNode("kills")));
  const stores = nodes.map(({ keys, clock }) => new KeyPackageStore(keys, clock));
  const given: string[] = [];
  let made = 0;
  // As a device does: of what it does not know to be there it makes others.
  const giveMore = async () => {
    for (;;) {
      const first = ++made;
      const packages = Array.from({ length: KEY_PACKAGES_MAX }, (_, at) =>
        Uint8Array.of(first, at, ...new Uint8Array(600)),
      );
      try {
        return await stores[0]?.add("device", packages);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
  };
  let isOver = false;
  let empty = 0;
  const taking = stores.map(async (store) => {
    while (!isOver) {
      try {
        const taken = await store.take("device");
        if (taken === undefined) empty++;
        else given.push(taken.keyPackage.join());
      } catch (error) {
        if (!(error instanceof Fault)) throw error; // It is lost, at worst.
      }
    }
  });
  await giveMore();
  await eventually("some are taken", () => given.length > 5);
  const info = await nodes[0]?.stream.beside.manager.streams.info("CHATKEPT_kills");
  const leader = nats.servers[Number(info?.cluster?.leader?.slice(1))];
  expect(leader).toBeDefined();
  await leader?.kill();
  await giveMore();
  leader?.start();
  empty = 0;
  await eventually("nothing is left", () => empty > 0);
  isOver = true;
  await Promise.all(taking);
  expect(new Set(given).size).toBe(given.length);
  expect(given.length).toBeGreaterThan(10);
  for (const { stream } of nodes) await stream.close();
}, 120_000);
