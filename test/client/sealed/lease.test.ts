import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { REJOINS_MAX, REJOINS_WINDOW_MS } from "../../../src/base/limits-sealed.ts";
import type { SendRequest } from "../../../src/client/link/queries.ts";
import { DeviceLease } from "../../../src/client/sealed/lease.ts";
import { RoomStates } from "../../../src/client/sealed/room-state.ts";
import { LEASE_KEY, type LeaseRow } from "../../../src/client/sealed/rows.ts";
import { Vault } from "../../../src/client/sealed/vault.ts";
import type { SealEngine } from "../../../src/crypto/seal/engine.ts";
import { importStateKey } from "../../../src/crypto/seal/state-box.ts";
import { SealedStateStore } from "../../../src/io/state/sealed-store.ts";
import { sealedFolder } from "../../../src/server/sealed/buckets.ts";
import { LeaseStore } from "../../../src/server/sealed/service.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import { sampleSize } from "../../samples.ts";
import { holds } from "../../server/site-lab.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { isGreeted: true });
const OWNER = { fingerprint: "F", formers: [], account: "a", device: "d" };
const SEEDS = sampleSize(50, 2_000);

describe("the latest state of a device is not mistaken for a copy", () => {
  two("across links, restarts and a restart of the server", async ({ world, ana, ben: first }) => {
    let ben = first;
    for (let i = 0; i < 3; i++) {
      ben = await ben.restart();
      await ben.postTo(`again ${i}`, ana);
    }
    await world.site.restart();
    await ben.postTo("after the restart", ana);
    expect([ben.rejoins(), ana.rejoins("copy")]).toEqual([0, 0]);
  });

  two("after the server was restored without its leases", async ({ world, ana, ben }) => {
    const restarted = await ben.restart();
    await restarted.postText("one");
    const disk = world.site.disk.boot();
    for (const path of disk.list("/d/sealed/leases")) disk.remove(`/d/sealed/leases/${path}`);
    const third = await restarted.restart();
    await third.postTo("two", ana);
    expect([third.rejoins("copy"), restarted.rejoins("copy")]).toEqual([0, 0]);
  });
});

describe("an older copy of a device's state", () => {
  two("rejoins once before sending, and reads missed messages", async ({ world, ana, ben }) => {
    const backup = world.copy(ben.device);
    await ben.postTo("said after the backup", ana);
    await ben.quit();
    await ana.postText("said while ben was away");
    const restored = await world.join("ben", backup);
    await restored.waitForRoom();
    await restored.postTo("back from the backup", ana);
    await ana.postTo("welcome back", restored);
    expect(restored.rejoins("copy")).toBe(1);
    expect((await restored.past()).slice(-4)).toEqual([
      "said after the backup",
      "said while ben was away",
      "back from the backup",
      "welcome back",
    ]);
    expect(ana.texts().filter((text) => text.endsWith("backup"))).toHaveLength(2);
    expect(holds(world.site, "backup")).toBe(false);
  });

  two("is detected by its own messages within one link", async ({ world, ana, ben }) => {
    const backup = world.copy(ben.device);
    await ben.postTo("later than the snapshot", ana);
    const restored = await ben.restart(backup);
    await restored.postTo("from the snapshot", ana);
    expect(restored.rejoins("copy")).toBe(1);
  });
});

two("stops two machines with one state after REJOINS_MAX rejoins", async ({ world, ana, ben }) => {
  const other = await world.join("ben", world.copy(ben.device));
  const refused: Fault[] = [];
  let said = 0;
  for (let round = 0; round < 3 * REJOINS_MAX && refused.length < 2; round++) {
    for (const machine of [ben, other]) {
      const text = `word ${said++}`;
      await machine.postTo(text, ana).catch((fault: Fault) => refused.push(fault));
    }
  }
  expect(refused.map(({ code }) => code)).toContain("seal-refused");
  expect(refused[0]?.message).toContain("two machines");
  const events = [ben, other].flatMap((machine) => machine.events);
  expect(events.some(({ kind }) => kind === "sealed-fault")).toBe(true);
  const texts = ana.texts().filter((text) => text.includes("word"));
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts).toHaveLength(said - refused.length);
  const { made } = await ana.request("group", { target: "vault" });
  expect(made?.epoch).toBeLessThanOrEqual(2 + 2 * (REJOINS_MAX + 1));

  await other.quit();
  world.site.skewMs += REJOINS_WINDOW_MS;
  await world.site.restart();
  await ben.postTo("alone again", ana);
});

async function requestConcurrently(seed: number): Promise<{ instance: string; lost: number }> {
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
    const transact: SealedStateStore["transact"] = (work) =>
      rows.transact(async (tables) => {
        const done = await work(tables);
        if (random() < 0.1) throw new Fault("interrupted", "killed");
        return done;
      });
    const onRefused = () => {};
    const states = new RoomStates({
      store: { transact },
      engine: {} as SealEngine,
      key,
      emit: onRefused,
    });
    const ask = (async (_: string, fields: RequestFields<"seal-lease">) => {
      await late();
      const answer = await server.renew("device", fields);
      await late();
      return answer;
    }) as unknown as SendRequest;
    const entropy = (size: number) => Uint8Array.from({ length: size }, () => random() * 256);
    const lease = new DeviceLease({ clock, entropy, states, request: ask, onRefused });
    for (let links = 0; links < 6; links++) {
      lease.connected();
      await lease.hold().catch((error: Fault) => error.code);
    }
  };
  await Promise.all([process(), process(), process(), process()]);
  const row = await rows.transact((tables) => new Vault(tables, key).get<LeaseRow>(LEASE_KEY));
  return { instance: row?.instance ?? "", lost };
}

test("does not mistake a state for a copy after lost answers and killed processes", async () => {
  let lost = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const done = await requestConcurrently(seed);
    expect([seed, done.instance]).toEqual([seed, ""]);
    lost += done.lost;
  }
  expect(lost).toBeGreaterThan(2 * SEEDS);
});
