import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { join } from "node:path";
import {
  RENEW_CHECK_INTERVAL_MS,
  RENEW_JITTER_MS,
  RENEW_MESSAGES,
  RENEW_MS,
  SEALED_TRANSACTION_MS,
} from "../../../src/base/limits-sealed.ts";
import { SEALED_STATE_FILE } from "../../../src/io/state/sealed-store.ts";
import { IS_SOAK } from "../../samples.ts";
import { Crash } from "./crashing-home.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"]);
const WORDS = IS_SOAK ? 600 : 120;
const COMMITS = IS_SOAK ? 30 : 6;

async function epochOf(person: Person): Promise<number> {
  return (await person.request("group", { target: "vault" })).made?.epoch ?? -1;
}

function postAll(person: Person, texts: readonly string[]): Promise<unknown> {
  return Promise.all(texts.map((text) => person.postText(text)));
}

two("renews keys of an idle device when it connects a week later", async (scene) => {
  const { world, ana, ben } = scene;
  const enter = async () => {
    const person = await ben.restart();
    await person.waitForRoom();
    await person.entersRoom();
    return person;
  };
  await ana.postTo("welcome", ben);
  const before = await epochOf(ana);
  await ben.quit();
  world.site.skewMs += RENEW_MS - 60_000;
  const early = await enter();
  expect(await epochOf(ana)).toBe(before);
  await early.quit();
  world.site.skewMs += RENEW_JITTER_MS + 120_000;
  const late = await enter();
  expect(await epochOf(ana)).toBe(before + 1);
  await late.quit();
  const later = await enter();
  expect(await epochOf(ana)).toBe(before + 1);
  await later.postTo("with new keys", ana);
});

vaultTest([])("renews keys of a device that stays connected", async ({ world, ana }) => {
  const before = await epochOf(ana);
  world.site.skewMs += RENEW_MS + RENEW_JITTER_MS;
  expect(await epochOf(ana)).toBe(before);
  await world.pass(RENEW_CHECK_INTERVAL_MS);
  await ana.until("another epoch", () => ana.changes.includes("update"));
  expect(await epochOf(ana)).toBe(before + 1);
});

two("renews keys after RENEW_MESSAGES without losing messages", async ({ ana, ben }) => {
  const before = await epochOf(ana);
  const texts = Array.from({ length: RENEW_MESSAGES }, (_, at) => `word ${at}`);
  await postAll(ana, texts);
  expect(await epochOf(ana)).toBe(before);
  for (const text of ["the first after", "the second after"]) await ana.postTo(text, ben);
  expect(await epochOf(ana)).toBe(before + 1);
  expect(ben.texts().slice(0, -2)).toEqual(texts.map((text) => `ana: ${text}`));
});

two("reads missed records in short transactions", async ({ world, ana, ben }) => {
  await ben.postTo("hello", ana);
  await ben.quit();
  const each = Math.ceil(WORDS / COMMITS);
  const texts = Array.from({ length: each * COMMITS }, (_, at) => `word ${at}`);
  for (let turn = 0; turn < COMMITS; turn++) {
    await postAll(ana, texts.slice(turn * each, (turn + 1) * each));
    world.site.skewMs += (turn % 2 === 0 ? 1 : -1) * (RENEW_MS + 2 * RENEW_JITTER_MS);
    await ana.entersRoom();
  }
  const opened: number[] = [];
  const counting = new Crash("after", 0, (written) =>
    opened.push(written.filter((key) => key.startsWith("said/")).length),
  );
  const { clock } = world.site;
  let spentMs = 0;
  const now = () => {
    spentMs += SEALED_TRANSACTION_MS / 10;
    return clock.now() + spentMs;
  };
  const device = { ...ben.device, clock: { ...clock, now }, between: counting.between };
  const back = await world.join("ben", device);
  await back.postTo("I have read it all", ana);
  const { made } = await ana.request("group", { target: "vault" });
  expect(made?.epoch).toBe(COMMITS + 1);
  const { records } = await back.history({ limit: texts.length + 2 * COMMITS });
  const read = records
    .map(({ body }) => body?.["text"])
    .filter((text) => texts.includes(`${text}`));
  expect(read).toEqual(texts.slice(-read.length));
  await back.quit();
  using stored = new Database(join(ben.device.folder, SEALED_STATE_FILE), { readonly: true });
  const sql = "SELECT count(*) AS rows FROM sealed WHERE key LIKE 'said/%'";
  const { rows = 0 } = stored.query<{ rows: number }, []>(sql).get() ?? {};
  expect(rows).toBe(texts.length + 2 + COMMITS + 1);
  expect(Math.max(...opened)).toBeLessThanOrEqual(10);
});
