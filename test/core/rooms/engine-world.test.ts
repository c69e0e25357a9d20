import { describe, expect, test } from "bun:test";
import { liveEngineWorlds } from "./engine-world.ts";

const SEEDS = 400;
const STEPS = 400;

describe("the hall keeps its promises", () => {
  test.each([
    ["in fair weather", { logFailPercent: 0, lostLinkPercent: 0, postsPerSecond: 10_000 }],
    ["when links are lost", { logFailPercent: 0, lostLinkPercent: 80, postsPerSecond: 10_000 }],
    ["when posts come too fast", { logFailPercent: 0, lostLinkPercent: 30, postsPerSecond: 10 }],
    ["when the log refuses", { logFailPercent: 25, lostLinkPercent: 0, postsPerSecond: 10_000 }],
    ["when all goes wrong", { logFailPercent: 15, lostLinkPercent: 60, postsPerSecond: 20 }],
  ])("%s", (name, weather) => {
    expect(
      liveEngineWorlds({ seedFirst: name.length * 1_000, seeds: SEEDS, steps: STEPS, weather }),
    ).toBeGreaterThan(SEEDS * 20);
  });
});
