import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { KEY_PACKAGES_LOW, REJOINS_WINDOW_MS } from "../../../src/base/limits-sealed.ts";
import type { Finding } from "../../../src/cli/doctor/check.ts";
import {
  checkLease,
  checkMlsLibrary,
  checkPackages,
  checkSealedDevices,
  checkSealedFile,
  checkSealedRooms,
  type SealedState,
  testMlsLibrary,
} from "../../../src/cli/doctor/sealed.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { SealedFile, SealedStateStore } from "../../../src/io/state/sealed-store.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { tempFolder } from "../../temp-folder.ts";

const LOOK: SealedState = {
  path: "sealed.sqlite",
  rooms: [
    { target: "vault", status: "in", instance: "i" },
    { target: "@ben", status: "out" },
  ],
  instance: "i",
  leases: 3,
  rejoinsUnixMs: [],
  unreadable: 0,
  rows: 12,
};
const ROOM = { target: "vault", status: "in", instance: "i" } as const;
const DEVICE = { device: "d", since: 1, certified: true, current: true, online: true };

const rooms = (...all: SealedState["rooms"]) => checkSealedRooms({ ...LOOK, rooms: all });
const devices = (certified: boolean) =>
  checkSealedDevices({ devices: [{ ...DEVICE, certified }], packages: KEY_PACKAGES_LOW });
const packages = (left: number | Fault) => checkPackages({ devices: [], packages: left });
const copied = { ...LOOK, rejoinsUnixMs: [1_000] };
const again = "waiting to rejoin 'vault'";
const suspect = { ...ROOM, status: "suspect" as const, reason: "an epoch is missing" };

test.each<[string, () => Finding, string, string]>([
  ["a whole file", () => checkSealedFile(LOOK), "ok", "with 2 encrypted rooms"],
  ["foreign rows", () => checkSealedFile({ ...LOOK, unreadable: 2 }), "warning", "2 of 12 rows"],
  ["no lease yet", () => checkLease({ ...LOOK, leases: undefined }, 0), "ok", "has not issued"],
  ["no lease yet", () => checkLease({ ...LOOK, leases: undefined }, 0), "ok", "has not issued"],
  ["a recent copy", () => checkLease(copied, 1_000 + REJOINS_WINDOW_MS - 1), "warning", ""],
  ["rooms with this device", () => checkSealedRooms(LOOK), "ok", "this device is in 1 of 2"],
  ["a lost state", () => rooms({ ...ROOM, status: "lost" }), "warning", again],
  ["an older copy", () => rooms({ ...ROOM, instance: "before" }), "warning", again],
  ["a copy that was used", () => rooms({ ...ROOM, isCopy: true }), "warning", again],
  [
    "a suspect room",
    () => rooms(suspect),
    "warning",
    "'vault' is not trusted: an epoch is missing",
  ],
  ["a certified device", () => devices(true), "ok", ""],
  ["a device that came by password", () => devices(false), "warning", "chat link-device"],
  ["enough key packages", () => packages(KEY_PACKAGES_LOW), "ok", ""],
  ["no key packages", () => packages(new Fault("not-allowed", "by password")), "warning", ""],
])("judges %s", (_, check, state, words) => {
  const { message, remedy = "", ...found } = check();
  expect([found.state, `${message} ${remedy}`]).toEqual([state, expect.stringContaining(words)]);
});

test("checks the library for sealed rooms", async () => {
  const context = { clock: systemClock() } as Parameters<typeof testMlsLibrary>[0];
  expect(await checkMlsLibrary(() => testMlsLibrary(context))).toMatchObject({ state: "ok" });
  const broken = await checkMlsLibrary(() => Promise.reject(new Error("no")));
  expect(broken).toMatchObject({ state: "failed" });
});

test("reads the file of sealed rooms, and reports damage as a fault", async () => {
  const folder = tempFolder();
  const path = join(folder, "sealed.sqlite");
  const owner = { fingerprint: "f", formers: [], account: "a", device: "d" };
  const store = new SealedStateStore(folder, owner, new VirtualClock());
  const many = Array.from({ length: 200 }, (_, at) => `key/${at}`);
  await store.transact(async (tables) => {
    for (const key of many) tables.put(key, new Uint8Array(300).fill(7));
  });
  await store.transact(async () => store.close()).catch(() => undefined);
  const file = SealedFile.open(folder);
  file?.check();
  expect(file?.rows(["f"], "a").length).toBe(many.length + 1);
  expect(file?.rows(["f"], "b")).toEqual([]);
  file?.close();
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 8_192, 20_000);
  writeFileSync(path, bytes);
  const damaged = SealedFile.open(folder);
  expect(() => damaged?.check()).toThrow("is damaged");
  damaged?.close();
  writeFileSync(path, "no database at all");
  expect(() => SealedFile.open(folder)).toThrow("is damaged");
});
