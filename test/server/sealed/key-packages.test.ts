import { describe, expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import {
  KEY_PACKAGE_BYTES_MAX,
  KEY_PACKAGE_KEEP_MS,
  KEY_PACKAGE_PAIRS_MAX,
  KEY_PACKAGE_WAIT_MS,
  KEY_PACKAGES_LOW,
  KEY_PACKAGES_MAX,
  KEY_PACKAGES_PER_HOUR,
  KEY_PACKAGES_PER_HOUR_ALL,
} from "../../../src/base/limits-sealed.ts";
import type { TreeDisk } from "../../../src/io/disk/disk.ts";
import type { ExpiryClock } from "../../../src/server/kernel/server-clock.ts";
import { sealedFolder } from "../../../src/server/sealed/buckets.ts";
import { KeyPackageStore } from "../../../src/server/sealed/key-packages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import type { Guest } from "../guest.ts";
import { siteWith } from "../site.ts";
import { keyPackageBytes } from "./sealed-lab.ts";

const packages = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => Uint8Array.of(1, (from + at) >> 8, from + at));

function openStore(
  clock: ExpiryClock = new VirtualClock(),
  disk = new SimDisk({ random: () => 0.5, unixMs: () => 0 }).boot(),
): { store: KeyPackageStore; disk: TreeDisk } {
  const { keys } = sealedFolder({ disk, folder: "/d/sealed" });
  return { store: new KeyPackageStore(keys, clock), disk };
}

test("hands out each key package once, even across a restart", async () => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"]);
  expect(await ana.request("key-packages", { packages: packages(3) })).toEqual({
    left: 3,
    lastResort: false,
  });
  const both = await site.wait(
    Promise.all([
      ben.send("key-package", { user: "ana" }),
      eve.send("key-package", { user: "ana" }),
    ]),
  );
  await site.restart();
  const again = await site.again(ben, "ben");
  const third = await again.request("key-package", { user: "ana" });
  const given = [...both, third].flatMap((answer) => answer.packages);
  expect(new Set(given.map(({ keyPackage }) => keyPackage.join())).size).toBe(3);
  for (const { device } of given) expect(device).toEqual(ana.keys.device.publicKey);
  expect(await again.request("key-package", { user: "ana" })).toEqual({ packages: [], missing: 1 });
});

test("waits a while for the packages of a new device", async () => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"]);
  const requests = [ben, eve].map((guest) => guest.send("key-package", { user: "ana" }));
  await site.quiet();
  expect(ana.all("key-packages-low").length).toBeGreaterThan(0);
  await site.time.advance(KEY_PACKAGE_WAIT_MS - 500);
  await ana.request("key-packages", { packages: [] });
  await site.quiet();
  await ana.request("key-packages", { packages: packages(1) });
  const answers = await site.wait(Promise.all(requests));
  expect(answers.map(({ missing }) => missing).sort()).toEqual([0, 1]);
  let isAnswered = false;
  const late = ben.send("key-package", { user: "ana" }).finally(() => {
    isAnswered = true;
  });
  await site.time.advance(KEY_PACKAGE_WAIT_MS - 100);
  expect(isAnswered).toBe(false);
  await site.time.advance(200);
  expect(await late).toEqual({ packages: [], missing: 1 });
  ana.link.destroy();
  await site.quiet();
  const before = site.time.now();
  expect(await ben.request("key-package", { user: "ana" })).toEqual({ packages: [], missing: 1 });
  expect(site.time.now() - before).toBeLessThan(100);
});

test("notifies a device with few packages left and limits its stock", async () => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"]);
  await ana.request("key-packages", { packages: packages(KEY_PACKAGES_MAX) });
  const more = await ana.request("key-packages", { packages: packages(2, 500) });
  expect(more.left).toBe(KEY_PACKAGES_MAX);
  await ben.request("key-package", { user: "ana" });
  await eve.request("key-packages", { packages: packages(KEY_PACKAGES_LOW) });
  await ben.request("key-package", { user: "eve" });
  await site.quiet();
  expect(ana.all("key-packages-low")).toEqual([]);
  expect(eve.all("key-packages-low").map(({ left }) => left)).toEqual([KEY_PACKAGES_LOW - 1]);
});

