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
import { ImportGraph } from "./affected-tests.ts";

/**
 * `npm run mutants`: plants one fault at a time in a copy of the tree and runs the in-process tests
 * that import the file, until one fails. A fault that no test notices survives. Each fault's result
 * is printed when it is known.
 *
 *     npm run mutants -- [--seed N] [--count N] [--folder PATH]... [--jobs N] [--record]
 *
 * `--folder` is a folder or one file. A count above that of the possible faults plants all of them.
 * `--record` writes the figures and the survivors to `bench/mutants.md`. Remarks there are written
 * by hand, and are kept as long as their fault survives.
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
/** Tests of real processes are too slow to run for each fault. */
const IN_PROCESS =
  /^test\/(?:base|bench|client|commands|core|crypto|io|server|web|wire|worlds|fuzz)\//;
const TIMINGS: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(join(ROOT, "test/timings.json"), "utf8"),
).files;
/** To load a test file; `test/timings.json` leaves the fastest ones out. */
const TEST_MS_MIN = 400;
/** A fault gets all tests of its folder, and others while the sum of their times stays below. */
const TESTS_MS_MAX = 5_000;
/** One process runs the first tests, another the next: most faults need only the first. */
const STAGES_MS: readonly number[] = [1_000, 5_000];
/** CPU time, so that a busy machine fails nobody; a deadlock ends with the test's time limit. */
const CPU_SECONDS_MIN = 5;
const TEST_TIMEOUT_MS = 30_000;

/** What to look for in the code, and what to put in its place. */
const FAULTS: readonly (readonly [kind: string, pattern: RegExp, planted: string])[] = [
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
  readonly found: string;
  readonly planted: string;
}

function mutantsOf({ path, code }: Source): Mutant[] {
  return FAULTS.flatMap(([kind, pattern, planted]) =>
    [...code.matchAll(pattern)].flatMap(({ 0: found, index }): Mutant[] => {
      const lineStart = code.lastIndexOf("\n", index) + 1;
      const isType = /^\s*(?:export )?(?:type|interface|import|readonly)\b/.test(
        code.slice(lineStart),
      );
      const line = code.slice(0, index).split("\n").length;
      return isType ? [] : [{ path, line, kind, index, found, planted }];
    }),
  );
}

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

function sample<Item>(items: readonly Item[], count: number, random: () => number): Item[] {
  const rest = [...items];
  const taken: Item[] = [];
  while (taken.length < count && rest.length > 0) {
    taken.push(...rest.splice(Math.floor(random() * rest.length), 1));
  }
  return taken;
}

const graph = new ImportGraph();

const timeOf = (test: string) => Math.max(TEST_MS_MIN, TIMINGS[test] ?? 0);

/** The tests of a file: its own first, then those of its folder, then others, the fastest first. */
function testsOf(path: string): string[] {
  const own = path.replace(/^src/, "test").replace(/\.tsx?$/, ".test.ts");
  const rankOf = (test: string) => (test === own ? 0 : dirname(test) === dirname(own) ? 1 : 2);
  let sum = 0;
  return graph
    .affectedTests([path])
    .filter((test) => IN_PROCESS.test(test))
    .sort((one, other) => rankOf(one) - rankOf(other) || timeOf(one) - timeOf(other))
    .filter((test) => {
      if (rankOf(test) === 2) sum += timeOf(test);
      return sum <= TESTS_MS_MAX;
    });
}

/** The same tests in groups: the first takes a second, the second five, the third the rest. */
function stagesOf(tests: readonly string[]): string[][] {
  const stages: string[][] = [[]];
  let sum = 0;
  for (const test of tests) {
    const end = STAGES_MS[stages.length - 1] ?? Number.POSITIVE_INFINITY;
    if (sum > 0 && sum + timeOf(test) > end) {
      stages.push([]);
      sum = 0;
    }
    stages.at(-1)?.push(test);
    sum += timeOf(test);
  }
  return stages;
}

async function passes(
  folder: string,
  tests: readonly string[],
  output: "ignore" | "inherit" = "ignore",
): Promise<boolean> {
  const expectedMs = tests.reduce((sum, test) => sum + timeOf(test), 0);
  const seconds = CPU_SECONDS_MIN + Math.ceil((3 * expectedMs) / 1_000);
  const args = ["test", "--no-isolate", "--bail", `--timeout=${TEST_TIMEOUT_MS}`];
  // With `./` each argument is one file, and the files run in this order.
  const files = tests.map((test) => `./${test}`);
  const limited = ["sh", "-c", `ulimit -t ${seconds}; exec "$0" "$@"`, process.execPath];
  const child = Bun.spawn([...limited, ...args, ...files], {
    cwd: folder,
    env: { ...process.env, CHAT_SAMPLES_SEED: "1" },
    stdio: ["ignore", output, output],
  });
  return (await child.exited) === 0;
}

async function survives(folder: string, tests: readonly string[]): Promise<boolean> {
  for (const stage of stagesOf(tests)) {
    if (!(await passes(folder, stage))) return false;
  }
  return true;
}

const NOT_COPIED = new Set([".git", "data", "dist", "node_modules"]);

