/**
 * `npm run soak -- sealed`: groups of sealed rooms under random changes, far longer than a test
 * run. To be run after each change of the library's version. Each seed prints how much it did; one
 * that fails is replayed with `CHAT_SEED=N npm run soak -- sealed`. An hour and a half on a core.
 */
const SETTINGS = {
  CHAT_SEEDS: "20",
  CHAT_SEALED_CHANGES: "300",
  CHAT_SEALED_USERS: "40",
};

const suite = "test/crypto/seal/fuzz.test.ts";
const child = Bun.spawn([process.execPath, "test", "--timeout", "3600000", suite], {
  env: { ...SETTINGS, ...process.env },
  stdio: ["ignore", "inherit", "inherit"],
});
process.exit(await child.exited);
