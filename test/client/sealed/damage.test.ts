import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SEALED_STATE_FILE } from "../../../src/io/state/sealed-store.ts";
import { holds } from "../../server/site-lab.ts";
import { codeOf } from "./liar.ts";
import { type Device, type Person, SealedSite } from "./sealed-site.ts";

let world: SealedSite;
let ana: Person;
let device: Device;
let count = 0;

beforeAll(async () => {
  world = await SealedSite.open();
  const [one, ben] = await world.joinAll("ana", "ben");
  ana = one;
  await ana.createSealedRoom("vault");
  await ana.addMember(ben);
  await ana.postTo("the past of ana", ben);
  await ben.postTo("the past of ben", ana);
  await ben.quit();
  device = ben.device;
});

afterAll(() => world[Symbol.asyncDispose]());

function pathOf({ folder }: Device): string {
  return join(folder, SEALED_STATE_FILE);
}

function change(of: Device, sql: string, ...values: (string | Uint8Array)[]): void {
  using database = new Database(pathOf(of), { readwrite: true });
  database.query(sql).run(...values);
}

function rows(of: Device): { key: string; value: Uint8Array }[] {
  using database = new Database(pathOf(of));
  return database
    .query<{ key: string; value: Uint8Array }, []>("SELECT key, value FROM sealed")
    .all();
}

async function talks(of: Device): Promise<Person> {
  const ben = await world.join("ben", of);
  const word = `word ${++count}`;
  await ben.postTo(word, ana);
  await ana.postTo(`${word}, heard`, ben);
  expect(ana.texts().filter((text) => text === `ben: ${word}`)).toHaveLength(1);
  expect(holds(world.site, word)).toBe(false);
  return ben;
}

describe("a damaged row", () => {
  test("of any kind loses at most its own message", async () => {
    const keys = rows(device).map(({ key }) => key);
    const packages = keys.filter((key) => key.startsWith("package/")).slice(1);
    const damaged = keys.filter((key) => !packages.includes(key) && !key.startsWith("pin/"));
    expect(new Set(damaged.map((key) => key.split("/")[0]))).toEqual(
      new Set([
        "certificate",
        "device",
        "identity",
        "lease",
        "package",
        "post",
        "room",
        "said",
        "state",
      ]),
    );
    for (const key of damaged) {
      const copy = world.copy(device);
      const value = rows(copy).find((row) => row.key === key)?.value ?? new Uint8Array(0);
      const middle = value.length >> 1;
      value[middle] = (value[middle] ?? 0) ^ 1;
      change(copy, "UPDATE sealed SET value = ? WHERE key = ?", value, key);
      const ben = await talks(copy);
      if (!key.startsWith("said/")) {
        const past = (await ben.past()).slice(0, 2);
        expect([key, past]).toEqual([key, ["the past of ana", "the past of ben"]]);
      }
      await ben.quit();
    }
  });

  test.each([
    "DELETE FROM sealed WHERE key LIKE 'state/%'",
    "DELETE FROM sealed WHERE key LIKE 'room/%'",
    "DELETE FROM sealed WHERE key = 'lease'",
  ])("that is damaged or missing makes the device rejoin: %s", async (sql) => {
    const copy = world.copy(device);
    change(copy, sql);
    const ben = await talks(copy);
    expect(ben.rejoins()).toBe(1);
    await ben.quit();
  });

  test("of a target prevents sending", async () => {
    await using other = await SealedSite.open();
    const [first, ben] = await other.joinAll("ana", "ben");
    await first.createSealedRoom("vault");
    await first.addMember(ben);
    await first.postTo("the past of ana", ben);
    await ben.quit();
    change(ben.device, "UPDATE sealed SET value = ? WHERE key LIKE 'pin/%'", new Uint8Array([1]));
    const again = await other.join("ben", ben.device);
    expect(await codeOf(again.postText("the canary"))).toBe("seal-refused");
    expect(holds(other.site, "canary")).toBe(false);
    expect(again.rejoins()).toBe(0);
  });

  test("of a target is replaced when the device rejoins", async () => {
    const copy = world.copy(device);
    change(copy, "UPDATE sealed SET value = ? WHERE key LIKE 'pin/%'", new Uint8Array([1, 2]));
    const ben = await talks(copy);
    expect(ben.rejoins()).toBe(1);
    await ben.quit();
  });
});

describe("a state file", () => {
  test.each<[string, (path: string) => void, boolean]>([
    ["missing", (path) => rmSync(path), false],
    ["no database", (path) => writeFileSync(path, "this is no database, and never was one"), true],
    ["broken", (path) => writeFileSync(path, readFileSync(path).fill(7, 0, 4)), true],
  ])("that is %s makes the device rejoin", async (_, damage, isKept) => {
    const copy = world.copy(device);
    damage(pathOf(copy));
    const ben = await talks(copy);
    expect(ben.rejoins()).toBe(1);
    expect(existsSync(`${pathOf(copy)}.damaged`)).toBe(isKept);
    await ben.quit();
  });

  test.each<[string, (copy: Device) => void, string, RegExp]>([
    [
      "damaged in the middle",
      (copy) => truncateSync(pathOf(copy), statSync(pathOf(copy)).size >> 1),
      "store-failed",
      /sealed\.sqlite is damaged/,
    ],
    [
      "of a later version",
      (copy) => change(copy, "PRAGMA user_version = 101"),
      "version-unsupported",
      /newer version/,
    ],
    [
      "of version 0.3",
      (copy) => change(copy, "PRAGMA user_version = 1"),
      "version-unsupported",
      /written by chat 0\.3\.0 or earlier/,
    ],
  ])("that is %s is reported, and nothing is sent", async (_, damage, code, text) => {
    const copy = world.copy(device);
    damage(copy);
    const ben = await world.join("ben", copy, { stocks: false });
    const { fault } = await ben.until("the line", () =>
      ben.events.find((event) => event.kind === "sealed-fault"),
    );
    expect(fault).toMatchObject({ code });
    expect(fault.message).toMatch(text);
    expect(await codeOf(ben.postText("the canary"))).toBe(code);
    expect(holds(world.site, "canary")).toBe(false);
    await ben.quit();
  });
});
