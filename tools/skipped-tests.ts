import { CONDITIONS, type Packages, PROGRAMS } from "../test/installed.ts";
import type { Case } from "./junit.ts";

const NEEDS_PATTERN = / \(needs ([\w, -]+)\)/g;

function testsByProgram(cases: readonly Case[]): Map<string, string[]> {
  const byProgram = new Map<string, string[]>();
  for (const { file, title, isSkipped } of cases) {
    if (!isSkipped) continue;
    const needs = [...title.matchAll(NEEDS_PATTERN)].flatMap(([, list = ""]) => list.split(", "));
    for (const program of new Set(needs)) {
      const tests = byProgram.get(program) ?? [];
      byProgram.set(program, [...tests, `${file}: ${title.replaceAll(NEEDS_PATTERN, "")}`]);
    }
  }
  return byProgram;
}

function installLines(programs: readonly string[]): string[] {
  const rows = Object.entries<Packages>(PROGRAMS).filter(([name]) => programs.includes(name));
  if (rows.length === 0) return [];
  const names = (system: keyof Packages) => [
    ...new Set(rows.flatMap(([, packages]) => packages[system] ?? [])),
  ];
  const [plain, casks] = [
    names("macos").filter((name) => !name.startsWith("--cask")),
    names("macos").filter((name) => name.startsWith("--cask")),
  ];
  const brew = [plain.join(" "), ...casks].filter(Boolean).map((list) => `brew install ${list}`);
  return [
    "",
    "To run them too, install the programs:",
    `Debian: sudo apt-get install --no-install-recommends ${names("debian").join(" ")}`,
    `Fedora: sudo dnf install ${names("fedora").join(" ")}`,
    ...(brew.length > 0 ? [`macOS: ${brew.join(" && ")}`] : []),
  ];
}

export function formatSkippedTests(cases: readonly Case[]): string {
  const byProgram = testsByProgram(cases);
  if (byProgram.size === 0) return "";
  const programs = [...byProgram.keys()].sort();
  const conditions: Readonly<Record<string, string>> = CONDITIONS;
  const lists = programs.flatMap((program) => [
    "",
    `skipped, needs ${conditions[program] ?? program}:`,
    ...(byProgram.get(program) ?? []).map((test) => `  ${test}`),
  ]);
  return [...lists, ...installLines(programs), ""].join("\n");
}
