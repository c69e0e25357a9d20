import { expect, test } from "bun:test";
import { FIRST_SEED, IS_SOAK, sampleSize } from "../../samples.ts";
import { SeededRandom } from "../../worlds/seeded-random.ts";
import { Crowd } from "./crowd.ts";

const SEEDS = sampleSize(2, 20);
const CHANGES = IS_SOAK ? 300 : 25;
const USERS = IS_SOAK ? 40 : 6;

const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i);

test.each(seeds)(
  "members agree and removed devices cannot decrypt anything, seed %i",
  async (seed) => {
    const crowd = await Crowd.gather(new SeededRandom(seed), USERS);
    const started = performance.now();
    for (let i = 0; i < CHANGES; i++) await crowd.step();
    await crowd.settle();
    expect(crowd.tally.commits).toBeGreaterThan(CHANGES / 3);
    if (!IS_SOAK) return;
    const seconds = Math.round((performance.now() - started) / 1000);
    // biome-ignore lint/suspicious/noConsole: a soak says how far it is
    console.log(JSON.stringify({ seed, seconds, ...crowd.tally }));
  },
);
