import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * `npm test`: every test, in two passes. The first runs test files side by side; the second runs,
 * one at a time, the files of `SERIAL`. With arguments it is `bun test` of these, in one pass:
 * `npm test test/core`. The last lines are the totals of both passes, in the form of `bun test`;
 * `.ci/run` reads them.
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

interface Totals {
  readonly pass: number;
  readonly fail: number;
  readonly skip: number;
}

const NONE: Totals = { pass: 0, fail: 0, skip: 0 };

/** From a JUnit report: `<testsuites tests="9" failures="1" skipped="0">`. */
function totalsIn(report: string, exitCode: number): Totals {
  const text = existsSync(report) ? readFileSync(report, "utf8") : "";
  const [head = ""] = /<testsuites [^>]*>/.exec(text) ?? [];
  const number = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [tests, failures, skip] = [number("tests"), number("failures"), number("skipped")];
  // A file that cannot be loaded, and an error between two tests, are in the exit code alone.
  const fail = exitCode === 0 ? failures : Math.max(1, failures);
  return { pass: tests - failures - skip, fail, skip };
}

/** The output is inherited: a process that a test left behind would keep a pipe open. */
async function run(args: readonly string[], report?: string): Promise<number> {
  const reporting =
    report === undefined ? [] : ["--reporter=junit", `--reporter-outfile=${report}`];
  const child = Bun.spawn([process.execPath, "test", "--timeout", "60000", ...reporting, ...args], {
    cwd: ROOT,
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

async function runAll(timings: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "chat-tests-"));
  // One more than there are cores: a test waits for other processes half of its time.
  const workers = Math.min(WORKERS_MAX, availableParallelism() + 1);
  const serial = Object.keys(SERIAL);
  // Without --no-isolate each file gets fresh globals, which breaks node:quic inside Bun 1.4.
  const passes = [
    [`--parallel=${workers}`, "--no-isolate", ...timings].concat(
      serial.map((path) => `--path-ignore-patterns=${path}`),
    ),
    serial,
  ];
  let totals = NONE;
  for (const [at, args] of passes.entries()) {
    if (isInterrupted) break;
    const report = join(folder, `${at}.xml`);
    const exitCode = await run(args, report);
    totals = plus(totals, totalsIn(report, exitCode));
  }
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(
    `\nboth passes:\n ${totals.pass} pass\n ${totals.skip} skip\n ${totals.fail} fail\n`,
  );
  return totals.fail === 0 && totals.pass > 0 ? 0 : 1;
}

const args = process.argv.slice(2);
const isMeasured = args.length === 1 && args[0] === "--update-timings";
const timings = [`--timings=${TIMINGS}`, ...(isMeasured ? ["--update-timings"] : [])];
const exitCode = args.length > 0 && !isMeasured ? await run(args) : await runAll(timings);
process.exit(isInterrupted ? 130 : exitCode);
