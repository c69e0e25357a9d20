import { expect, test } from "bun:test";
import { folderRing, RULES } from "./tidy/rules.ts";
import { repositorySources, sourceOf } from "./tidy/source.ts";
import { isPlainSubject } from "./tidy/wording.ts";

const SOURCES = repositorySources();

test.each(RULES)("the repository follows the rule $name", ({ files, check }) => {
  const found = SOURCES.filter(({ path }) => files.test(path)).flatMap((source) =>
    check(source).map(({ line, message }) => `${source.path}:${line} ${message}`),
  );
  expect(found).toEqual([]);
});

test.each(RULES)("the rule $name finds planted violations", (rule) => {
  const { files, check } = rule;
  const [path, ...texts] = rule.bad;
  expect(path).toMatch(files);
  const counts = texts.map((text) => `${text}: ${check(sourceOf(path, text)).length}`);
  expect(counts).toEqual(texts.map((text) => `${text}: 1`));
});

test("no folders import each other in a ring", () => {
  expect(folderRing(SOURCES)).toEqual([]);
  const log = sourceOf("src/io/log/a.ts", 'import { b } from "../disk/b.ts";');
  const disk = sourceOf("src/io/disk/b.ts", 'import type { C } from "../log/c.ts";');
  expect(folderRing([log])).toEqual([]);
  expect(folderRing([log, disk])).toHaveLength(2);
});

test("no exported type or constant has the name of another one", () => {
  const type = String.raw`(?:abstract )?(?:interface|type|class|enum) (\w+)`;
  const constant = String.raw`const ([A-Z][A-Z\d_]*)\b`;
  const exported = new RegExp(`^export (?:${type}|${constant})`, "gm");
  const paths = new Map<string, Set<string>>();
  for (const { path, code } of SOURCES) {
    if (!path.startsWith("src/")) continue;
    for (const [, typeName, constantName = ""] of code.matchAll(exported)) {
      const name = typeName ?? constantName;
      paths.set(name, (paths.get(name) ?? new Set()).add(path));
    }
  }
  expect(paths.size).toBeGreaterThan(1_000);
  const ambiguous = [...paths].filter(([, { size }]) => size > 1);
  expect(ambiguous.map(([name, found]) => `${name}: ${[...found].join(", ")}`)).toEqual([]);
});

test("blanks comments, strings and regular expressions", () => {
  const text = [
    "const a = `x ${b(`$" + "{c}`)} // y`; // z",
    'const d = 5 / e / f; /* g */ const h = "i\'j"; const k = /[\'"`/]/.test(l);',
  ].join("\n");
  const { code } = sourceOf("a.ts", text);
  expect(code).toHaveLength(text.length);
  expect(code.replaceAll(/ +/g, " ")).toBe(
    'const a = ` b(` c `) `; \nconst d = 5 / e / f; const h = " "; const k = .test(l);',
  );
});

test("the last commits have plain subjects", () => {
  const { stdout } = Bun.spawnSync(["git", "log", "-20", "--no-merges", "--format=%s"]);
  const subjects = stdout.toString().trim().split("\n");
  expect(subjects.filter((subject) => !isPlainSubject(subject))).toEqual([]);
  expect(isPlainSubject("server/auth, wire: add a field")).toBe(true);
  const bad = ["Fix it", "core: the model that it shows", "cli: fixed the prompt", "cli: stop."];
  expect([...bad, `cli: ${"x".repeat(70)}`].filter(isPlainSubject)).toEqual([]);
});
