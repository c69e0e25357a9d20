/**
 * `npm run soak -- tests [FILE]...`: runs sampled tests in full and updates bench/soak-tests.md. A
 * failing seed prints the command that replays it. Needs about 20 GB of temporary disk space.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commitHash } from "../../bench/machine.ts";
import { importsOf, repositorySources } from "../../test/tidy/source.ts";
import { ImportGraph } from "../affected-tests.ts";
import { parseTotals } from "../junit.ts";

const RESULT = join(import.meta.dir, "../../bench/soak-tests.md");
const FILE_TIMEOUT_MS = 4 * 3_600_000;
const HEAD = [
  "`npm run soak -- tests` runs all samples. Each row is the file's last run.",
  "",
  "| file | result | seconds | commit | date |",
  "| --- | --- | --- | --- | --- |",
];

function sampledTests(): string[] {
  const sampling = repositorySources()
    .filter(({ path }) => path.startsWith("test/") && path !== "test/samples.ts")
    .filter((source) =>
      importsOf(source).some(({ specifier }) => /(?:\/samples\.ts|^fast-check)$/.test(specifier)),
    );
  const graph = new ImportGraph();
  const tests = graph.affectedTests(sampling.map(({ path }) => path));
  const all = new Set(graph.affectedTests([]));
  return tests.filter((path) => !all.has(path)).sort();
}

function readRows(): Map<string, string> {
  const lines = existsSync(RESULT) ? readFileSync(RESULT, "utf8").split("\n") : [];
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const file = /^\| `(?<file>[^`]+)`/.exec(line)?.groups?.["file"];
      return file === undefined || !existsSync(file) ? [] : [[file, line]];
    }),
  );
}

function writeRow(file: string, row: string): void {
  const rows = readRows().set(file, row);
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
  writeFileSync(RESULT, [...HEAD, ...sorted, ""].join("\n"));
}

function count(tests: number, outcome: string): string[] {
  return tests === 0 ? [] : [`${tests} ${outcome}`];
}

const named = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "chat-soak-tests-"));
const report = join(folder, "report.xml");
const samples = process.env["CHAT_SAMPLES"] ?? "all";
const failed: string[] = [];

for (const file of named.length > 0 ? named : sampledTests()) {
  const started = performance.now();
  const reporting = ["--reporter=junit", `--reporter-outfile=${report}`];
  const child = Bun.spawn(
    [process.execPath, "test", `--timeout=${FILE_TIMEOUT_MS}`, ...reporting, `./${file}`],
    { env: { CHAT_SOAK: "1", ...process.env }, stdio: ["ignore", "inherit", "inherit"] },
  );
  const exitCode = await child.exited;
  const text = existsSync(report) ? readFileSync(report, "utf8") : "";
  rmSync(report, { force: true });
  const { pass, fail, skip } = parseTotals(text, exitCode);
  const seconds = Math.round((performance.now() - started) / 1000);
  const day = new Date().toISOString().slice(0, 10);
  const counts = [`${pass} passed`, ...count(fail, "failed"), ...count(skip, "skipped")];
  const result = [...counts, ...(samples === "all" ? [] : [`${samples} samples`])].join(", ");
  const cells = [`\`${file}\``, result, seconds, commitHash(), day];
  writeRow(file, `| ${cells.join(" | ")} |`);
  if (exitCode !== 0) failed.push(file);
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(failed.length === 0 ? "all passed\n" : `failed: ${failed.join(", ")}\n`);
process.exit(failed.length === 0 ? 0 : 1);
