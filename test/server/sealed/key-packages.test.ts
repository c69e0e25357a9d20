import { expect, test } from "bun:test";
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
import { sealedFolder } from "../../../src/server/sealed/buckets.ts";
import { KeyPackageStore } from "../../../src/server/sealed/key-packages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

const packages = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => Uint8Array.of(1, (from + at) >> 8, from + at));

test("each is given out once, also to two who ask together and after a restart", async () => {
  const site = await Site.open();
  const [ana, ben, eve] = [
    await site.member("ana"),
    await site.member("ben"),
    await site.member("eve"),
  ];
  expect(await ana.ask("key-packages", { packages: packages(3) })).toEqual({
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
  const third = await again.ask("key-package", { user: "ana" });
  const given = [...both, third].flatMap((answer) => answer.packages);
  expect(new Set(given.map(({ keyPackage }) => keyPackage.join())).size).toBe(3);
  for (const { device } of given) expect(device).toEqual(ana.keys.device.publicKey);
  expect(await again.ask("key-package", { user: "ana" })).toEqual({ packages: [], missing: 1 });
  await site.stop();
});

test("those of a device that came a moment ago are waited for, but not for ever", async () => {
  const site = await Site.open();
  const [ana, ben, eve] = [
    await site.member("ana"),
    await site.member("ben"),
    await site.member("eve"),
  ];
  const asked = [ben, eve].map((guest) => guest.send("key-package", { user: "ana" }));
  await site.quiet();
  expect(ana.all("key-packages-low").length).toBeGreaterThan(0);
  await site.time.advance(KEY_PACKAGE_WAIT_MS - 500);
  await ana.ask("key-packages", { packages: packages(1) });
  const answers = await site.wait(Promise.all(asked));
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
  expect(await ben.ask("key-package", { user: "ana" })).toEqual({ packages: [], missing: 1 });
  expect(site.time.now() - before).toBeLessThan(100);
  await site.stop();
});

test("a device is told when few are left, and its stock has an end", async () => {
  const site = await Site.open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  const { left } = await ana.ask("key-packages", { packages: packages(KEY_PACKAGES_MAX) });
  expect(left).toBe(KEY_PACKAGES_MAX);
  const more = await ana.ask("key-packages", { packages: packages(2, 500) });
  expect(more.left).toBe(KEY_PACKAGES_MAX);
  await ben.ask("key-package", { user: "ana" });
  await site.quiet();
  expect(ana.all("key-packages-low")).toEqual([]);
  await site.stop();

  const small = await Site.open();
  const [cem, dan] = [await small.member("cem"), await small.member("dan")];
  await cem.ask("key-packages", { packages: packages(KEY_PACKAGES_LOW) });
  await dan.ask("key-package", { user: "cem" });
  await small.quiet();
  expect(cem.all("key-packages-low")).toEqual([
    { kind: "key-packages-low", left: KEY_PACKAGES_LOW - 1 },
  ]);
  await small.stop();
});

test("one account cannot use up what another has, nor give too much", async () => {
  const site = await Site.open();
  const [ana, ben, eve] = [
    await site.member("ana"),
    await site.member("ben"),
    await site.member("eve"),
  ];
  await ana.ask("key-packages", { packages: packages(30) });
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR; i++) await ben.ask("key-package", { user: "ana" });
  await site.time.advance(0.25); // Clocks do not tick in whole milliseconds; the protocol does.
  const fault = await ben.refused("key-package", { user: "ana" });
  expect(fault).toMatchObject({ code: "too-fast", retryAfterMs: expect.any(Number) });
  expect((await eve.ask("key-package", { user: "ana" })).packages).toHaveLength(1);
  const large = { packages: [new Uint8Array(KEY_PACKAGE_BYTES_MAX + 1)] };
  expect((await ana.refused("key-packages", large)).code).toBe("frame-malformed");
  const many = { packages: packages(KEY_PACKAGES_MAX + 1) };
  expect((await ana.refused("key-packages", many)).code).toBe("too-large");
  expect((await ben.refused("key-package", { user: "nobody" })).code).toBe("user-unknown");
  await site.stop();
});

test("many accounts cannot use up what a device has: its last resort stays", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  const last = Uint8Array.of(9, 9);
  const full = { packages: packages(KEY_PACKAGES_MAX), lastResort: last };
  expect(await ana.ask("key-packages", full)).toEqual({ left: KEY_PACKAGES_MAX, lastResort: true });
  ana.link.destroy();
  const given: string[] = [];
  const take = async (guest: Guest) => {
    const { packages: taken, missing } = await guest.ask("key-package", { user: "ana" });
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
  expect(await again.ask("key-packages", { packages: [] })).toEqual(none);
  const next = { packages: packages(1), lastResort: Uint8Array.of(8) };
  expect(await again.ask("key-packages", next)).toEqual({ left: 1, lastResort: true });
  await site.stop();
});

test("a device that is here gives another one before its last resort is taken", async () => {
  const site = await Site.open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  await ana.ask("key-packages", { packages: [], lastResort: Uint8Array.of(9, 9) });
  const asked = ben.send("key-package", { user: "ana" });
  await site.quiet();
  await ana.ask("key-packages", { packages: packages(1) });
  expect((await site.wait(asked)).packages[0]?.keyPackage).toEqual(packages(1)[0]);
  expect((await ana.ask("key-packages", { packages: [] })).lastResort).toBe(true);
  await site.stop();
});

test("one account takes so many in an hour, whosever they are", () => {
  const disk = new SimDisk({ random: () => 0.5, unixMs: () => 0 });
  const { keys } = sealedFolder({ disk: disk.boot(), folder: "/d/sealed" });
  const store = new KeyPackageStore(keys, new VirtualClock());
  const ana = "uana" as UserId;
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR_ALL; i++) store.checkPace(ana, `u${i}` as UserId);
  expect(() => store.checkPace(ana, "umore" as UserId)).toThrow("for all users");
  store.checkPace("uben" as UserId, "umore" as UserId);
});