/** A copy of the tree in which faults are planted. */
function copyOfTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-mutants-"));
  // Tests read documents, patches and scripts, too.
  for (const name of readdirSync(ROOT)) {
    if (!NOT_COPIED.has(name)) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function faultOf({ found, planted }: Mutant): string {
  if (planted === "") return `without \`${found.trim()}\``;
  return `\`${found.trim()}\` to \`${planted.trim()}\``;
}

function sourceLine({ path, line }: Mutant): string {
  return readFileSync(join(ROOT, path), "utf8").split("\n")[line - 1]?.trim() ?? "";
}

/** A row of the table of survivors, without its remark and, as lines move, its line number. */
function keyOf(row: string): string {
  return row.replace(/:\d+ \|/, " |").replace(/ \| [^|]*\|$/, "");
}

function rowOf(mutant: Mutant, remarks: ReadonlyMap<string, string>): string {
  const source = sourceLine(mutant).replaceAll("|", "\\|");
  const fault = faultOf(mutant).replaceAll("|", "\\|");
  const row = `| ${mutant.path}:${mutant.line} | ${fault} | \`\` ${source} \`\` |  |`;
  const remark = remarks.get(keyOf(row)) ?? "";
  return row.replace(/ \|$/, () => `${remark} |`);
}

/** The remarks of the last recorded run, by fault. */
function remarksIn(text: string): Map<string, string> {
  const rows = text.split("\n").filter((line) => line.startsWith("| src/"));
  return new Map(rows.map((row) => [keyOf(row), / \| ([^|]*?) *\|$/.exec(row)?.[1] ?? ""]));
}

function record(): void {
  const file = join(ROOT, "bench/mutants.md");
  const remarks = remarksIn(existsSync(file) ? readFileSync(file, "utf8") : "");
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: ROOT })
      .stdout.toString()
      .trim();
  const changed = git("status", "--porcelain") === "" ? "" : ", with uncommitted changes";
  const rows = survivors
    .toSorted((one, other) => one.path.localeCompare(other.path) || one.line - other.line)
    .map((mutant) => rowOf(mutant, remarks));
  const lines = [
    "# Faults that no test notices",
    "",
    "`npm run mutants -- --record` writes this page. The remarks are written by hand: `equivalent`",
    "if no input shows the fault, else `not tested`, each with the reason.",
    "",
    `Commit ${git("rev-parse", "--short", "HEAD")}${changed}; seed ${values.seed}; ` +
      `${chosen} of ${all.length} possible faults in ${values.folder.join(", ")}.`,
    "",
    "| kind | planted | survived |",
    "| --- | --: | --: |",
    ...[...counts].sort().map(([kind, { planted, survived }]) => {
      return `| ${kind} | ${planted} | ${survived} |`;
    }),
    `| all | ${chosen} | ${survivors.length} (${percent} %) |`,
    "",
    ...(rows.length === 0
      ? []
      : ["| place | fault | source | remark |", "| --- | --- | --- | --- |"]),
    ...rows,
  ];
  writeFileSync(file, `${lines.join("\n").trimEnd()}\n`);
}

const sources = repositorySources().filter(
  ({ path }) =>
    /\.tsx?$/.test(path) &&
    values.folder.some((folder) => path === folder || path.startsWith(`${folder}/`)),
);
const all = sources.flatMap(mutantsOf);
const isSampled = Number(values.count) < all.length;
const queue = isSampled
  ? sample(all, Number(values.count), randomFrom(Number(values.seed)))
  : [...all];
const chosen = queue.length;
const counts = new Map<string, { planted: number; survived: number }>();
const survivors: Mutant[] = [];
const untested = new Set<string>();

async function work(folder: string): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const { path, index, found, planted, kind } = mutant;
    const file = join(folder, path);
    const text = readFileSync(file, "utf8");
    const tests = testsOf(path);
    if (tests.length === 0) untested.add(path);
    writeFileSync(file, text.slice(0, index) + planted + text.slice(index + found.length));
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
      `${isSurvivor ? "survived" : "noticed"} (${seconds} s): ${path}:${mutant.line} ${kind}` +
        ` ${faultOf(mutant)}: ${sourceLine(mutant)}\n`,
    );
    counts.set(kind, count);
  }
}

process.stdout.write(`${chosen} of ${all.length} possible faults, seed ${values.seed}\n`);
const files = [...new Set(queue.map(({ path }) => path))];
const union = [...new Set(files.flatMap(testsOf))];
const folders = Array.from({ length: Number(values.jobs) }, copyOfTree);
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
if (union.length > 0 && !(await passes(folders[0] ?? ROOT, union, "inherit"))) {
  process.stderr.write("the tests fail without a planted fault: fix them first\n");
  process.exit(1);
}
await Promise.all(folders.map(work));
for (const [kind, { planted, survived }] of [...counts].sort())
  process.stdout.write(`${kind}: ${survived} of ${planted} survived\n`);
for (const path of untested) process.stdout.write(`no in-process test imports ${path}\n`);
const percent = ((100 * survivors.length) / Math.max(1, chosen)).toFixed(1);
process.stdout.write(`${survivors.length} of ${chosen} survived (${percent} %)\n`);
if (values.record) record();
