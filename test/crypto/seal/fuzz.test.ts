import { expect, test } from "bun:test";
import { Dice } from "../../worlds/dice.ts";
import { Crowd } from "./crowd.ts";

/** `npm run soak -- sealed` sets them higher. */
const FIRST = Number(process.env["CHAT_SEED"] ?? process.env["CHAT_SEED_FIRST"] ?? 1);
const SEEDS = process.env["CHAT_SEED"] === undefined ? Number(process.env["CHAT_SEEDS"] ?? 2) : 1;
const CHANGES = Number(process.env["CHAT_SEALED_CHANGES"] ?? 25);
const USERS = Number(process.env["CHAT_SEALED_USERS"] ?? 6);
const IS_LONG = process.env["CHAT_SEALED_CHANGES"] !== undefined;

const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST + i);

test.each(seeds)(
  "all who are in agree, and no one who was put out reads, seed %i",
  async (seed) => {
    const crowd = await Crowd.gather(new Dice(seed), USERS);
    const started = performance.now();
    for (let i = 0; i < CHANGES; i++) await crowd.step();
    await crowd.settle();
    expect(crowd.tally.commits).toBeGreaterThan(CHANGES / 3);
    if (!IS_LONG) return;
    const seconds = Math.round((performance.now() - started) / 1000);
    // biome-ignore lint/suspicious/noConsole: a soak says how far it is
    console.log(JSON.stringify({ seed, seconds, ...crowd.tally }));
  },
);
