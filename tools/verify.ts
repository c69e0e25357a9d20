/**
 * `npm run verify`: checks format, lint, types and unused code, and runs the fast tests.
 * `--no-tests` omits them, and makes the slow checks as well.
 */
import { existsSync, globSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { ALLOCATOR } from "./allocator.ts";

const ROOT = join(import.meta.dir, "..");
/** Only npm has this folder in PATH. */
const PROGRAMS = join(ROOT, "node_modules/.bin");
const FAST_TESTS = [
  ...["tidy", "docs", "base", "wire", "core", "client", "ui", "cli", "commands", "web", "bench"],
];
/** Together they need a third of the CPU time, and `npm test` runs them. */
const SLOW_TESTS: readonly string[] = [
  // Each device makes keys.
  "test/client/sealed/",
  // Each sender makes keys, and announces itself on a network.
  "test/cli/share/",
  "test/cli/serve/certificates.test.ts",
  // Files of many chunks over simulated links.
  "test/client/transfers.test.ts",
  "test/client/uploads.test.ts",
  "test/web/transfers.test.ts",
  // Writes programs of 100 MB.
  "test/bench/runtime.test.ts",
  "test/cli/release/",
];
/** Unused code of tests and tools. */
const SLOW_CHECK = "unused code";
/** Each run draws other samples, so many short runs find what one long run finds. */
const SAMPLES_PART = "0.1";
/** An unchanged file is not checked again. */
const CACHE = join(ROOT, "node_modules/.cache");

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  tests: [
    ...[process.execPath, "test", "--timeout", "300000", "--parallel=2", "--no-isolate"],
    ...fastTests(),
  ],
  types: ["tsc", "--noEmit", "--incremental", "--tsBuildInfoFile", `${CACHE}/all.tsbuildinfo`],
  "types of the page": [
    ...["tsc", "--noEmit", "-p", "src/web"],
    ...["--incremental", "--tsBuildInfoFile", `${CACHE}/page.tsbuildinfo`],
  ],
  "format and lint": ["biome", "check", "."],
  [SLOW_CHECK]: ["knip"],
  "unused code in production": ["knip", "--production"],
};

/** npm omits the parser's binary if Node is older than 20.19, which knip needs. */
const PARSERS = join(ROOT, "node_modules/@oxc-parser");
const hasKnip = existsSync(PARSERS) && readdirSync(PARSERS).length > 0;

const started = performance.now();
const seconds = () => ((performance.now() - started) / 1000).toFixed(0);

async function passes(name: string, [program = "", ...args]: readonly string[]): Promise<boolean> {
  const child = Bun.spawn([resolve(PROGRAMS, program), ...args], {
    cwd: ROOT,
    env: { ...ALLOCATOR, CHAT_SAMPLES_PART: SAMPLES_PART, ...process.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const isPassed = (await child.exited) === 0;
  if (!isPassed) process.stderr.write(`${out}${error}`);
  process.stderr.write(`${isPassed ? "passed" : "FAILED"} after ${seconds()} s: ${name}\n`);
  return isPassed;
}

function fastTests(): string[] {
  const found = FAST_TESTS.flatMap((name) =>
    globSync([`test/${name}.test.ts`, `test/${name}/**/*.test.ts`], { cwd: ROOT }),
  );
  return found.filter((path) => !SLOW_TESTS.some((slow) => path.startsWith(slow)));
}

function isWanted([name, [program]]: [string, readonly string[]]): boolean {
  const isComplete = process.argv.includes("--no-tests");
  if (name === "tests") return !isComplete;
  if (name === SLOW_CHECK && !isComplete) return false;
  if (program !== "knip" || hasKnip) return true;
  process.stderr.write(`skipped, needs Node 20.19 for knip: ${name}\n`);
  return false;
}

const results = Object.entries(CHECKS)
  .filter(isWanted)
  .map(([name, command]) => passes(name, command));
process.exit((await Promise.all(results)).every(Boolean) ? 0 : 1);
