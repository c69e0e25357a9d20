import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { repositorySources, type Source } from "../test/tidy/source.ts";
import { randomOf } from "../test/worlds/disk-world.ts";
import { ImportGraph } from "./affected-tests.ts";
import { ALLOCATOR } from "./allocator.ts";

/**
 * Mutation testing, `npm run mutants`: plants one fault at a time in a copy of the tree and runs
 * the in-process tests that import the file until one fails. A fault that no test detects survives.
 *
 * npm run mutants -- [--seed N] [--count N] [--folder PATH]... [--jobs N] [--record]
 *
 * `--folder` is a folder or a file. `--record` writes the result to `bench/mutants.md` and retains
 * the remarks in that file, which are written by hand, as long as their fault survives.
 */

const ROOT = join(import.meta.dir, "..");
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "100" },
    folder: {
      type: "string",
      multiple: true,
      default: ["src/core", "src/wire", "src/io/log", "src/server"],
    },
    jobs: { type: "string", default: String(availableParallelism()) },
    record: { type: "boolean", default: false },
  },
});
const IN_PROCESS =
  /^test\/(?:base|bench|client|commands|core|crypto|io|server|web|wire|worlds|fuzz)\//;
const TIMINGS: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(join(ROOT, "test/timings.json"), "utf8"),
).files;
/** Assumed duration of files missing from `test/timings.json`, which omits the fastest. */
const TEST_MS_MIN = 400;
/** Limit for tests outside the fault's folder; tests in its folder always run. */
const TESTS_MS_MAX = 5_000;
/** Each stage is a separate process; most faults are detected in the first. */
const STAGES_MS: readonly number[] = [1_000, 5_000];
/** CPU time is independent of other load; deadlocks end with the test's timeout. */
const CPU_SECONDS_MIN = 5;
const TEST_TIMEOUT_MS = 30_000;

const FAULTS: readonly (readonly [kind: string, pattern: RegExp, replacement: string])[] = [
  ["throw", /\bthrow (?=new |[a-z])/g, "void "],
  ["comparison", / < /g, " <= "],
  ["comparison", / <= /g, " < "],
  ["comparison", / > /g, " >= "],
  ["comparison", / >= /g, " > "],
  ["comparison", / === /g, " !== "],
  ["comparison", / !== /g, " === "],
  ["bound", / \+ 1\b/g, " + 2"],
  ["bound", / - 1\b/g, " - 2"],
  ["logic", / && /g, " || "],
  ["logic", / \|\| /g, " && "],
  ["await", /\bawait (?!using)/g, ""],
];

interface Mutant {
  readonly path: string;
  readonly line: number;
  readonly kind: string;
  readonly index: number;
  readonly original: string;
  readonly replacement: string;
}

function mutantsOf({ path, code }: Source): Mutant[] {
  return FAULTS.flatMap(([kind, pattern, replacement]) =>
    [...code.matchAll(pattern)].flatMap(({ 0: original, index }): Mutant[] => {
      const lineStart = code.lastIndexOf("\n", index) + 1;
      const isType = /^\s*(?:export )?(?:type|interface|import|readonly)\b/.test(
        code.slice(lineStart),
      );
      const line = code.slice(0, index).split("\n").length;
      return isType ? [] : [{ path, line, kind, index, original, replacement }];
    }),
  );
}

function sample<Item>(items: readonly Item[], count: number, random: () => number): Item[] {
  const remaining = [...items];
  const picked: Item[] = [];
  while (picked.length < count && remaining.length > 0) {
    picked.push(...remaining.splice(Math.floor(random() * remaining.length), 1));
  }
  return picked;
}

const graph = new ImportGraph();

const durationMs = (test: string) => Math.max(TEST_MS_MIN, TIMINGS[test] ?? 0);

