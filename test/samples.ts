import fc from "fast-check";

/**
 * Sizes of sampled tests. `npm test` tries a fixed sample, so that a failure points to a change;
 * `npm run soak -- tests` tries everything. bunfig.toml loads this file before the tests.
 *
 * Variables: `CHAT_SOAK=1` selects complete runs, `CHAT_SAMPLES=n` the number of samples,
 * `CHAT_SAMPLES_PART=0.1` a part of the usual number, `CHAT_SEED=n` the first seed, and
 * `CHAT_SAMPLES_SEED=n` the seed of properties.
 */
export const IS_SOAK = process.env["CHAT_SOAK"] === "1";

/** First seed of seeded tests: `CHAT_SEED=17 CHAT_SAMPLES=1` replays one. */
export const FIRST_SEED = Number(process.env["CHAT_SEED"] ?? 1);

export function sampleSize(usual: number, full: number): number {
  const { CHAT_SAMPLES, CHAT_SAMPLES_PART = "1" } = process.env;
  if (CHAT_SAMPLES !== undefined) return Number(CHAT_SAMPLES);
  return IS_SOAK ? full : Math.ceil(usual * Number(CHAT_SAMPLES_PART));
}

/** Step of exhaustive sweeps over bits or writes. A prime number reaches each of a byte's bits. */
export const SWEEP_STEP = IS_SOAK ? 1 : 13;

const { CHAT_SAMPLES_SEED } = process.env;
fc.configureGlobal({
  ...(CHAT_SAMPLES_SEED === undefined ? {} : { seed: Number(CHAT_SAMPLES_SEED) }),
  numRuns: sampleSize(100, 2_000),
});
