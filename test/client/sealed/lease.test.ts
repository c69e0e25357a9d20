import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { ANEW_MAX, ANEW_MS } from "../../../src/base/limits-sealed.ts";
import type { Ask } from "../../../src/client/link/queries.ts";
import { DeviceLease } from "../../../src/client/sealed/lease.ts";
import { RoomStates } from "../../../src/client/sealed/room-state.ts";
import { LEASE_KEY, type LeaseRow } from "../../../src/client/sealed/rows.ts";
import { Vault } from "../../../src/client/sealed/vault.ts";
import type { SealEngine } from "../../../src/crypto/seal/engine.ts";
import { importStateKey } from "../../../src/crypto/seal/state-box.ts";
import { SealedStateStore } from "../../../src/io/state/sealed-store.ts";
import { sealedFolder } from "../../../src/server/sealed/buckets.ts";
import { LeaseStore } from "../../../src/server/sealed/leases.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import { holds } from "../../server/site-lab.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

async function two(world: SealedSite): Promise<[Person, Person]> {
  const people: [Person, Person] = [await world.join("ana"), await world.join("ben")];
  const [ana, ben] = people;
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  await ben.say("vault", "hello");
  await ana.hears("vault", "hello");
  return people;
}

const OWNER = { fingerprint: "F", formers: [], account: "a", device: "d" };

function inVault({ client }: Person): true | undefined {
  return client.rooms.some(({ name }) => name === "vault") || undefined;
}

describe("a folder that is the latest", () => {
  test("is taken for no copy over links, restarts and a new server", async () => {
    await using world = await SealedSite.open();
    const [ana, first] = await two(world);
    let ben = first;
    for (let i = 0; i < 3; i++) {
      await world.wait(ben.leave());
      ben = await world.join("ben", ben.device);
      await ben.say("vault", `again ${i}`);
      await ana.hears("vault", `again ${i}`);
    }
    await world.site.restart();
    await ben.say("vault", "after the restart");
    await ana.hears("vault", "after the restart");
    expect([ben.anew("copy"), ben.anew("damaged"), ana.anew("copy")]).toEqual([0, 0, 0]);
  });

  test("is shared by several processes", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const others = await Promise.all([1, 2, 3].map(() => world.join("ben", ben.device)));
    await Promise.all([ben, ...others].map((one, at) => one.say("vault", `one of ${at}`)));
    for (const at of [0, 1, 2, 3]) await ana.hears("vault", `one of ${at}`);
    for (const one of [ben, ...others])
      expect([one.anew("copy"), one.anew("damaged")]).toEqual([0, 0]);
  });
});

describe("a folder that is an older copy", () => {
  test("comes in anew before it sends, says so once, and has read on", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const backup = world.copy(ben.device);
    await ben.say("vault", "said after the backup");
    await ana.hears("vault", "said after the backup");
    await world.wait(ben.leave());
    await ana.say("vault", "said while ben was away");

    const restored = await world.join("ben", backup);
    await restored.until("the room", () => inVault(restored));
    await restored.say("vault", "back from the backup");
    await ana.hears("vault", "back from the backup");
    await ana.say("vault", "welcome back");
    await restored.hears("vault", "welcome back");
    expect(restored.anew("copy")).toBe(1);
    const page = await world.wait(restored.client.history({ target: "vault", limit: 50 }));
    const texts = page.records.flatMap(({ kind, body }) =>
      kind === "text" ? [body?.["text"]] : [],
    );
    // Also its own words, which only the later state knew.
    expect(texts).toEqual([
      "hello",
      "said after the backup",
      "said while ben was away",
      "back from the backup",
      "welcome back",
    ]);
    expect(ana.texts("vault").filter((text) => text.endsWith("backup"))).toHaveLength(2);
    expect(holds(world.site, "backup")).toBe(false);
  });

  test("and has nothing to show for it but its lease, comes in anew too", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const backup = world.copy(ben.device);
    await world.wait(ben.leave());
    const again = await world.join("ben", ben.device); // Takes another lease, and says nothing.
    await again.until("the room", () => inVault(again));
    await again.sealed((rooms) => rooms.enter(again.room("vault")));
    await world.wait(again.leave());
    const restored = await world.join("ben", backup);
    await restored.until("the line", () => restored.anew("copy") || undefined);
    await restored.say("vault", "as of the copy");
    await ana.hears("vault", "as of the copy");
    expect(restored.anew("copy")).toBe(1);
  });

  test("of within one link is known by its own words", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const backup = world.copy(ben.device); // With the lease that is the server's still.
    await ben.say("vault", "later than the snapshot");
    await ana.hears("vault", "later than the snapshot");
    await world.wait(ben.leave());
    const restored = await world.join("ben", backup);
    await restored.say("vault", "from the snapshot");
    await ana.hears("vault", "from the snapshot");
    expect(restored.anew("copy")).toBe(1);
  });
});

