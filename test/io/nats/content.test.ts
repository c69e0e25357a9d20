import { expect } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { CLUSTER_CONTENT_ANSWER_MS } from "../../../src/base/limits-cluster.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { SharedFiles } from "../../../src/io/cluster/shared-files.ts";
import { openContentStore } from "../../../src/io/nats/content.ts";
import { connectNats } from "../../../src/io/nats/jetstream.ts";
import { eventually } from "../../event.ts";
import { requires } from "../../installed.ts";
import { rejection } from "../../rejection.ts";
import { keepsParts } from "../cluster/content-compliance.ts";
import { NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

const clock = systemClock();
const FILE = "fAAAAAAAAAA1" as FileId;
let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start();
}, 60_000);

afterAll(() => nats.stop());

const open = (cluster: string, servers: readonly string[] = nats.urls) =>
  openContentStore({ servers, cluster, isUnsafe: true, clock });

/** The server that leads the stream of contents. */
async function leaderOf(cluster: string) {
  const connection = await connectNats({ servers: nats.urls });
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const { cluster: raft } = await manager.streams.info(`CHATFILES_${cluster}`);
  await connection.close();
  return nats.servers[Number(raft?.leader?.slice(1))];
}

test("keeps what every store has to keep", async () => {
  const store = await open("keeps");
  await keepsParts(store);
  await store.close();
});

test("of two that offer one file at once, one is the first", async () => {
  const stores = [await open("race"), await open("race")];
  const shared = stores.map((store) => new SharedFiles({ store, clock, sha256 }));
  const about = { file: FILE, name: "x", to: ["lobby"], sinceMs: 1 };
  const users = ["u1", "u2"] as const;
  const offers = await Promise.all(
    users.map((by, i) => shared[i]?.begin({ ...about, by: by as never })),
  );
  expect(new Set(offers.map((offer) => offer?.by)).size).toBe(1);
  for (const store of stores) await store.close();
});

test("takes no more than it may, while the rest of NATS has space", async () => {
  const place = { servers: nats.urls, cluster: "bounded", isUnsafe: true, clock };
  await (await open("bounded")).close(); // It was there without a bound.
  const bytesMax = 4 * CHUNK_BYTES;
  const [store, other] = [await openContentStore({ ...place, bytesMax }), await open("others")];
  const put = (to: typeof store, i: number) => to.put(FILE, `c${i}`, new Uint8Array(CHUNK_BYTES));
  for (let i = 0; i < 3; i++) await put(store, i);
  expect(await rejection(put(store, 3))).toMatchObject({ code: "store-full" });
  await put(other, 3);
  await store.erase(FILE);
  await put(store, 3);
  await store.close();
  const wider = await openContentStore({ ...place, bytesMax: 2 * bytesMax });
  for (let i = 4; i < 10; i++) await put(wider, i);
  const unbounded = await open("bounded");
  expect(await rejection(put(unbounded, 10))).toMatchObject({ code: "store-full" });
  const far = openContentStore({ ...place, bytesMax: 2 ** 52 });
  expect(await rejection(far)).toMatchObject({ code: "store-full" });
  for (const one of [wider, other, unbounded]) await one.close();
}, 60_000);

test("goes on when the server that leads it is killed", async () => {
  const store = await open("leader");
  const shared = new SharedFiles({ store, clock, sha256 });
  const chunks = Array.from({ length: 24 }, (_, i) => new Uint8Array(CHUNK_BYTES).fill(i));
  const hashes = chunks.map((chunk) => sha256(chunk));
  const put = (i: number) =>
    shared.put(FILE, i, hashes[i] ?? new Uint8Array(), async () => chunks[i] ?? new Uint8Array());
  for (let i = 0; i < 8; i++) await put(i);
  const leader = await leaderOf("leader");
  const rest = Promise.all(chunks.slice(8).map((_, i) => put(8 + i)));
  await leader?.kill();
  await rest;
  expect(await shared.sent(FILE)).toEqual(hashes);
  for await (const { index, bytes } of shared.chunks(FILE, hashes, 0)) {
    expect(bytes).toEqual(chunks[index] ?? new Uint8Array());
  }
  leader?.start();
  await eventually("it is back", async () => (await leader?.listens()) === true);
  await store.close();
}, 60_000);

test("is read while a server that holds a copy is frozen", async () => {
  const store = await open("frozen", nats.urls.slice(0, 1));
  const shared = new SharedFiles({ store, clock, sha256 });
  const chunks = Array.from({ length: 24 }, (_, i) => Uint8Array.of(i));
  const hashes = chunks.map((chunk) => sha256(chunk));
  for (const [i, chunk] of chunks.entries()) {
    await shared.put(FILE, i, sha256(chunk), async () => chunk);
  }
  const leader = await leaderOf("frozen");
  const frozen = nats.servers.slice(1).find((server) => server !== leader);
  frozen?.signal("SIGSTOP");
  const began = clock.now();
  for await (const { index, bytes } of shared.chunks(FILE, hashes, 0)) {
    expect(bytes).toEqual(chunks[index] ?? new Uint8Array());
  }
  expect(clock.now() - began).toBeLessThan(CLUSTER_CONTENT_ANSWER_MS);
  frozen?.signal("SIGCONT");
  await store.close();
}, 60_000);
