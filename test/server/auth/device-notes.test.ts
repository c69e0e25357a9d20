import { describe, expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import {
  DEVICE_NOTES_BYTES_MAX,
  DEVICE_NOTES_KEPT_EVERY_MS,
  DEVICE_NOTES_MAX,
} from "../../../src/base/limits.ts";
import type { Account, Device, Registry } from "../../../src/core/rooms/accounts.ts";
import { DeviceNotes } from "../../../src/server/auth/device-notes.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { HOSTILE_TEXTS } from "../../hostile-texts.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import type { Guest } from "../guest.ts";
import { Sites } from "../siblings/sites.ts";
import { Site } from "../site.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Comes in as another program than before. */
async function as(site: Site, guest: Guest, program: string): Promise<Guest> {
  const next = await site.connect("10.0.0.2", guest.keys);
  next.program = program;
  await next.greet();
  await next.ask("login", next.signedLogin("ana"));
  await next.until("caught-up");
  return next;
}

async function noted(guest: Guest): Promise<readonly unknown[]> {
  return (await guest.ask("devices", {})).devices.map(({ client, seen }) => [client, seen]);
}

/** As much of it as a greeting takes. */
function short(text: string): string {
  let taken = "";
  for (const character of text.toWellFormed()) {
    if (Buffer.byteLength(taken + character) > 120) break;
    taken += character;
  }
  return taken;
}

describe("what is noted of a device", () => {
  test("is the day, and what it called itself last; it outlives stops and crashes", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    const today = Math.floor(site.clock.unixMs() / DAY_MS) * DAY_MS;
    expect(await noted(ana)).toEqual([["guest", today]]);
    const later = await as(site, ana, "chat/9 (chat on Linux)");
    expect(await noted(later)).toEqual([["chat on Linux", today]]);
    await site.restart();
    const phone = await site.greeted("10.0.0.3");
    await phone.ask("login", phone.passwordLogin("ana", "pw"));
    await phone.until("caught-up");
    expect(await noted(phone)).toEqual([
      ["chat on Linux", today],
      ["guest", today],
    ]);
    await site.time.advance(DEVICE_NOTES_KEPT_EVERY_MS + 50);
    site.disk.losePower();
    await site.restartAfterCrash();
    expect(await noted(await as(site, phone, "x (phone)"))).toEqual([
      ["chat on Linux", today],
      ["phone", today],
    ]);
  });

  test("is the day on which it went, not the one on which it came", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    const phone = await site.greeted("10.0.0.3");
    await phone.ask("login", phone.passwordLogin("ana", "pw"));
    const today = Math.floor(site.clock.unixMs() / DAY_MS);
    const { clock } = site;
    const unixMs = clock.unixMs.bind(clock);
    clock.unixMs = () => unixMs() + 3 * DAY_MS;
    await phone.ask("logout", {});
    expect((await noted(ana))[1]).toEqual(["guest", (today + 3) * DAY_MS]);
  });

  test.each(Object.entries(HOSTILE_TEXTS))("is clean, whatever it says: %s", async (_, text) => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const [note] = await noted(await as(site, ana, `x (${short(text)})`));
    expect(JSON.stringify(note)).toMatch(/^\[(?:"[^"\\<>\p{C}]*",|null,)?\d+\]$/u);
    await site.restart();
    expect(site.events.filter(({ kind }) => kind === "warning")).toEqual([]);
  });

  test("goes with the device", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    const phone = await site.connect("10.0.0.3");
    phone.program = "x (lost phone)";
    await phone.greet();
    await phone.ask("login", phone.passwordLogin("ana", "pw"));
    const kept = async () => {
      await site.time.advance(DEVICE_NOTES_KEPT_EVERY_MS + 50);
      const file = site.disk.boot().open("/d/devices.json", "read");
      const bytes = new Uint8Array(file.sizeBytes());
      file.read(bytes, 0);
      file.close();
      return new TextDecoder().decode(bytes);
    };
    expect(await kept()).toContain("lost phone");
    const [, lost] = (await ana.ask("devices", {})).devices;
    await ana.ask("revoke", { device: lost?.device ?? "" });
    expect(await kept()).not.toContain("lost phone");
    expect(await kept()).toContain('"guest"');
  });

  test.each(["{]", "[]", '{"format":2,"seen":{}}', '{"format":1,"seen":{"a":{"b":[-1,"x"]}}}'])(
    "is nothing, with a warning, where the file is %p",
    async (text) => {
      const site = await Site.open();
      const ana = await site.member("ana");
      await site.stop();
      const file = site.disk.boot().open("/d/devices.json", "write");
      file.truncate(0);
      file.write(new TextEncoder().encode(text), 0);
      file.close();
      await site.wait(site.start());
      expect(site.events.filter(({ kind }) => kind === "warning")).toHaveLength(1);
      expect((await noted(await site.again(ana, "ana")))[0]).toEqual(["guest", expect.anything()]);
    },
  );

  test.each([0, 1])("is read up to DEVICE_NOTES_BYTES_MAX, and not %p more", async (more) => {
    const site = await Site.open();
    await site.member("ana");
    await site.stop();
    const file = site.disk.boot().open("/d/devices.json", "write");
    const sizeBytes = file.sizeBytes();
    file.write(Buffer.alloc(DEVICE_NOTES_BYTES_MAX + more - sizeBytes, " "), sizeBytes);
    file.close();
    await site.wait(site.start());
    expect(site.events.filter(({ kind }) => kind === "warning")).toHaveLength(more);
    await site.stop();
  });

  test("is told to the other servers of a cluster", async () => {
    const sites = await Sites.open(2);
    const ana = await sites.site(0).member("ana", "pw");
    const here = await as(sites.site(0), ana, "x (Firefox on Linux)");
    await here.ask("logout", {});
    const there = await sites.site(1).greeted("10.0.0.3");
    await there.ask("login", there.passwordLogin("ana", "pw"));
    await there.until("caught-up");
    expect((await noted(there))[0]).toEqual(["Firefox on Linux", expect.any(Number)]);
    await sites.stop();
  });
});

