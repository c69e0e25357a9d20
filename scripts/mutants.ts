import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repositorySources, type Source } from "../test/tidy/source.ts";
import { ImportGraph } from "./affected-tests.ts";

/**
 * `npm run mutants`: plants one fault at a time in a copy of the tree and runs the in-process tests
 * that import the file. A fault that no test notices survives, and is printed.
 *
 *     npm run mutants -- [--seed N] [--count N] [--folder src/core]...
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
  },
});
/** An endless loop is a fault that was noticed. */
const MUTANT_MS_MAX = 180_000;
/** Tests of real processes are too slow to run for each fault. */
const IN_PROCESS =
  /^test\/(?:base|bench|client|commands|core|crypto|io|server|web|wire|worlds|fuzz)\//;
const TIMINGS: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(join(ROOT, "test/timings.json"), "utf8"),
).files;
/** Slower files follow only while the sum of the known times stays below. */
const TESTS_MS_MAX = 60_000;

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
  readonly length: number;
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
      return isType ? [] : [{ path, line, kind, index, length: found.length, planted }];
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

/** The tests of a file: its own first, then those that import it, the fastest first. */
function testsOf(path: string): string[] {
  const own = path.replace(/^src/, "test").replace(/\.tsx?$/, ".test.ts");
  const timeOf = (test: string) => (test === own ? 0 : (TIMINGS[test] ?? 100));
  let sum = 0;
  return graph
    .affectedTests([path])
    .filter((test) => IN_PROCESS.test(test))
    .sort((one, other) => timeOf(one) - timeOf(other))
    .filter((test) => {
      sum += timeOf(test);
      return test === own || sum < TESTS_MS_MAX;
    });
}

async function passes(
  folder: string,
  tests: readonly string[],
  output: "ignore" | "inherit" = "ignore",
): Promise<boolean> {
  const child = Bun.spawn(
    [process.execPath, "test", "--no-isolate", "--bail", "--timeout", "30000", ...tests],
    {
      cwd: folder,
      env: { ...process.env, CHAT_SAMPLES_SEED: "1" },
      stdio: ["ignore", output, output],
      timeout: MUTANT_MS_MAX,
      killSignal: "SIGKILL",
    },
  );
  return (await child.exited) === 0;
}

/** A copy of the tree in which faults are planted. */
function copyOfTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-mutants-"));
  for (const name of ["src", "test", "bench", "scripts"])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  for (const name of ["package.json", "tsconfig.json", "bunfig.toml", "build.ts"])
    cpSync(join(ROOT, name), join(folder, name));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

const sources = repositorySources().filter(
  ({ path }) =>
    /\.tsx?$/.test(path) && values.folder.some((folder) => path.startsWith(`${folder}/`)),
);
const all = sources.flatMap(mutantsOf);
const queue = sample(all, Number(values.count), randomFrom(Number(values.seed)));
const chosen = queue.length;
const counts = new Map<string, { planted: number; survived: number }>();
const survivors: Mutant[] = [];
const untested = new Set<string>();

async function work(): Promise<void> {
  const folder = copyOfTree();
  try {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const { path, index, length, planted, kind } = mutant;
      const file = join(folder, path);
      const text = readFileSync(file, "utf8");
      const tests = testsOf(path);
      if (tests.length === 0) untested.add(path);
      writeFileSync(file, text.slice(0, index) + planted + text.slice(index + length));
      const isSurvivor = tests.length === 0 || (await passes(folder, tests));
      writeFileSync(file, text);
      const count = counts.get(kind) ?? { planted: 0, survived: 0 };
      count.planted++;
      if (isSurvivor) {
        count.survived++;
        survivors.push(mutant);
        const line = text.split("\n")[mutant.line - 1]?.trim() ?? "";
        process.stdout.write(
          `survived: ${path}:${mutant.line} ${kind} ->${planted || " (none) "}| ${line}\n`,
        );
      }
      counts.set(kind, count);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.stdout.write(`${chosen} of ${all.length} possible faults, seed ${values.seed}\n`);
const files = [...new Set(queue.map(({ path }) => path))];
const union = [...new Set(files.flatMap(testsOf))];
if (!(await passes(ROOT, union, "inherit"))) {
  process.stderr.write("the tests fail without a planted fault: fix them first\n");
  process.exit(1);
}
await Promise.all(Array.from({ length: availableParallelism() }, work));
for (const [kind, { planted, survived }] of [...counts].sort())
  process.stdout.write(`${kind}: ${survived} of ${planted} survived\n`);
for (const path of untested) process.stdout.write(`no in-process test imports ${path}\n`);
const percent = ((100 * survivors.length) / Math.max(1, chosen)).toFixed(1);
process.stdout.write(`${survivors.length} of ${chosen} survived (${percent} %)\n`);
