import { expect, test } from "bun:test";
import { liveEngineWorlds } from "./engine-world.ts";

const SEEDS = 300;
const STEPS = 500;

test.each([
  ["two", 2, { logFailPercent: 0, lostLinkPercent: 0, postsPerSecond: 10_000 }],
  ["three", 3, { logFailPercent: 0, lostLinkPercent: 0, postsPerSecond: 10_000 }],
  [
    "three, whose links are lost",
    3,
    { logFailPercent: 0, lostLinkPercent: 80, postsPerSecond: 99 },
  ],
  ["three without a majority", 3, { logFailPercent: 30, lostLinkPercent: 0, postsPerSecond: 999 }],
  ["five, when all goes wrong", 5, { logFailPercent: 20, lostLinkPercent: 60, postsPerSecond: 20 }],
])("servers on one stream come to one log: %s", (name, nodes, weather) => {
  expect(
    liveEngineWorlds({
      seedFirst: name.length * 1_000,
      seeds: SEEDS,
      steps: STEPS,
      weather,
      nodes,
    }),
  ).toBeGreaterThan(SEEDS * 20);
});