function notesOf(accounts: Iterable<Pick<Account, "id" | "devices">>): {
  readonly notes: DeviceNotes;
  readonly disk: SimDisk;
} {
  const disk = new SimDisk({ random: () => 0.5, trouble: () => undefined, unixMs: () => 0 });
  const registry = { all: () => accounts, deviceSeen: () => true } as unknown as Registry;
  const warn = (fault: Error) => {
    throw fault;
  };
  disk.boot().makeFolder("/d");
  const place = { disk: disk.boot(), folder: "/d" };
  return { notes: new DeviceNotes(place, { clock: new VirtualClock(), registry, warn }), disk };
}

test("of more than DEVICE_NOTES_MAX devices those seen last are kept", async () => {
  const label = "x".repeat(64);
  const devices = (at: number): Map<string, Device> =>
    new Map([
      [
        `${"k".repeat(37)}${String(at).padStart(6, "0")}`,
        { certified: true, sinceSeq: 1, sinceUnixMs: 0, seenUnixMs: at * DAY_MS, label },
      ],
    ]);
  const accounts = Array.from({ length: DEVICE_NOTES_MAX + 1 }, (_, at) => ({
    id: `u${String(at).padStart(15, "0")}` as UserId,
    devices: devices(at),
  }));
  const { notes, disk } = notesOf(accounts);
  notes.gone();
  await notes.close();
  const file = disk.boot().open("/d/devices.json", "read");
  const sizeBytes = file.sizeBytes();
  const bytes = new Uint8Array(sizeBytes);
  file.read(bytes, 0);
  file.close();
  const { seen } = JSON.parse(new TextDecoder().decode(bytes));
  expect(Object.keys(seen)).toHaveLength(DEVICE_NOTES_MAX);
  expect(Object.keys(seen)).not.toContain("u000000000000000");
  expect(sizeBytes).toBeLessThanOrEqual(DEVICE_NOTES_BYTES_MAX);
});
