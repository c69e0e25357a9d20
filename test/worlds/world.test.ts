import { describe, expect, test } from "bun:test";
import { unasked } from "./asked.ts";
import { runFleet, runWorlds } from "./fleet.ts";
import { PLANTED } from "./planted.ts";

/** Each planted bug below fails one of the first ten; `npm run soak` runs 20,000. */
const SEEDS = Number(process.env["CHAT_SEEDS"] ?? 250);
const ONLY = process.env["CHAT_SEED"];
const FIRST = Number(ONLY ?? process.env["CHAT_SEED_FIRST"] ?? 1);
const LAST = ONLY === undefined ? FIRST + SEEDS - 1 : FIRST;
/** A world takes 80 ms; a busy machine may need ten times as long. */
const TIMEOUT_MS = 60_000 + SEEDS * 800;

test(
  `worlds ${FIRST} to ${LAST}: nothing promised is broken, and after the faults all agree`,
  async () => {
    const asked = new Set<string>();
    expect(await runFleet(FIRST, LAST, { test: "test/worlds/world.test.ts", asked })).toBe("");
    if (ONLY === undefined) expect(unasked(asked)).toEqual([]);
  },
  TIMEOUT_MS,
);

test("a seed is a world: twice the same, word for word", async () => {
  for (const seed of [FIRST, FIRST + 1, FIRST + 2]) {
    const [one, other] = await Promise.all([runWorlds(seed, seed), runWorlds(seed, seed)]);
    expect(one).toEqual(other);
    expect(one[0]?.digest).toHaveLength(64);
  }
});

describe("a wrong program is caught", () => {
  test.each(Object.keys(PLANTED))(
    "%s",
    async (bug) => {
      const outcomes = await runWorlds(1, 2_000, { bug });
      expect(outcomes[0]?.kind).toBe("failed");
    },
    TIMEOUT_MS,
  );
});