/** The file's own tests, then those in its folder, then others; each group fastest first. */
function testsOf(path: string): string[] {
  const own = path.replace(/^src/, "test").replace(/\.tsx?$/, ".test.ts");
  const rankOf = (test: string) => (test === own ? 0 : dirname(test) === dirname(own) ? 1 : 2);
  let sum = 0;
  return graph
    .affectedTests([path])
    .filter((test) => IN_PROCESS.test(test))
    .sort((a, b) => rankOf(a) - rankOf(b) || durationMs(a) - durationMs(b))
    .filter((test) => {
      if (rankOf(test) === 2) sum += durationMs(test);
      return sum <= TESTS_MS_MAX;
    });
}

function stagesOf(tests: readonly string[]): string[][] {
  const stages: string[][] = [[]];
  let sum = 0;
  for (const test of tests) {
    const end = STAGES_MS[stages.length - 1] ?? Number.POSITIVE_INFINITY;
    if (sum > 0 && sum + durationMs(test) > end) {
      stages.push([]);
      sum = 0;
    }
    stages.at(-1)?.push(test);
    sum += durationMs(test);
  }
  return stages;
}

async function testsPass(
  folder: string,
  tests: readonly string[],
  output: "ignore" | "inherit" = "ignore",
): Promise<boolean> {
  const expectedMs = tests.reduce((sum, test) => sum + durationMs(test), 0);
  const seconds = CPU_SECONDS_MIN + Math.ceil((3 * expectedMs) / 1_000);
  const args = ["test", "--no-isolate", "--bail", `--timeout=${TEST_TIMEOUT_MS}`];
  // With `./`, each argument selects exactly one file, in this order.
  const files = tests.map((test) => `./${test}`);
  const limited = ["sh", "-c", `ulimit -t ${seconds}; exec "$0" "$@"`, process.execPath];
  const child = Bun.spawn([...limited, ...args, ...files], {
    cwd: folder,
    env: { ...ALLOCATOR, ...process.env, CHAT_SAMPLES_SEED: "1" },
    stdio: ["ignore", output, output],
  });
  return (await child.exited) === 0;
}

async function survives(folder: string, tests: readonly string[]): Promise<boolean> {
  for (const stage of stagesOf(tests)) {
    if (!(await testsPass(folder, stage))) return false;
  }
  return true;
}

const NOT_COPIED = new Set([".git", "data", "dist", "node_modules"]);

function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-mutants-"));
  for (const name of readdirSync(ROOT)) {
    if (!NOT_COPIED.has(name)) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function describeFault({ original, replacement }: Mutant): string {
  if (replacement === "") return `without \`${original.trim()}\``;
  return `\`${original.trim()}\` to \`${replacement.trim()}\``;
}

function sourceLine({ path, line }: Mutant): string {
  return readFileSync(join(ROOT, path), "utf8").split("\n")[line - 1]?.trim() ?? "";
}

function rowKey(row: string): string {
  return row.replace(/:\d+ \|/, " |").replace(/ \| [^|]*\|$/, "");
}

function formatRow(mutant: Mutant, remarks: ReadonlyMap<string, string>): string {
  const source = sourceLine(mutant).replaceAll("|", "\\|");
  const fault = describeFault(mutant).replaceAll("|", "\\|");
  const row = `| ${mutant.path}:${mutant.line} | ${fault} | \`\` ${source} \`\` |  |`;
  const remark = remarks.get(rowKey(row)) ?? "";
  return row.replace(/ \|$/, () => `${remark} |`);
}

function parseRemarks(text: string): Map<string, string> {
  const rows = text.split("\n").filter((line) => line.startsWith("| src/"));
  return new Map(rows.map((row) => [rowKey(row), / \| ([^|]*?) *\|$/.exec(row)?.[1] ?? ""]));
}

function writeRecord(): void {
  const file = join(ROOT, "bench/mutants.md");
  const remarks = parseRemarks(existsSync(file) ? readFileSync(file, "utf8") : "");
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: ROOT })
      .stdout.toString()
      .trim();
  const changed = git("status", "--porcelain") === "" ? "" : ", with uncommitted changes";
  const rows = survivors
    .toSorted((a, b) => a.path.localeCompare(b.path) || a.line - b.line)
    .map((mutant) => formatRow(mutant, remarks));
  const lines = [
    "# Faults that no test detects",
    "",
    "`npm run mutants -- --record` plants faults and lists those that no test detected.",
    "Afterwards, delete the rows of faults that no input can expose. In each remaining row, state",
    "what is not tested.",
    "",
    `Commit ${git("rev-parse", "--short", "HEAD")}${changed}; seed ${values.seed}; ` +
      `${chosenCount} of ${mutants.length} possible faults in ${values.folder.join(", ")}.`,
    "",
    "| kind | planted | survived |",
    "| --- | --: | --: |",
    ...[...counts].sort().map(([kind, { planted, survived }]) => {
      return `| ${kind} | ${planted} | ${survived} |`;
    }),
    `| all | ${chosenCount} | ${survivors.length} (${percent} %) |`,
    "",
    ...(rows.length === 0
      ? []
      : ["| location | fault | source | remark |", "| --- | --- | --- | --- |"]),
    ...rows,
  ];
  writeFileSync(file, `${lines.join("\n").trimEnd()}\n`);
}

