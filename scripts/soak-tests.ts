/**
 * `npm run soak -- tests`: the seeded worlds, kill loops and large files at lengths that do not fit
 * a test run. Each seed that fails prints the command that replays it. Some 20 GB of the disk are
 * needed for the files, and given back.
 */
const GIB = 1 << 30;
const SETTINGS = {
  CHAT_SAMPLES: "5000",
  CHAT_SEEDS: "20000",
  CHAT_SEALED_SEEDS: "5000",
  CHAT_CLUSTER_SEEDS: "5000",
  CHAT_KILLS: "100",
  CHAT_FILE_KILLS: "200",
  CHAT_TRANSFERS: "100",
  CHAT_CUT_MS: "60000",
  CHAT_WALK_BYTES: String(3 * GIB),
  CHAT_LARGE_BYTES: String(4 * GIB + 1),
  CHAT_FUZZ_REQUESTS: "100000",
  CHAT_PAGE_BYTES: String(GIB),
};
const SUITES = [
  "test/base",
  "test/wire",
  "test/core",
  "test/worlds",
  "test/fuzz",
  "test/io/log/log-real-disk.test.ts",
  "test/e2e/crash.test.ts",
  "test/e2e/files-crash.test.ts",
  "test/e2e/files-large.test.ts",
  "test/e2e/files-trouble.test.ts",
  "test/e2e/files-walk.test.ts",
  "test/e2e/udp-files.test.ts",
  "test/page/uploads.test.ts",
];

const child = Bun.spawn([process.execPath, "test", "--timeout", "3600000", ...SUITES], {
  // What is set outside counts: CHAT_SEEDS=100000 npm run soak -- tests.
  env: { ...SETTINGS, ...process.env },
  stdio: ["ignore", "inherit", "inherit"],
});
process.exit(await child.exited);
