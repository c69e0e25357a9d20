import { describe, expect, test } from "bun:test";
import { runFleet, runWorlds } from "../fleet.ts";
import { PLANTED } from "./planted.ts";

/** Each planted bug below fails one of the first; `npm run soak -- tests` runs thousands. */
const SEEDS = Number(process.env["CHAT_CLUSTER_SEEDS"] ?? 80);
const ONLY = process.env["CHAT_SEED"];
const FIRST = Number(ONLY ?? process.env["CHAT_SEED_FIRST"] ?? 1);
const LAST = ONLY === undefined ? FIRST + SEEDS - 1 : FIRST;
/** A world takes 0.2 s; a busy machine may need ten times as long. */
const TIMEOUT_MS = 60_000 + SEEDS * 2_000;
const RUNNER = `${import.meta.dir}/world-process.ts`;

test(
  `worlds of several servers ${FIRST} to ${LAST}: nothing is lost or doubled, and all are one`,
  async () => {
    expect(await runFleet(FIRST, LAST, { test: "test/worlds/cluster", runner: RUNNER })).toBe("");
  },
  TIMEOUT_MS,
);

test("a seed is a world: twice the same, word for word", async () => {
  const run = () => runWorlds(FIRST, FIRST, { runner: RUNNER });
  const [one, other] = await Promise.all([run(), run()]);
  expect(one).toEqual(other);
  expect(one[0]?.digest).toHaveLength(64);
}, 60_000);

describe("a wrong program is caught", () => {
  test.each(Object.keys(PLANTED))(
    "%s",
    async (bug) => {
      const outcomes = await runWorlds(1, 200, { bug, runner: RUNNER });
      expect(outcomes[0]?.kind).toBe("failed");
    },
    TIMEOUT_MS,
  );
});
