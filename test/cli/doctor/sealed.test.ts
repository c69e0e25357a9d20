import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { ANEW_MS, KEY_PACKAGES_LOW } from "../../../src/base/limits-sealed.ts";
import {
  checkLease,
  checkLibrary,
  checkPackages,
  checkSealedDevices,
  checkSealedFile,
  checkSealedRooms,
  type SealedLook,
} from "../../../src/cli/doctor/sealed.ts";
import { tryLibrary } from "../../../src/cli/doctor/sealed-probes.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { SealedFile } from "../../../src/io/state/sealed-file.ts";
import { SealedStateStore } from "../../../src/io/state/sealed-store.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const LOOK: SealedLook = {
  path: "sealed.sqlite",
  rooms: [
    { target: "vault", status: "in", instance: "i" },
    { target: "@ben", status: "out" },
  ],
  instance: "i",
  leases: 3,
  anewUnixMs: [],
  unreadable: 0,
  rows: 12,
};
const ROOM = { target: "vault", status: "in", instance: "i" } as const;
const DEVICE = { device: "d", since: 1, certified: true, current: true, online: true };

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-doctor-"));
  folders.push(folder);
  return folder;
}

test("the file: whole, or with rows that another key has written", () => {
  expect(checkSealedFile(LOOK)).toMatchObject({ state: "ok" });
  expect(checkSealedFile(LOOK).message).toEndWith("with 2 sealed rooms");
  const found = checkSealedFile({ ...LOOK, unreadable: 2 });
  expect(found).toMatchObject({ state: "warning" });
  expect(found.message).toContain("2 of 12 rows");
});

test("the lease: of this folder, none yet, or a copy within the last hour", () => {
  expect(checkLease(LOOK, 0)).toMatchObject({ state: "ok" });
  expect(checkLease({ ...LOOK, leases: undefined }, 0).message).toContain("none yet");
  const copied = { ...LOOK, anewUnixMs: [1_000] };
  expect(checkLease(copied, 1_000 + ANEW_MS - 1)).toMatchObject({ state: "warning" });
  expect(checkLease(copied, 1_000 + ANEW_MS)).toMatchObject({ state: "ok" });
});

describe("the rooms", () => {
  test("are fine if this device is in, or out", () => {
    expect(checkSealedRooms(LOOK)).toMatchObject({
      state: "ok",
      message: "this device is in 1 of 2",
    });
  });

  test.each([
    ["a state that was lost", { ...ROOM, status: "lost" as const }],
    ["an older copy", { ...ROOM, instance: "before" }],
    ["a copy that has spoken", { ...ROOM, isCopy: true }],
  ])("wait for coming in anew with %s", (_, room) => {
    const found = checkSealedRooms({ ...LOOK, rooms: [room] });
    expect(found).toMatchObject({ state: "warning" });
    expect(found.message).toContain("coming in anew in 'vault'");
  });

  test("are not trusted, and why", () => {
    const rooms = [{ ...ROOM, status: "suspect" as const, reason: "an epoch is missing" }];
    const { message } = checkSealedRooms({ ...LOOK, rooms });
    expect(message).toBe("'vault' is not trusted: an epoch is missing");
  });
});

test("devices that can seal, and key packages that are left for others", () => {
  const packages = KEY_PACKAGES_LOW;
  expect(checkSealedDevices({ devices: [DEVICE], packages })).toMatchObject({ state: "ok" });
  const byPassword = { ...DEVICE, certified: false };
  const uncertified = checkSealedDevices({ devices: [byPassword], packages });
  expect(uncertified).toMatchObject({ state: "warning" });
  expect(uncertified.remedy).toContain("chat link-device");
  expect(checkPackages({ devices: [], packages })).toMatchObject({ state: "ok" });
  expect(checkPackages({ devices: [], packages: packages - 1 })).toMatchObject({
    state: "warning",
  });
  const fault = new Fault("not-allowed", "this device came in by password, and cannot seal");
  expect(checkPackages({ devices: [], packages: fault })).toMatchObject({ state: "warning" });
});

test("the library, as it is built in, and one that fails", async () => {
  const context = { clock: systemClock() } as Parameters<typeof tryLibrary>[0];
  expect(await checkLibrary(() => tryLibrary(context))).toMatchObject({ state: "ok" });
  const broken = await checkLibrary(() => Promise.reject(new Error("no")));
  expect(broken).toMatchObject({ state: "failed" });
});

describe("a file of sealed rooms is looked at", () => {
  test("and nothing is written where there is none", () => {
    const folder = freshFolder();
    expect(SealedFile.open(folder)).toBeUndefined();
    writeFileSync(join(folder, "sealed.sqlite"), "");
    expect(SealedFile.open(folder)).toBeUndefined();
    expect(readFileSync(join(folder, "sealed.sqlite")).length).toBe(0);
  });

  test("with its rows; nonsense, or a damaged page, is a fault that says what to do", async () => {
    const folder = freshFolder();
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
});
