import { expect, test } from "bun:test";
import { ASKED_BY_SEALED } from "../asked.ts";
import { runFleet, runWorlds } from "../fleet.ts";

/** `npm run soak -- tests` runs thousands. */
const SEEDS = Number(process.env["CHAT_SEALED_SEEDS"] ?? 100);
const ONLY = process.env["CHAT_SEED"];
const FIRST = Number(ONLY ?? process.env["CHAT_SEED_FIRST"] ?? 1);
const LAST = ONLY === undefined ? FIRST + SEEDS - 1 : FIRST;
/** A world takes 0.15 s; a busy machine may need ten times as long. */
const TIMEOUT_MS = 60_000 + SEEDS * 2_000;
const RUNNER = `${import.meta.dir}/world-process.ts`;

test(
  `worlds of sealed rooms ${FIRST} to ${LAST}: all agree, and read what was said to them alone`,
  async () => {
    const asked = new Set<string>();
    const options = { test: "test/worlds/sealed", runner: RUNNER, asked };
    expect(await runFleet(FIRST, LAST, options)).toBe("");
    if (ONLY === undefined) expect(ASKED_BY_SEALED.filter((kind) => !asked.has(kind))).toEqual([]);
  },
  TIMEOUT_MS,
);

test("a seed is a world: twice the same, word for word", async () => {
  for (const seed of [FIRST, FIRST + 1, FIRST + 2]) {
    const run = () => runWorlds(seed, seed, { runner: RUNNER });
    const [one, other] = await Promise.all([run(), run()]);
    expect(one).toEqual(other);
    expect(one[0]?.digest).toHaveLength(64);
  }
}, 60_000);