test("limits the packages that an account claims and adds", async () => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"]);
  await ana.request("key-packages", { packages: packages(30) });
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR; i++) await ben.request("key-package", { user: "ana" });
  await site.time.advance(0.25); // Clocks have fractional milliseconds, but the protocol does not.
  const fault = await ben.refused("key-package", { user: "ana" });
  const remedy = "try again in 1 h";
  expect(fault).toMatchObject({ code: "too-fast", retryAfterMs: expect.any(Number), remedy });
  expect((await eve.request("key-package", { user: "ana" })).packages).toHaveLength(1);
  const large = { packages: [new Uint8Array(KEY_PACKAGE_BYTES_MAX + 1)] };
  expect(await ana.refusal("key-packages", large)).toBe("frame-malformed");
  const many = { packages: packages(KEY_PACKAGES_MAX + 1) };
  expect(await ana.refusal("key-packages", many)).toBe("too-large");
  expect(await ben.refusal("key-package", { user: "nobody" })).toBe("user-unknown");
});

test("returns the last-resort package once the others are used up", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const last = Uint8Array.of(9, 9);
  const full = { packages: packages(KEY_PACKAGES_MAX), lastResort: last };
  expect(await ana.request("key-packages", full)).toEqual({
    left: KEY_PACKAGES_MAX,
    lastResort: true,
  });
  ana.link.destroy();
  const given: string[] = [];
  const take = async (guest: Guest) => {
    const { packages: taken, missing } = await guest.request("key-package", { user: "ana" });
    expect([taken.length, missing]).toEqual([1, 0]);
    given.push(taken[0]?.keyPackage.join() ?? "");
  };
  for (let i = 0; i < KEY_PACKAGES_MAX / KEY_PACKAGES_PER_HOUR; i++) {
    const greedy = await site.member(`greedy${i}`);
    for (let j = 0; j < KEY_PACKAGES_PER_HOUR; j++) await take(greedy);
  }
  expect(new Set(given).size).toBe(KEY_PACKAGES_MAX);
  await take(await site.member("ben"));
  await site.restart();
  await take(await site.member("eve"));
  expect(given.slice(-2)).toEqual(["9,9", "9,9"]);
  const again = await site.again(ana, "ana");
  const none = { left: 0, lastResort: false };
  expect(await again.request("key-packages", { packages: [] })).toEqual(none);
  const next = { packages: packages(1), lastResort: Uint8Array.of(8) };
  expect(await again.request("key-packages", next)).toEqual({ left: 1, lastResort: true });
});

test("returns the last-resort package to a user who has claimed many others", async () => {
  const { ana, ben } = await siteWith(["ana", "ben"]);
  const last = Uint8Array.of(9, 9);
  await ana.request("key-packages", { packages: packages(30), lastResort: last });
  const take = async () => (await ben.request("key-package", { user: "ana" })).packages[0];
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR; i++) await take();
  for (let i = 0; i < 20; i++) expect((await take())?.keyPackage).toEqual(last);
  const stock = await ana.request("key-packages", { packages: [] });
  expect(stock).toEqual({ left: 30 - KEY_PACKAGES_PER_HOUR, lastResort: false });
});

test("counts no claim that returns nothing, and omits the given devices", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  ana.link.destroy();
  await site.quiet();
  const missing = { packages: [], missing: 1 };
  for (let i = 0; i < 2 * KEY_PACKAGES_PER_HOUR; i++)
    expect(await ben.request("key-package", { user: "ana" })).toEqual(missing);
  const again = await site.again(ana, "ana");
  await again.request("key-packages", { packages: packages(3) });
  const except = [ana.keys.device.publicKey];
  const none = { packages: [], missing: 0 };
  for (let i = 0; i < 2 * KEY_PACKAGES_PER_HOUR; i++)
    expect(await ben.request("key-package", { user: "ana", except })).toEqual(none);
  expect((await ben.request("key-package", { user: "ana" })).packages).toHaveLength(1);
});

