import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { changedFiles, ImportGraph } from "./affected-tests.ts";
import { type Case, casesIn, type Totals, totalsIn } from "./junit.ts";
import { skippedForPrograms } from "./skipped-tests.ts";

/**
 * `npm test`: all tests in two passes. The first runs test files in parallel; the second runs those
 * of `SERIAL` one at a time. With arguments it runs `bun test` on these in one pass: `npm test
 * test/core`. `npm test -- --changed [COMMIT]` runs the tests that the changes since a commit can
 * affect; `npm test -- --update-timings` also records how long each file took. The output ends with
 * the failed tests, the tests skipped for lack of a program, and the totals, which `.ci/run` reads.
 */

const ROOT = join(import.meta.dir, "..");
/** Milliseconds of each test file: the runner starts the slowest first. */
const TIMINGS = "test/timings.json";
/** More at once would need much memory: a file may start a browser and servers. */
const WORKERS_MAX = 4;

/** Files that need the machine to themselves, and why. */
const SERIAL: Readonly<Record<string, string>> = {
  "test/e2e/discovery.test.ts": "servers announce themselves on the port of multicast DNS, 5353",
  "test/e2e/lan.test.ts": "all processes share the machine's multicast groups",
};

const NONE: Totals = { pass: 0, fail: 0, skip: 0 };

/** Properties draw the same samples in each run, so that a failure points to a change. */
const SAMPLES_SEED = "1";

// A terminal's Ctrl-C also reaches the tests; wait for them to end.
let isInterrupted = false;
process.on("SIGINT", () => {
  isInterrupted = true;
});

/** The child inherits the output: a process that a test left behind would keep a pipe open. */
async function run(args: readonly string[], report: string): Promise<number> {
  const reporting = ["--reporter=junit", `--reporter-outfile=${report}`];
  const child = Bun.spawn(
    [process.execPath, "test", "--timeout", "300000", ...reporting, ...args],
    {
      cwd: ROOT,
      env: { CHAT_SAMPLES_SEED: SAMPLES_SEED, ...process.env },
      stdio: ["inherit", "inherit", "inherit"],
    },
  );
  const stop = () => child.kill("SIGTERM");
  process.on("SIGTERM", stop);
  const exitCode = await child.exited;
  process.off("SIGTERM", stop);
  return child.signalCode === null ? exitCode : 1;
}

function plus(a: Totals, b: Totals): Totals {
  return { pass: a.pass + b.pass, fail: a.fail + b.fail, skip: a.skip + b.skip };
}

/** Arguments of `bun test` for each pass over all tests. */
function allPasses(timings: readonly string[]): string[][] {
  // One more than there are cores: a test waits for other processes half of its time.
  const workers = Math.min(WORKERS_MAX, availableParallelism() + 1);
  const serial = Object.keys(SERIAL);
  const ignored = serial.map((path) => `--path-ignore-patterns=${path}`);
  // Without --no-isolate each file gets fresh globals, which breaks node:quic inside Bun 1.4.
  return [[`--parallel=${workers}`, "--no-isolate", ...timings, ...ignored], serial];
}

function failedTests(cases: readonly Case[]): string {
  return cases
    .filter(({ failure }) => failure !== undefined)
    .map(({ file, title, failure = "" }) => `\nFAILED: ${file}: ${title}\n${failure.trim()}\n`)
    .join("");
}

/** Runs the passes one after the other. @returns the exit code */
async function runAll(passes: readonly (readonly string[])[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "chat-tests-"));
  let totals = NONE;
  const cases: Case[] = [];
  for (const [at, args] of passes.entries()) {
    if (isInterrupted) break;
    const report = join(folder, `${at}.xml`);
    const exitCode = await run(args, report);
    const text = existsSync(report) ? readFileSync(report, "utf8") : "";
    totals = plus(totals, totalsIn(text, exitCode));
    cases.push(...casesIn(text));
  }
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(failedTests(cases));
  process.stderr.write(skippedForPrograms(cases));
  process.stderr.write(
    `\nin all:\n ${totals.pass} pass\n ${totals.skip} skip\n ${totals.fail} fail\n`,
  );
  return totals.fail === 0 && totals.pass > 0 ? 0 : 1;
}

/** Bun keeps the times of files that are gone. */
function removeOldTimings(): void {
  const timings = JSON.parse(readFileSync(join(ROOT, TIMINGS), "utf8"));
  const files = Object.entries<number>(timings.files).filter(([path]) =>
    existsSync(join(ROOT, path)),
  );
  writeFileSync(
    join(ROOT, TIMINGS),
    `${JSON.stringify({ ...timings, files: Object.fromEntries(files) }, null, 2)}\n`,
  );
}

const args = process.argv.slice(2);
const isMeasured = args.length === 1 && args[0] === "--update-timings";
const timings = [`--timings=${TIMINGS}`, ...(isMeasured ? ["--update-timings"] : [])];
const isChanged = args[0] === "--changed";
const changed = isChanged ? new ImportGraph().affectedTests(changedFiles(args[1])) : undefined;
const isAll = args.length === 0 || isMeasured;
const exitCode = await runAll(isAll ? allPasses(timings) : [changed ?? args]);
if (isMeasured) removeOldTimings();
process.exit(isInterrupted ? 130 : exitCode);
