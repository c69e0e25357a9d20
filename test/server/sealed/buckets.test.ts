import { expect, test } from "bun:test";
import { migrateToCluster, sealedFolder } from "../../../src/server/sealed/buckets.ts";
import { KeyPackageStore } from "../../../src/server/sealed/key-packages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { MemoryBucket } from "../../io/bucket/memory.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import { rejection } from "../../rejection.ts";

test("moves the state of a single server to a cluster, once", async () => {
  const location = {
    disk: new SimDisk({ random: () => 0.5, unixMs: () => 0 }).boot(),
    folder: "/d/sealed",
  };
  const bucket = () => new MemoryBucket(() => 0.5);
  const shared = { groups: bucket(), keys: bucket(), leases: bucket() };
  await migrateToCluster(location, shared);
  const own = sealedFolder(location);
  const clock = new VirtualClock();
  const bytes = (text: string) => new TextEncoder().encode(text);
  await own.groups.write("room.hash", bytes("info"), undefined);
  await own.leases.write("device", bytes("lease"), undefined);
  await new KeyPackageStore(own.keys, clock).add("device", [bytes("one"), bytes("two")]);
  await shared.leases.write("device", bytes("newer"), undefined);
  shared.keys.losesPercent = 100;
  expect(await rejection(migrateToCluster(location, shared))).toMatchObject({
    code: "no-majority",
  });
  shared.keys.losesPercent = 0;
  await migrateToCluster(location, shared);
  const store = new KeyPackageStore(shared.keys, clock);
  expect((await store.claim("device"))?.keyPackage).toEqual(bytes("one"));
  await migrateToCluster(location, shared);
  expect((await store.claim("device"))?.keyPackage).toEqual(bytes("two"));
  expect(await store.claim("device")).toBeUndefined();
  expect((await shared.groups.read("room.hash"))?.bytes).toEqual(bytes("info"));
  expect((await shared.leases.read("device"))?.bytes).toEqual(bytes("newer"));
  expect(location.disk.list("/d/sealed").filter((name) => name.includes("."))).toEqual([]);
});