describe("a package outside of its lifetime", () => {
  const DAY_MS = 86_400_000;
  const dated = (fromMs: number, untilMs: number, id = 0) =>
    keyPackageBytes({ fromUnixMs: fromMs, untilUnixMs: untilMs }, id);
  const many = (count: number, make: (id: number) => Uint8Array) =>
    Array.from({ length: count }, (_, id) => make(id));

  test("is handed out only if no other is left", async () => {
    const clock = new VirtualClock();
    const { store } = openStore(clock);
    const now = clock.unixMs();
    const early = dated(now + 400 * DAY_MS, now + 490 * DAY_MS);
    const good = dated(now - DAY_MS, now + 90 * DAY_MS);
    const last = dated(now - DAY_MS, now + 90 * DAY_MS, 1);
    await store.add("here", [early, good], last);
    const take = async () => (await store.claim("here", { isLast: true }))?.keyPackage;
    expect([await take(), await take()]).toEqual([good, last]);
    const { store: other } = openStore(clock);
    await other.add("here", [early], early);
    expect((await other.claim("here"))?.keyPackage).toEqual(early);
  });

  test("does not count, and gives way to new ones", async () => {
    const clock = new VirtualClock();
    const { store } = openStore(clock);
    const now = clock.unixMs();
    const early = (id: number) => dated(now + 400 * DAY_MS, now + 490 * DAY_MS, id);
    const stock = { left: KEY_PACKAGES_MAX, lastResort: true };
    expect(await store.add("here", many(KEY_PACKAGES_MAX, early), early(99))).toEqual(stock);
    expect(await store.add("here", [])).toEqual({ left: 0, lastResort: false });
    const good = (id: number) => dated(now - DAY_MS, now + 90 * DAY_MS, 100 + id);
    expect(await store.add("here", many(KEY_PACKAGES_MAX, good), good(99))).toEqual(stock);
    expect(await store.add("here", [])).toEqual(stock);
    expect((await store.claim("here"))?.keyPackage).toEqual(good(0));
    // A device whose clock is wrong again does not replace good packages.
    await store.add("here", many(KEY_PACKAGES_MAX, early));
    expect((await store.add("here", [])).left).toBe(KEY_PACKAGES_MAX - 1);
  });

  test("is judged by the device's time while the server doubts its own", async () => {
    // The server's clock was 400 days behind until recently, and the device's clock too.
    class DoubtedClock extends VirtualClock {
      override status() {
        const now = this.unixMs();
        return { plausible: false, now, newest: now - 400 * DAY_MS };
      }
    }
    const clock = new DoubtedClock();
    const now = clock.unixMs();
    const old = (id: number) => dated(now - 401 * DAY_MS, now - 310 * DAY_MS, id);
    const good = (id: number) => dated(now - DAY_MS, now + 90 * DAY_MS, 100 + id);
    const { store } = openStore(clock);
    const leftAt = async (timeUnixMs?: number) =>
      (await store.add("here", [], undefined, timeUnixMs)).left;
    await store.add("here", many(KEY_PACKAGES_MAX, old), old(99), now - 400 * DAY_MS);
    expect([await leftAt(), await leftAt(now)]).toEqual([KEY_PACKAGES_MAX, 0]);
    await store.add("here", many(20, good), good(99), now);
    expect(await leftAt(now)).toBe(20);
    const claim = { isLast: true, isValidOnly: true, timeUnixMs: now };
    for (let i = 0; i < 20; i++)
      expect((await store.claim("here", claim))?.keyPackage).toEqual(good(i));
    expect((await store.claim("here", claim))?.keyPackage).toEqual(good(99));
    // A time outside of the span counts as its nearest end.
    expect(await leftAt(now - 800 * DAY_MS)).toBe(KEY_PACKAGES_MAX - 20);
    expect(await leftAt(now + 800 * DAY_MS)).toBe(0);
  });

  test("is replaced by a connected device within the claim", async () => {
    const { site, ana, ben } = await siteWith(["ana", "ben"]);
    const now = site.time.unixMs();
    const early = dated(now + 400 * DAY_MS, now + 490 * DAY_MS);
    const good = dated(now - DAY_MS, now + 90 * DAY_MS);
    await ana.request("key-packages", { packages: many(20, () => early), lastResort: early });
    const request = ben.send("key-package", { user: "ana", time: now });
    await site.quiet();
    expect(ana.all("key-packages-low").map(({ left }) => left)).toEqual([0]);
    await ana.request("key-packages", { packages: [good], time: now });
    expect((await site.wait(request)).packages[0]?.keyPackage).toEqual(good);
  });

  test("is valid within a day of its lifetime", async () => {
    const clock = new VirtualClock();
    const now = clock.unixMs();
    const leftOf = async (fromMs: number, untilMs: number) => {
      const { store } = openStore(clock);
      await store.add("here", [dated(now + fromMs, now + untilMs)]);
      return (await store.add("here", [])).left;
    };
    expect(await leftOf(DAY_MS, 2 * DAY_MS)).toBe(1);
    expect(await leftOf(DAY_MS + 1_000, 2 * DAY_MS)).toBe(0);
    expect(await leftOf(-2 * DAY_MS, -DAY_MS)).toBe(1);
    expect(await leftOf(-2 * DAY_MS, -DAY_MS - 1_000)).toBe(0);
  });
});

