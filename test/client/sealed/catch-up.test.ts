import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  RENEW_JITTER_MS,
  RENEW_MS,
  SEALED_TRANSACTION_MS,
} from "../../../src/base/limits-sealed.ts";
import { SEALED_STATE_FILE } from "../../../src/io/state/sealed-store.ts";
import { Crash } from "./crashing-home.ts";
import { SealedSite } from "./sealed-site.ts";

const WORDS = Number(process.env["CHAT_WORDS"] ?? 600);
const COMMITS = Number(process.env["CHAT_COMMITS"] ?? 30);

test("who was away long reads it all, and holds up no other process for long", async () => {
  await using world = await SealedSite.open();
  const ana = await world.join("ana");
  const ben = await world.join("ben");
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  await ben.say("vault", "hello");
  await ana.hears("vault", "hello");
  await world.wait(ben.leave());
  const each = Math.ceil(WORDS / COMMITS);
  for (let turn = 0; turn < COMMITS; turn++) {
    const words = Array.from({ length: each }, (_, at) => `word ${turn * each + at}`);
    await world.wait(Promise.all(words.map((text) => ana.client.post("vault", { text }))));
    // New keys are due a week later, and where the clock was wrong.
    world.site.skewMs += (turn % 2 === 0 ? 1 : -1) * (RENEW_MS + 2 * RENEW_JITTER_MS);
    await ana.sealed((rooms) => rooms.enter(ana.room("vault")));
  }
  const opened: number[] = [];
  const counting = new Crash("after", 0, (written) =>
    opened.push(written.filter((key) => key.startsWith("said/")).length),
  );
  // Time goes by whenever it is asked for: a message takes a tenth of what a transaction may.
  const { clock } = world.site;
  let spentMs = 0;
  const now = () => {
    spentMs += SEALED_TRANSACTION_MS / 10;
    return clock.now() + spentMs;
  };
  const back = await world.join("ben", {
    ...ben.device,
    clock: { ...clock, now },
    between: counting.between,
  });
  await back.say("vault", "I have read it all");
  await ana.hears("vault", "I have read it all");
  const { made } = await ana.asks("group", { target: "vault" });
  expect(made?.epoch).toBe(COMMITS + 1);
  await world.wait(back.leave());
  using kept = new Database(join(ben.device.folder, SEALED_STATE_FILE), { readonly: true });
  const sql = "SELECT count(*) AS rows FROM sealed WHERE key LIKE 'said/%'";
  const { rows = 0 } = kept.query<{ rows: number }, []>(sql).get() ?? {};
  // The words, ben's own two, each commit, and the one that let him in.
  expect(rows).toBe(each * COMMITS + 2 + COMMITS + 1);
  expect(Math.max(...opened)).toBeLessThanOrEqual(10);
}, 600_000);
