/**
 * `npm run soak`: the seeded worlds and kill loops at lengths that do not fit a test run. Each seed
 * that fails prints the command that replays it.
 */
const SETTINGS = { CHAT_SEEDS: "20000", CHAT_KILLS: "100" };
const SUITES = ["test/worlds", "test/io/log-real-disk.test.ts"];

const child = Bun.spawn([process.execPath, "test", "--timeout", "3600000", ...SUITES], {
  // What is set outside counts: CHAT_SEEDS=100000 npm run soak.
  env: { ...SETTINGS, ...process.env },
  stdio: ["ignore", "inherit", "inherit"],
});
process.exit(await child.exited);
