import { expect, test } from "bun:test";
import { LEASE_BYTES, LEASE_COUNT_MAX } from "../../../src/base/limits-sealed.ts";
import { sealedFolder } from "../../../src/server/sealed/buckets.ts";
import { LeaseStore } from "../../../src/server/sealed/service.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import { siteWith } from "../site.ts";

const lease = (name: number) => new Uint8Array(LEASE_BYTES).fill(name);
const leaseRequest = (count: number, before: number | undefined, next: number) => ({
  count,
  next: lease(next),
  ...(before === undefined ? {} : { lease: lease(before) }),
});

function newDisk() {
  return new SimDisk({ random: () => 0.5, unixMs: () => 0 }).boot();
}

function open(disk = newDisk()): LeaseStore {
  return new LeaseStore(sealedFolder({ disk, folder: "/d/sealed" }).leases);
}

test("returns the same lease to a device that missed the answer", async () => {
  const disk = newDisk();
  await open(disk).renew("a", leaseRequest(0, undefined, 1));
  await open(disk).renew("a", leaseRequest(1, 1, 2));
  for (let i = 0; i < 3; i++) {
    expect(await open(disk).renew("a", leaseRequest(1, 1, 2))).toEqual({
      count: 2,
      isLatest: true,
    });
  }
  expect(await open(disk).renew("a", leaseRequest(2, 2, 3))).toEqual({ count: 3, isLatest: true });
});

test("refuses an older copy without a change", async () => {
  const store = open();
  await store.renew("a", leaseRequest(0, undefined, 1));
  await store.renew("a", leaseRequest(1, 1, 2));
  const refused = { count: 2, isLatest: false };
  expect(await store.renew("a", leaseRequest(1, 1, 3))).toEqual(refused);
  expect(await store.renew("a", leaseRequest(2, 1, 3))).toEqual(refused);
  expect(await store.renew("a", leaseRequest(0, undefined, 3))).toEqual(refused);
  expect(await store.renew("a", leaseRequest(1, undefined, 3))).toEqual(refused);
  expect(await store.renew("a", leaseRequest(2, 2, 3))).toEqual({ count: 3, isLatest: true });
});

test("issues a new lease with the server's count once", async () => {
  const store = open();
  await store.renew("a", leaseRequest(0, undefined, 1));
  await store.renew("a", leaseRequest(1, 1, 2));
  expect(await store.renew("a", leaseRequest(2, undefined, 7))).toEqual({
    count: 3,
    isLatest: true,
  });
  expect(await store.renew("a", leaseRequest(2, undefined, 7))).toEqual({
    count: 3,
    isLatest: true,
  });
  expect(await store.renew("a", leaseRequest(2, undefined, 8))).toEqual({
    count: 3,
    isLatest: false,
  });
  expect(await store.renew("a", leaseRequest(2, 2, 3))).toEqual({ count: 3, isLatest: false });
});

test("trusts a device with a higher count", async () => {
  const store = open();
  await store.renew("a", leaseRequest(0, undefined, 1));
  expect(await store.renew("a", leaseRequest(8, 5, 6))).toEqual({ count: 9, isLatest: true });
  expect(await store.renew("b", leaseRequest(8, undefined, 6))).toEqual({
    count: 9,
    isLatest: true,
  });
});

test("accepts a device whose lease is damaged or lost", async () => {
  const disk = newDisk();
  const store = open(disk);
  for (const text of ["", "{", "null", '{"count":"x"}', '{"count":3,"lease":"short"}']) {
    await store.renew("a", leaseRequest(0, undefined, 1));
    const file = disk.open("/d/sealed/leases/a.json", "write");
    file.truncate(0);
    file.write(new TextEncoder().encode(text), 0);
    file.close();
    expect(await store.renew("a", leaseRequest(1, 1, 2))).toEqual({ count: 2, isLatest: true });
    await store.sweep(() => false);
    expect(disk.list("/d/sealed/leases")).toEqual([]);
  }
});

test("issues leases across restarts, up to the maximum number", async () => {
  const { site, ana } = await siteWith(["ana"]);
  expect(await ana.request("seal-lease", leaseRequest(0, undefined, 1))).toEqual({
    count: 1,
    isLatest: true,
  });
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(await again.request("seal-lease", leaseRequest(0, undefined, 2))).toEqual({
    count: 1,
    isLatest: false,
  });
  const last = { count: LEASE_COUNT_MAX, isLatest: true };
  expect(await again.request("seal-lease", leaseRequest(LEASE_COUNT_MAX - 1, 1, 2))).toEqual(last);
  expect(await again.request("seal-lease", leaseRequest(LEASE_COUNT_MAX, 2, 3))).toEqual(last);
  expect(await again.request("seal-lease", leaseRequest(Number.MAX_SAFE_INTEGER, 3, 4))).toEqual(
    last,
  );
  const other = await again.request("seal-lease", leaseRequest(Number.MAX_SAFE_INTEGER, 2, 5));
  expect(other).toEqual({ ...last, isLatest: false });
});

test("keeps the order of one device's requests, and lets no device wait for another", async () => {
  const { leases } = sealedFolder({ disk: newDisk(), folder: "/d/sealed" });
  const gate = Promise.withResolvers<void>();
  const reads: string[] = [];
  const store = new LeaseStore({
    read: async (name) => {
      reads.push(name);
      if (name === "slow") await gate.promise;
      return leases.read(name);
    },
    write: (...change) => leases.write(...change),
    remove: (name) => leases.remove(name),
    sweep: (isKept) => leases.sweep(isKept),
  });
  const first = store.renew("slow", leaseRequest(0, undefined, 1));
  const second = store.renew("slow", leaseRequest(0, undefined, 1));
  expect(await store.renew("b", leaseRequest(0, undefined, 1))).toEqual({
    count: 1,
    isLatest: true,
  });
  expect(reads).toEqual(["slow", "b"]);
  gate.resolve();
  expect(await first).toEqual({ count: 1, isLatest: true });
  expect(await second).toEqual({ count: 1, isLatest: true });
});