test("asks an online device before using the last-resort package", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  await ana.request("key-packages", { packages: [], lastResort: Uint8Array.of(9, 9) });
  const request = ben.send("key-package", { user: "ana" });
  await site.quiet();
  await ana.request("key-packages", { packages: packages(1) });
  expect((await site.wait(request)).packages[0]?.keyPackage).toEqual(packages(1)[0]);
  expect((await ana.request("key-packages", { packages: [] })).lastResort).toBe(true);
});

test("limits claims of an account per hour, per user and in total", async () => {
  const clock = new VirtualClock();
  const { store } = openStore(clock);
  const [ana, ben] = ["uana" as UserId, "uben" as UserId];
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR_ALL; i++) store.countClaim(ben, `u${i}` as UserId);
  const more = () => store.countClaim(ben, "umore" as UserId);
  expect(more).toThrow(`limit of ${KEY_PACKAGES_PER_HOUR_ALL} additions per hour reached`);
  const waitOf = (by: UserId) => store.countClaim(by, ben).onceAfterMs;
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR; i++) expect(waitOf(ana)).toBe(0);
  expect(waitOf(ana)).toBe(60 * 60_000);
  await clock.advance(60 * 60_000);
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR; i++) expect(waitOf(ana)).toBe(0);
  for (let i = 0; i < KEY_PACKAGE_PAIRS_MAX; i++) waitOf(`u${i}` as UserId);
  expect(waitOf(ana)).toBe(0);
});

test("ignores damaged files and deletes those of removed devices", async () => {
  const { store, disk: at } = openStore();
  expect(await store.claim("gone")).toBeUndefined();
  await store.add("here", packages(2));
  await store.add("gone", packages(1));
  await store.sweep((device) => device === "here");
  expect(at.list("/d/sealed/keys")).toEqual(["here.json"]);
  const file = at.open("/d/sealed/keys/here.json", "write");
  file.write(new TextEncoder().encode("{"), 0);
  file.close();
  expect(await store.claim("here")).toBeUndefined();
  expect((await store.add("here", packages(1, 9))).left).toBe(1);
});

test("hands out no package twice to simultaneous requests", async () => {
  const { store, disk } = openStore();
  await store.add("here", packages(5));
  const requests = Array.from({ length: 12 }, (_, at) =>
    at === 6 ? store.add("here", packages(3, 100)).then(() => undefined) : store.claim("here"),
  );
  const taken = (await Promise.all(requests)).flatMap((one) => (one === undefined ? [] : [one]));
  const texts = taken.map(({ keyPackage }) => keyPackage.join());
  expect(new Set(texts).size).toBe(texts.length);
  const { store: other } = openStore(new VirtualClock(), disk);
  for (let one = await other.claim("here"); one !== undefined; one = await other.claim("here")) {
    texts.push(one.keyPackage.join());
  }
  expect(texts).toHaveLength(8);
  expect(new Set(texts).size).toBe(8);
});

test("hands out no package that is about to expire", async () => {
  const clock = new VirtualClock();
  const { store } = openStore(clock);
  await store.add("here", packages(3), Uint8Array.of(9));
  await clock.advance(KEY_PACKAGE_KEEP_MS - 1);
  expect((await store.claim("here"))?.left).toBe(2);
  await clock.advance(1);
  expect(await store.claim("here", { isLast: true })).toBeUndefined();
  expect(await store.add("here", [])).toEqual({ left: 0, lastResort: false });
  expect((await store.add("here", [])).left).toBe(0);
  expect(await store.claim("here")).toBeUndefined();
  expect((await store.add("here", packages(2))).left).toBe(2);
});

test("lets no device wait for another", async () => {
  const { disk } = openStore();
  const { keys } = sealedFolder({ disk, folder: "/d/sealed" });
  const read = Promise.withResolvers<undefined>();
  const bucket = {
    read: (name: string) => (name === "slow" ? read.promise : keys.read(name)),
    write: keys.write.bind(keys),
    remove: keys.remove.bind(keys),
    sweep: keys.sweep.bind(keys),
  };
  const store = new KeyPackageStore(bucket, new VirtualClock());
  const slow = store.add("slow", packages(1));
  expect((await store.add("b", packages(2))).left).toBe(2);
  read.resolve(undefined);
  expect((await slow).left).toBe(1);
});