test("an hour later they may be taken again; the pair longest idle is forgotten", async () => {
  const clock = new VirtualClock();
  const disk = new SimDisk({ random: () => 0.5, unixMs: () => 0 });
  const store = new KeyPackageStore(
    sealedFolder({ disk: disk.boot(), folder: "/d/sealed" }).keys,
    clock,
  );
  const [ana, ben] = ["uana" as UserId, "uben" as UserId];
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR; i++) store.checkPace(ana, ben);
  expect(() => store.checkPace(ana, ben)).toThrow("times in an hour");
  store.checkPace(ben, ana);
  await clock.advance(60 * 60_000);
  store.checkPace(ana, ben);
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR - 1; i++) store.checkPace(ana, ben);
  for (let i = 0; i < KEY_PACKAGE_PAIRS_MAX; i++) store.checkPace(`u${i}` as UserId, ben);
  store.checkPace(ana, ben);
});

test("what is damaged on the disk is none, and devices that are no more are swept", async () => {
  const disk = new SimDisk({ random: () => 0.5, unixMs: () => 0 });
  const at = disk.boot();
  const store = new KeyPackageStore(
    sealedFolder({ disk: at, folder: "/d/sealed" }).keys,
    new VirtualClock(),
  );
  expect(await store.take("gone")).toBeUndefined();
  await store.add("here", packages(2));
  await store.add("gone", packages(1));
  await store.sweep((device) => device === "here");
  expect(at.list("/d/sealed/keys")).toEqual(["here.json"]);
  const file = at.open("/d/sealed/keys/here.json", "write");
  file.write(new TextEncoder().encode("{"), 0);
  file.close();
  expect(await store.take("here")).toBeUndefined();
  expect((await store.add("here", packages(1, 9))).left).toBe(1);
});

test("one that a restart of the server cuts off before the answer is not given again", async () => {
  const site = await Site.open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  await ana.ask("key-packages", { packages: packages(1) });
  // Ben hangs up with the question on its way: whether it was taken, he does not hear.
  const lost = ben.send("key-package", { user: "ana" }).catch(() => undefined);
  await site.restart();
  const heard = await lost;
  const again = await site.again(ben, "ben");
  const { packages: given, missing } = await again.ask("key-package", { user: "ana" });
  const times = given.length + (heard?.packages.length ?? 0);
  expect(times).toBeLessThanOrEqual(1);
  expect(given.length + missing).toBe(1);
  await site.stop();
});

test("of many who ask at once none gets what another has, while more are given", async () => {
  const disk = new SimDisk({ random: () => 0.5, unixMs: () => 0 }).boot();
  const store = new KeyPackageStore(
    sealedFolder({ disk, folder: "/d/sealed" }).keys,
    new VirtualClock(),
  );
  await store.add("here", packages(5));
  const asked = Array.from({ length: 12 }, (_, at) =>
    at === 6 ? store.add("here", packages(3, 100)).then(() => undefined) : store.take("here"),
  );
  const taken = (await Promise.all(asked)).flatMap((one) => (one === undefined ? [] : [one]));
  const texts = taken.map(({ keyPackage }) => keyPackage.join());
  expect(new Set(texts).size).toBe(texts.length);
  // A server that starts anew in the middle knows what is gone.
  const other = new KeyPackageStore(
    sealedFolder({ disk, folder: "/d/sealed" }).keys,
    new VirtualClock(),
  );
  for (let one = await other.take("here"); one !== undefined; one = await other.take("here")) {
    texts.push(one.keyPackage.join());
  }
  expect(texts).toHaveLength(8);
  expect(new Set(texts).size).toBe(8);
});

test("what is about to end is given to nobody, and the device gives others", async () => {
  const disk = new SimDisk({ random: () => 0.5, unixMs: () => 0 }).boot();
  const clock = new VirtualClock();
  const store = new KeyPackageStore(sealedFolder({ disk, folder: "/d/sealed" }).keys, clock);
  await store.add("here", packages(3), Uint8Array.of(9));
  await clock.advance(KEY_PACKAGE_KEEP_MS - 1);
  expect((await store.take("here"))?.left).toBe(2);
  await clock.advance(1);
  expect(await store.take("here", true)).toBeUndefined();
  expect(await store.add("here", [])).toEqual({ left: 0, lastResort: false });
  expect((await store.add("here", [])).left).toBe(0);
  expect(await store.take("here")).toBeUndefined();
  expect((await store.add("here", packages(2))).left).toBe(2);
});
