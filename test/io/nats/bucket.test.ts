import { expect } from "bun:test";
import { BUCKET_SWEEP_MS, BUCKET_VALUE_BYTES_MAX } from "../../../src/base/limits-cluster.ts";
import { type Clock, systemClock } from "../../../src/io/clock.ts";
import { openBuckets } from "../../../src/io/nats/bucket.ts";
import { openJetStream } from "../../../src/io/nats/jetstream.ts";
import { requires } from "../../installed.ts";
import { memberOf } from "./nats-node.ts";
import { NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start(1);
});

afterAll(() => nats.stop());

async function openNode(cluster: string, clock: Clock = systemClock()) {
  const stream = await openJetStream({ ...memberOf(nats, cluster), clock });
  const { keys, other } = await openBuckets(stream.clusterConnection, ["keys", "other"]);
  return { keys, other, clock, stream };
}

const text = (value: { bytes: Uint8Array } | undefined) =>
  value === undefined ? undefined : new TextDecoder().decode(value.bytes);
const bytes = (word: string) => new TextEncoder().encode(word);

test("replaces the value that was read, whichever node wrote it", async () => {
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
});

test("recreates a removed stream", async () => {
  const stream = await openJetStream(memberOf(nats, "removed"));
  const recreated: string[] = [];
  const { keys } = await openBuckets(stream.clusterConnection, ["keys"], (name) =>
    recreated.push(name),
  );
  await keys.write("x", bytes("before"), undefined);
  const { manager } = stream.clusterConnection;
  await manager.streams.delete("CHATKEPT_removed");
  expect((await stream.state()).settings).toMatchObject([
    { message: "NATS has no stream CHATFILES_removed any more" },
    { message: "NATS has no stream CHATKEPT_removed any more" },
  ]);
  expect(await keys.read("x")).toBeUndefined();
  expect(recreated).toEqual(["CHATKEPT_removed"]);
  await manager.streams.delete("CHATKEPT_removed");
  expect(await keys.write("x", bytes("after"), undefined)).toBe(true);
  expect(text(await keys.read("x"))).toBe("after");
  expect(recreated).toHaveLength(2);
  await stream.close();
});

test("a suspended node replaces nothing", async () => {
  const [a, b] = await Promise.all([openNode("late"), openNode("late")]);
  await a.keys.write("x", bytes("0"), undefined);
  for (const count of [2, 3]) {
    const before = await a.keys.read("x");
    for (let i = 1; i <= count; i++) {
      await b.keys.write("x", bytes(`${count} ${i}`), await b.keys.read("x"));
    }
    const late = await a.keys.write("x", bytes("late"), before).catch((error: unknown) => error);
    if (late !== false) expect(late).toMatchObject({ code: "no-majority" });
    for (const { keys } of [a, b]) expect(text(await keys.read("x"))).toBe(`${count} ${count}`);
  }
  for (const { stream } of [a, b]) await stream.close();
});

test("removes unused values unless they are recent", async () => {
  const now = await openNode("sweeps");
  const later = await openNode("sweeps", {
    ...now.clock,
    unixMs: () => now.clock.unixMs() + BUCKET_SWEEP_MS + 60_000,
  });
  for (const name of ["a.b", "c"]) await now.keys.write(name, bytes(name), undefined);
  await now.other.write("d", bytes("d"), undefined);
  const observed: string[] = [];
  await now.keys.sweep((name) => {
    observed.push(name);
    return false;
  });
  expect(observed.toSorted()).toEqual(["a.b", "c"]);
  expect(text(await now.keys.read("c"))).toBe("c");
  await later.keys.sweep((name) => name === "c");
  expect(text(await now.keys.read("a.b"))).toBeUndefined();
  expect(text(await now.keys.read("c"))).toBe("c");
  expect(text(await now.other.read("d"))).toBe("d");
  for (const { stream } of [now, later]) await stream.close();
});
