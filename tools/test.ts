import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { removeFolder } from "../test/remove-folder.ts";
import { changedFiles, ImportGraph } from "./affected-tests.ts";
import { ALLOCATOR } from "./allocator.ts";
import { type Case, parseCases, parseTotals, settleSteadiness, type Totals } from "./junit.ts";
import { formatSkippedTests } from "./skipped-tests.ts";

/**
 * `npm test` runs the in-process tests and a smoke test of the binary. `npm run test:all` runs all
 * tests: in parallel, then the files of `SERIAL` one at a time; with `--rest` only those that `npm
 * test` omits. `npm test test/core` passes its arguments to `bun test`. `npm test -- --changed
 * [COMMIT]` runs the tests that the changes since a commit can affect; `npm run test:all --
 * --update-timings` also records the duration of each file. Files of `REPEATED` that fail run a
 * second time alone, because a busy machine delays browsers by minutes; the output lists the tests
 * that pass only then as unsteady. It prints failures alone, then the tests skipped for lack of a
 * program, and the totals, which `.ci/run` reads. All tests share one temporary folder, so that
 * nothing remains of a test that was killed.
 */

const ROOT = join(import.meta.dir, "..");
const TIMINGS = "test/timings.json";
/** Limits memory: a file may start a browser and servers. */
const WORKERS_MAX = 4;

/**
 * Tests that start the binary, a browser or other programs, or try every request as an attack; `npm
 * test` omits them.
 */
const OUT_OF_PROCESS = ["e2e", "fuzz", "hostile", "io/nats", "page", "release"].map(
  (folder) => `test/${folder}/**`,
);

/** Tests that wait for the system: its sockets, disks and programs. */
const REPEATED = [...OUT_OF_PROCESS, "test/io/**", "test/cli/**"];

/** More failed files have another cause than the load of the machine. */
const REPEATED_FILES_MAX = 8;

/** Files that cannot run in parallel with others, and the reason. */
const SERIAL: Readonly<Record<string, string>> = {
  "test/e2e/discovery.test.ts": "servers announce themselves on the port of multicast DNS, 5353",
  "test/e2e/lan.test.ts": "all processes share the machine's multicast groups",
};

const ZERO_TOTALS: Totals = { pass: 0, fail: 0, skip: 0 };

/** The seed is fixed, so that a new failure points to a code change. */
const SAMPLES_SEED = "1";

// A terminal's Ctrl-C also reaches the tests; wait for them to end.
let isInterrupted = false;
process.on("SIGINT", () => {
  isInterrupted = true;
});

interface Run {
  readonly exitCode: number;
  /** JUnit report; empty if the run crashed. */
  readonly report: string;
}

/** Inherits the output, because a process left behind by a test would keep a pipe open. */
async function run(args: readonly string[], folder: string, name: string): Promise<Run> {
  const path = join(folder, `${name}.xml`);
  const reporting = ["--only-failures", "--reporter=junit", `--reporter-outfile=${path}`];
  const child = Bun.spawn(
    [process.execPath, "test", "--timeout", "300000", ...reporting, ...args],
    {
      cwd: ROOT,
      env: { CHAT_SAMPLES_SEED: SAMPLES_SEED, ...ALLOCATOR, ...process.env, TMPDIR: folder },
      stdio: ["inherit", "inherit", "inherit"],
    },
  );
  const stop = () => child.kill("SIGTERM");
  process.on("SIGTERM", stop);
  const exitCode = await child.exited;
  process.off("SIGTERM", stop);
  return {
    exitCode: child.signalCode === null ? exitCode : 1,
    report: existsSync(path) ? readFileSync(path, "utf8") : "",
  };
}

function plus(a: Totals, b: Totals): Totals {
  return { pass: a.pass + b.pass, fail: a.fail + b.fail, skip: a.skip + b.skip };
}

