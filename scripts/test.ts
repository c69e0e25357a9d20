import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { changedFiles, ImportGraph } from "./affected-tests.ts";
import { type Case, casesIn, type Totals, totalsIn } from "./junit.ts";
import { skippedForPrograms } from "./skipped-tests.ts";

/**
 * `npm test`: every test, in two passes. The first runs test files side by side; the second runs,
 * one at a time, the files of `SERIAL`. Failed tests of `REAL_TIME` in a few files are run once
 * more, these files alone, and named whatever comes of it. With arguments it is `bun test` of
 * these, in one pass: `npm test test/core`. `npm test -- --changed [COMMIT]` runs the tests that
 * the changes since a commit can affect. Then come the tests that were skipped for lack of a
 * program. The last lines are the totals, in the form of `bun test`; `.ci/run` reads them.
 */

const ROOT = join(import.meta.dir, "..");
/** How long each test file took: the slowest start first. `--update-timings` measures anew. */
const TIMINGS = "test/timings.json";
/** More at once would need much memory: a file may start a browser and servers. */
const WORKERS_MAX = 4;

/** Files that need the machine to themselves, and why. */
const SERIAL: Readonly<Record<string, string>> = {
  "test/e2e/discovery.test.ts": "servers announce themselves on the port of multicast DNS, 5353",
  "test/e2e/lan.test.ts": "all processes share the machine's multicast groups",
};

// A terminal's Ctrl-C reaches the tests, too: they end, and we wait for that.
let isInterrupted = false;
process.on("SIGINT", () => {
  isInterrupted = true;
});

/**
 * Tests of real processes, browsers, terminals and clocks: what the machine does beside them can
 * fail them. All others are told by their seed alone, and get no second run.
 */
const REAL_TIME = /^test\/(e2e|page|io|server|client)\//;
/** More files are no accident of the machine; in one of them the first may fail the rest. */
const FLAKY_FILES_MAX = 3;

const NONE: Totals = { pass: 0, fail: 0, skip: 0 };

/** Properties draw the same samples in each run: a failure tells of a change. */
const SAMPLES_SEED = "1";

function textOf(report: string): string {
  return existsSync(report) ? readFileSync(report, "utf8") : "";
}

/** The output is inherited: a process that a test left behind would keep a pipe open. */
async function run(args: readonly string[], report?: string): Promise<number> {
  const reporting =
    report === undefined ? [] : ["--reporter=junit", `--reporter-outfile=${report}`];
  const child = Bun.spawn([process.execPath, "test", "--timeout", "60000", ...reporting, ...args], {
    cwd: ROOT,
    env: { CHAT_SAMPLES_SEED: SAMPLES_SEED, ...process.env },
    stdio: ["inherit", "inherit", "inherit"],
  });
  const stop = () => child.kill("SIGTERM");
  process.on("SIGTERM", stop);
  const exitCode = await child.exited;
  process.off("SIGTERM", stop);
  return child.signalCode === null ? exitCode : 1;
}

function plus(a: Totals, b: Totals): Totals {
  return { pass: a.pass + b.pass, fail: a.fail + b.fail, skip: a.skip + b.skip };
}

/** How many of them pass when their file runs once more, with the machine to itself. */
async function passedAlone(failures: readonly Case[]): Promise<number> {
  const files = new Set(failures.map(({ file }) => file).filter((file) => REAL_TIME.test(file)));
  const passing = new Set<string>();
  if (!isInterrupted && files.size <= FLAKY_FILES_MAX) {
    for (const file of files) {
      if ((await run([file])) === 0) passing.add(file);
    }
  }
  for (const { file, title, failure = "" } of failures) {
    const verdict = passing.has(file) ? "FLAKY, failed once and passed alone" : "FAILED";
    process.stderr.write(`\n${verdict}: ${file}: ${title}\n${failure.trim()}\n`);
  }
  return failures.filter((failure) => passing.has(failure.file)).length;
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

/** Runs the passes one after the other. @returns the exit code */
async function runAll(passes: readonly (readonly string[])[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "chat-tests-"));
  let totals = NONE;
  const cases: Case[] = [];
  for (const [at, args] of passes.entries()) {
    if (isInterrupted) break;
    const report = join(folder, `${at}.xml`);
    const exitCode = await run(args, report);
    const text = textOf(report);
    totals = plus(totals, totalsIn(text, exitCode));
    cases.push(...casesIn(text));
  }
  rmSync(folder, { recursive: true, force: true });
  const failures = cases.filter(({ failure }) => failure !== undefined);
  // A failure outside of a test (a file that does not load, an error between two) stays one.
  const saved = totals.fail === failures.length ? await passedAlone(failures) : 0;
  totals = { ...totals, pass: totals.pass + saved, fail: totals.fail - saved };
  process.stderr.write(skippedForPrograms(cases));
  process.stderr.write(
    `\nin all:\n ${totals.pass} pass\n ${totals.skip} skip\n ${totals.fail} fail\n`,
  );
  return totals.fail === 0 && totals.pass > 0 ? 0 : 1;
}

const args = process.argv.slice(2);
const isMeasured = args.length === 1 && args[0] === "--update-timings";
const timings = [`--timings=${TIMINGS}`, ...(isMeasured ? ["--update-timings"] : [])];
const isChanged = args[0] === "--changed";
const changed = isChanged ? new ImportGraph().affectedTests(changedFiles(args[1])) : undefined;
const isAll = args.length === 0 || isMeasured;
const exitCode = await runAll(isAll ? allPasses(timings) : [changed ?? args]);
process.exit(isInterrupted ? 130 : exitCode);