const sources = repositorySources().filter(
  ({ path }) =>
    /\.tsx?$/.test(path) &&
    values.folder.some((folder) => path === folder || path.startsWith(`${folder}/`)),
);
const mutants = sources.flatMap(mutantsOf);
const isSampled = Number(values.count) < mutants.length;
const queue = isSampled
  ? sample(mutants, Number(values.count), randomOf(Number(values.seed)))
  : [...mutants];
const chosenCount = queue.length;
const counts = new Map<string, { planted: number; survived: number }>();
const survivors: Mutant[] = [];
const untested = new Set<string>();

async function runMutants(folder: string): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const { path, index, original, replacement, kind } = mutant;
    const file = join(folder, path);
    const text = readFileSync(file, "utf8");
    const tests = testsOf(path);
    if (tests.length === 0) untested.add(path);
    writeFileSync(file, text.slice(0, index) + replacement + text.slice(index + original.length));
    const started = performance.now();
    const isSurvivor = tests.length === 0 || (await survives(folder, tests));
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    writeFileSync(file, text);
    const count = counts.get(kind) ?? { planted: 0, survived: 0 };
    count.planted++;
    if (isSurvivor) {
      count.survived++;
      survivors.push(mutant);
    }
    process.stdout.write(
      `${isSurvivor ? "survived" : "detected"} (${seconds} s): ${path}:${mutant.line} ${kind}` +
        ` ${describeFault(mutant)}: ${sourceLine(mutant)}\n`,
    );
    counts.set(kind, count);
  }
}

process.stdout.write(`${chosenCount} of ${mutants.length} possible faults, seed ${values.seed}\n`);
const files = [...new Set(queue.map(({ path }) => path))];
const allTests = [...new Set(files.flatMap(testsOf))];
const folders = Array.from({ length: Number(values.jobs) }, copyTree);
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
if (allTests.length > 0 && !(await testsPass(folders[0] ?? ROOT, allTests, "inherit"))) {
  process.stderr.write("the tests fail without a planted fault: fix them first\n");
  process.exit(1);
}
await Promise.all(folders.map(runMutants));
for (const [kind, { planted, survived }] of [...counts].sort())
  process.stdout.write(`${kind}: ${survived} of ${planted} survived\n`);
for (const path of untested) process.stdout.write(`no in-process test imports ${path}\n`);
const percent = ((100 * survivors.length) / Math.max(1, chosenCount)).toFixed(1);
process.stdout.write(`${survivors.length} of ${chosenCount} survived (${percent} %)\n`);
if (values.record) writeRecord();