function parallel(timings: readonly string[], ...ignored: readonly string[]): string[] {
  // A file waits for a third of its time, and keeps a core busy for the rest.
  const workers = Math.min(WORKERS_MAX, availableParallelism() + 1);
  const patterns = ignored.map((path) => `--path-ignore-patterns=${path}`);
  // Without --no-isolate each file gets new globals, which breaks node:quic in Bun 1.4.
  return [`--parallel=${workers}`, "--no-isolate", ...timings, ...patterns];
}

function filesToRepeat(cases: readonly Case[]): string[] {
  const failed = new Set(cases.filter(({ failure }) => failure !== undefined).map((c) => c.file));
  const files = [...failed].filter((file) =>
    REPEATED.some((pattern) => new Bun.Glob(pattern).match(file)),
  );
  return files.length === failed.size && files.length <= REPEATED_FILES_MAX ? files : [];
}

function failedTests(cases: readonly Case[]): string {
  return cases
    .filter(({ failure }) => failure !== undefined)
    .map(({ file, title, failure = "" }) => `\nFAILED: ${file}: ${title}\n${failure.trim()}\n`)
    .join("");
}

async function runAll(passes: readonly (readonly string[])[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "chat-tests-"));
  // Tests that give up the privileges of root use the folder as well.
  chmodSync(folder, 0o1777);
  let totals = ZERO_TOTALS;
  let cases: Case[] = [];
  for (const [at, args] of passes.entries()) {
    if (isInterrupted) break;
    const { exitCode, report } = await run(args, folder, `${at}`);
    totals = plus(totals, parseTotals(report, exitCode));
    cases.push(...parseCases(report));
  }
  const repeated = isInterrupted ? [] : filesToRepeat(cases);
  if (repeated.length > 0) {
    process.stderr.write(failedTests(cases));
    process.stderr.write(`\nrepeats ${repeated.join(", ")}\n`);
    const { exitCode, report } = await run(repeated, folder, "repeated");
    const second = parseCases(report);
    // An error between tests appears only in the exit code.
    const isExplained = (exitCode !== 0) === second.some(({ failure }) => failure !== undefined);
    const settled = settleSteadiness(cases, isExplained ? second : []);
    cases = settled.cases;
    totals = plus(totals, {
      pass: settled.unsteady.length,
      fail: -settled.unsteady.length,
      skip: 0,
    });
    for (const { file, title } of settled.unsteady)
      process.stderr.write(`\nUNSTEADY, passed only alone: ${file}: ${title}\n`);
  }
  removeFolder(folder);
  process.stderr.write(failedTests(cases));
  process.stderr.write(formatSkippedTests(cases));
  process.stderr.write(
    `\ntotal:\n ${totals.pass} pass\n ${totals.skip} skip\n ${totals.fail} fail\n`,
  );
  return totals.fail === 0 && totals.pass > 0 ? 0 : 1;
}

/** Bun retains the timings of deleted files. */
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
const options = ["--all", "--rest", "--update-timings"];
const has = (option: string) => args.includes(option);
const timings = [`--timings=${TIMINGS}`, ...(has("--update-timings") ? ["--update-timings"] : [])];

const others = args.filter((arg) => !options.includes(arg));

function passes(): string[][] {
  const serial = Object.keys(SERIAL);
  if (args[0] === "--changed") return [new ImportGraph().affectedTests(changedFiles(args[1]))];
  if (!options.some(has))
    return [others.length > 0 ? others : parallel(timings, ...OUT_OF_PROCESS)];
  const isRest = has("--rest");
  const folders = isRest ? OUT_OF_PROCESS.map((pattern) => pattern.replace("**", "")) : [];
  return [
    [...parallel(timings, ...serial), ...folders, ...others],
    [...serial, ...others],
  ];
}

const exitCode = await runAll(passes());
if (has("--update-timings")) removeOldTimings();
process.exit(isInterrupted ? 130 : exitCode);
