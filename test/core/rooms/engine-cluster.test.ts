import { expect, test } from "bun:test";
import type { Weather } from "../troubled-log.ts";
import { EngineWorld } from "./engine-world.ts";

const SEEDS = 300;
const STEPS = 500;

/** @returns how many records there were in all: a world in which nothing happens proves nothing */
function live(seedFirst: number, weather: Weather, nodes: number): number {
  let records = 0;
  for (let seed = seedFirst; seed < seedFirst + SEEDS; seed++) {
    const world = new EngineWorld(seed, weather, nodes);
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
  expect(live(name.length * 1_000, weather, nodes)).toBeGreaterThan(SEEDS * 20);
});
