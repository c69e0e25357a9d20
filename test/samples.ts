import fc from "fast-check";

/**
 * What bunfig.toml loads before the tests: how properties draw their samples. `npm test` names a
 * seed, so that the same program passes or fails each time; without one each run looks elsewhere,
 * and CHAT_SAMPLES=5000 looks longer.
 */
const { CHAT_SAMPLES_SEED, CHAT_SAMPLES } = process.env;
fc.configureGlobal({
  ...(CHAT_SAMPLES_SEED === undefined ? {} : { seed: Number(CHAT_SAMPLES_SEED) }),
  ...(CHAT_SAMPLES === undefined ? {} : { numRuns: Number(CHAT_SAMPLES) }),
});
