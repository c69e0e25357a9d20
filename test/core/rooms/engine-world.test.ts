import { describe, expect, test } from "bun:test";
import type { Weather } from "../troubled-log.ts";
import { EngineWorld } from "./engine-world.ts";

const SEEDS = 400;
const STEPS = 400;

/** @returns how many records there were in all: a world in which nothing happens proves nothing */
function live(seedFirst: number, weather: Weather): number {
  let records = 0;
  for (let seed = seedFirst; seed < seedFirst + SEEDS; seed++) {
    const world = new EngineWorld(seed, weather);
    try {
      for (let step = 0; step < STEPS; step++) world.step();
      world.calm();
      world.check();
      world.checkRestored();
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error });
    }
    records += world.ledger.records.length;
  }
  return records;
}

describe("the hall keeps its promises", () => {
  test.each([
    ["in fair weather", { logFailPercent: 0, lostLinkPercent: 0, postsPerSecond: 10_000 }],
    ["when links are lost", { logFailPercent: 0, lostLinkPercent: 80, postsPerSecond: 10_000 }],
    ["when posts come too fast", { logFailPercent: 0, lostLinkPercent: 30, postsPerSecond: 10 }],
    ["when the log refuses", { logFailPercent: 25, lostLinkPercent: 0, postsPerSecond: 10_000 }],
    ["when all goes wrong", { logFailPercent: 15, lostLinkPercent: 60, postsPerSecond: 20 }],
  ])("%s", (name, weather) => {
    expect(live(name.length * 1_000, weather)).toBeGreaterThan(SEEDS * 20);
  });
});
