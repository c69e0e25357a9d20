import { expect } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { SharedFiles } from "../../../src/io/cluster/shared-files.ts";
import { openContentStore } from "../../../src/io/nats/content.ts";
import { openJetStream } from "../../../src/io/nats/jetstream.ts";
import { until } from "../../event.ts";
import { requires } from "../../installed.ts";
import { rejection } from "../../rejection.ts";
import { checkContentStore } from "../cluster/content-compliance.ts";
import { memberOf } from "./nats-node.ts";
import { NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

const clock = systemClock();
const FILE = "fAAAAAAAAAA1" as FileId;
let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start(1);
});

afterAll(() => nats.stop());

const open = (cluster: string, servers: readonly string[] = nats.urls) =>
  openContentStore({ servers, cluster, isUnsafe: true, clock });

test("satisfies the compliance suite", async () => {
  const store = await open("keeps");
  await checkContentStore(store);
  await store.close();
});

test("keeps the first of two concurrent offers", async () => {
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

test("recreates a removed stream, and names the limit that refuses content", async () => {
  const recreated: string[] = [];
  const place = { servers: nats.urls, cluster: "removed", isUnsafe: true, clock };
  const store = await openContentStore({ ...place, onRecreated: (name) => recreated.push(name) });
  expect(recreated).toEqual([]);
  const admin = await openJetStream(memberOf(nats, "removed"));
  const { manager } = admin.clusterConnection;
  await manager.streams.delete("CHATFILES_removed");
  const put = (part: string) => store.put(FILE, part, new Uint8Array(1_000));
  await until("it stores again", () =>
    put("c0").then(
      () => true,
      () => false,
    ),
  );
  await manager.streams.delete("CHATFILES_removed");
  expect(await until("it reads again", () => store.parts(FILE).catch(() => undefined))).toEqual([]);
  expect(recreated).toEqual(["CHATFILES_removed", "CHATFILES_removed"]);
  await manager.streams.update("CHATFILES_removed", { max_bytes: 1_100 });
  await put("c1");
  expect(await rejection(put("c2"))).toMatchObject({
    code: "store-full",
    message: "the stream CHATFILES_removed has reached its limit of bytes",
  });
  await admin.close();
  await store.close();
});

test("limits its size while NATS has space", async () => {
  const place = { servers: nats.urls, cluster: "bounded", isUnsafe: true, clock };
  await (await open("bounded")).close();
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
});