describe("two machines with one folder", () => {
  test("put each other out a few times, and one of them is told", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const other = await world.join("ben", world.copy(ben.device), "10.0.2.1");
    const refused: Fault[] = [];
    let said = 0;
    for (let round = 0; round < 3 * ANEW_MAX && refused.length < 2; round++) {
      for (const machine of [ben, other]) {
        const text = `word ${said}`;
        await machine.say("vault", text).then(
          () => ana.hears("vault", text),
          (fault: Fault) => refused.push(fault),
        );
        said++;
      }
    }
    expect(refused.map(({ code }) => code)).toContain("seal-refused");
    expect(refused[0]?.message).toContain("two machines");
    const fault = [ben, other].flatMap(({ events }) =>
      events.filter(({ kind }) => kind === "sealed-fault"),
    );
    expect(fault.length).toBeGreaterThan(0);
    // One of them goes on, and nothing that was taken is lost or doubled.
    const texts = ana.texts("vault").filter((text) => text.includes("word"));
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).toHaveLength(said - refused.length);
    const { made } = await world.wait(ana.client.request("group", { target: "vault" }));
    expect(made?.epoch).toBeLessThanOrEqual(2 + 2 * (ANEW_MAX + 1));

    // An hour later it may come in again.
    await world.wait(other.leave());
    world.site.skewMs += ANEW_MS;
    await world.site.restart();
    await ben.say("vault", "alone again");
    await ana.hears("vault", "alone again");
  });
});

/** Some processes of one folder ask at once; requests and answers are late, and get lost. */
async function askAtOnce(seed: number): Promise<{ instance: string; lost: number }> {
  const random = randomOf(seed);
  const disk = new SimDisk({ random, unixMs: () => 0 }).boot();
  const server = new LeaseStore(sealedFolder({ disk, folder: "/d/sealed" }).leases);
  const clock = new VirtualClock();
  const rows = new SealedStateStore(undefined, OWNER, clock);
  const key = await importStateKey(new Uint8Array(32));
  let lost = 0;
  const late = async () => {
    for (let ticks = random() * 60; ticks > 0; ticks--) await Promise.resolve();
    if (random() > 0.15) return;
    lost++;
    throw new Fault("link-closed", "lost");
  };
  const process = async () => {
    // A process that is killed in a transaction leaves nothing of it.
    const transact: SealedStateStore["transact"] = (work) =>
      rows.transact(async (tables) => {
        const done = await work(tables);
        if (random() < 0.1) throw new Fault("interrupted", "killed");
        return done;
      });
    const states = new RoomStates({ store: { transact }, engine: {} as SealEngine, key });
    const ask = (async (_: string, fields: RequestFields<"seal-lease">) => {
      await late();
      const answer = await server.take("device", fields);
      await late();
      return answer;
    }) as unknown as Ask;
    const entropy = (size: number) => Uint8Array.from({ length: size }, () => random() * 256);
    const lease = new DeviceLease({ clock, entropy, states, ask });
    for (let links = 0; links < 6; links++) {
      lease.connected();
      await lease.hold().catch((error: Fault) => error.code);
    }
  };
  await Promise.all([process(), process(), process(), process()]);
  const row = await rows.transact((tables) => new Vault(tables, key).get<LeaseRow>(LEASE_KEY));
  return { instance: row?.instance ?? "", lost };
}

test("answers that are lost and processes that are killed make no copy of a folder", async () => {
  let lost = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const done = await askAtOnce(seed);
    expect([seed, done.instance]).toEqual([seed, ""]);
    lost += done.lost;
  }
  expect(lost).toBeGreaterThan(300);
});

test("a server that was restored from a backup puts no device out", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await two(world);
  await world.wait(ben.leave());
  const again = await world.join("ben", ben.device);
  await again.say("vault", "one");
  // The server has forgotten all leases, as after a restore without them.
  for (const path of world.site.disk.boot().list("/d/sealed/leases")) {
    world.site.disk.boot().remove(`/d/sealed/leases/${path}`);
  }
  await world.wait(again.leave());
  const third = await world.join("ben", ben.device);
  await third.say("vault", "two");
  await ana.hears("vault", "two");
  expect([third.anew("copy"), again.anew("copy")]).toEqual([0, 0]);
});
