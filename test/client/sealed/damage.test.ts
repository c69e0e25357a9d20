import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SEALED_STATE_FILE } from "../../../src/io/state/sealed-store.ts";
import { holds } from "../../server/site-lab.ts";
import { type Device, type Person, SealedSite } from "./sealed-site.ts";

/** Ben's folder after some talk in a sealed room; each test damages a copy of it, and he comes. */
let world: SealedSite;
let ana: Person;
let device: Device;
let count = 0;

beforeAll(async () => {
  world = await SealedSite.open();
  ana = await world.join("ana");
  const ben = await world.join("ben");
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  await ana.say("vault", "the past of ana");
  await ben.hears("vault", "the past of ana");
  await ben.say("vault", "the past of ben");
  await ana.hears("vault", "the past of ben");
  await world.wait(ben.leave());
  device = ben.device;
}, 60_000);

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

/** He comes, says something, and hears an answer. */
async function talks(of: Device): Promise<Person> {
  const ben = await world.join("ben", of);
  const word = `word ${++count}`;
  await ben.say("vault", word);
  await ana.hears("vault", word);
  await ana.say("vault", `${word}, heard`);
  await ben.hears("vault", `${word}, heard`);
  expect(ana.texts("vault").filter((text) => text === `ben: ${word}`)).toHaveLength(1);
  expect(holds(world.site, word)).toBe(false);
  return ben;
}

async function pastOf({ client }: Person): Promise<unknown[]> {
  const page = await world.wait(client.history({ target: "vault", limit: 100 }));
  return page.records.flatMap(({ kind, body }) => (kind === "text" ? [body?.["text"]] : []));
}

describe("a row that is damaged", () => {
  test("of whatever kind it is: the device talks on, and reads what is left", async () => {
    const keys = rows(device).map(({ key }) => key);
    // Key packages are all alike; what is in the clear is of its own.
    const packages = keys.filter((key) => key.startsWith("package/")).slice(1);
    const damaged = keys.filter((key) => !packages.includes(key) && !key.startsWith("pin/"));
    expect(new Set(damaged.map((key) => key.split("/")[0]))).toEqual(
      new Set(["certificate", "device", "identity", "lease", "package", "room", "said", "state"]),
    );
    for (const key of damaged) {
      const copy = world.copy(device);
      const value = rows(copy).find((row) => row.key === key)?.value ?? new Uint8Array(0);
      const middle = value.length >> 1;
      value[middle] = (value[middle] ?? 0) ^ 1;
      change(copy, "UPDATE sealed SET value = ? WHERE key = ?", value, key);
      const ben = await talks(copy);
      const past = await pastOf(ben);
      if (!key.startsWith("said/")) {
        expect([key, past.slice(0, 2)]).toEqual([key, ["the past of ana", "the past of ben"]]);
      }
      await world.wait(ben.leave());
    }
  }, 120_000);

  test("or missing, or cut short: the same", async () => {
    for (const sql of [
      "DELETE FROM sealed WHERE key LIKE 'state/%'",
      "UPDATE sealed SET value = substr(value, 1, 40) WHERE key LIKE 'state/%'",
      "UPDATE sealed SET value = zeroblob(0) WHERE key NOT LIKE 'pin/%'",
      "DELETE FROM sealed WHERE key LIKE 'room/%'",
      "DELETE FROM sealed WHERE key = 'lease'",
    ]) {
      const copy = world.copy(device);
      change(copy, sql);
      const ben = await talks(copy);
      expect([sql, ben.anew("copy") + ben.anew("damaged")]).toEqual([sql, 1]);
      await world.wait(ben.leave());
    }
  }, 60_000);

  test("that says where to send: nothing is sent, and nothing in the clear", async () => {
    const copy = world.copy(device);
    change(copy, "UPDATE sealed SET value = ? WHERE key LIKE 'pin/%'", new Uint8Array([1, 2]));
    const ben = await world.join("ben", copy);
    const fault = await ben.say("vault", "the canary").catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: "seal-refused" });
    expect(holds(world.site, "canary")).toBe(false);
    await world.wait(ben.leave());
  });
});

describe("a file that is damaged", () => {
  test("gone, empty or no database: the device comes in anew, and says so", async () => {
    const ways: ((path: string) => void)[] = [
      (path) => rmSync(path),
      (path) => writeFileSync(path, ""),
      (path) => writeFileSync(path, "this is no database, and never was one"),
      (path) => writeFileSync(path, readFileSync(path).fill(7, 0, 4)),
    ];
    for (const [at, damage] of ways.entries()) {
      const copy = world.copy(device);
      damage(pathOf(copy));
      const ben = await talks(copy);
      expect([at, ben.anew("copy") + ben.anew("damaged")]).toEqual([at, 1]);
      expect([at, existsSync(`${pathOf(copy)}.damaged`)]).toEqual([at, at >= 2]);
      await world.wait(ben.leave());
    }
  }, 60_000);

  test("in the middle, or of a later version: says what to do, and sends nothing", async () => {
    const ways: [(copy: Device) => void, string, RegExp][] = [
      [
        (copy) => truncateSync(pathOf(copy), statSync(pathOf(copy)).size >> 1),
        "store-failed",
        /sealed\.sqlite is damaged/,
      ],
      [(copy) => change(copy, "PRAGMA user_version = 9"), "version-unsupported", /later version/],
    ];
    for (const [damage, code, words] of ways) {
      const copy = world.copy(device);
      damage(copy);
      const ben = await world.join("ben", copy, undefined, undefined, { stocks: false });
      const told = await ben.until("the line", () =>
        ben.events.find((event) => event.kind === "sealed-fault"),
      );
      expect(told).toMatchObject({ fault: { code } });
      expect(told.kind === "sealed-fault" && told.fault.message).toMatch(words);
      const fault = await ben.say("vault", "the canary").catch((error: unknown) => error);
      expect(fault).toMatchObject({ code });
      expect(holds(world.site, "canary")).toBe(false);
      await world.wait(ben.leave());
    }
  }, 60_000);
});
