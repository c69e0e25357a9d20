import { expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { isKnownKind } from "../src/wire/kinds.ts";
import { folderRing, RULES } from "./tidy/rules.ts";
import { importsOf, repositorySources, sourceOf } from "./tidy/source.ts";
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

const PRODUCT = SOURCES.filter(({ path }) => /^src\/.*\.tsx?$/.test(path));

/** Each module of a command exports `command`. */
const SHARED_EXPORTS: ReadonlySet<string> = new Set(["command"]);

test("no exported name has two homes", () => {
  const declared =
    /^export (?:abstract |async )*(?:interface|type|class|enum|const|function\*?) (\w+)/gm;
  expect(ambiguousNames(PRODUCT, declared)).toEqual([]);
  const twice = ["a", "b"].map((name) => sourceOf(`src/${name}.ts`, "export function cut() {}"));
  expect(ambiguousNames(twice, declared)).toEqual(["cut: src/a.ts, src/b.ts"]);
});

function ambiguousNames(sources: typeof SOURCES, declaration: RegExp): readonly string[] {
  const paths = new Map<string, Set<string>>();
  for (const { path, code } of sources) {
    for (const [, name = ""] of code.matchAll(declaration)) {
      if (!SHARED_EXPORTS.has(name)) paths.set(name, (paths.get(name) ?? new Set()).add(path));
    }
  }
  const ambiguous = [...paths].filter(([, { size }]) => size > 1);
  return ambiguous.map(([name, found]) => `${name}: ${[...found].join(", ")}`);
}

test("no constant is declared twice", () => {
  expect(repeatedConstants(PRODUCT)).toEqual([]);
  const twice = ["a", "b"].map((name) => sourceOf(`src/${name}.ts`, "const PAUSE_MS = 5;"));
  expect(repeatedConstants(twice)).toEqual(["PAUSE_MS = 5: src/a.ts, src/b.ts"]);
});

/** Constants with the same name and the same value, which is a number, a text or a pattern. */
function repeatedConstants(sources: typeof SOURCES): readonly string[] {
  const constant = /^(?:export )?const ([A-Z][A-Z\d_]*)(?::[^=\n]+)? = ([^\n]*[^\n{[(]);$/gm;
  const paths = new Map<string, string[]>();
  for (const { path, text } of sources) {
    for (const [, name = "", value = ""] of text.matchAll(constant)) {
      if (!/^[\d"'`/-]/.test(value)) continue;
      const declaration = `${name} = ${value}`;
      paths.set(declaration, [...(paths.get(declaration) ?? []), path]);
    }
  }
  const repeated = [...paths].filter(([, { length }]) => length > 1);
  return repeated.map(([declaration, found]) => `${declaration}: ${found.join(", ")}`);
}

/** Lists whose element type the compiler checks, and which no trait could replace. */
const KIND_LISTS: ReadonlySet<string> = new Set([
  "src/server/http/collected-texts.ts",
  "src/web/view/room/event-watch.ts",
]);

test("record kinds are listed in wire/kinds.ts alone", () => {
  const found = PRODUCT.filter(({ path }) => path !== "src/wire/kinds.ts" && !KIND_LISTS.has(path));
  expect(found.flatMap(kindLists)).toEqual([]);
  expect(kindLists(sourceOf("src/a.ts", 'const LIST = ["join", "leave", "kick"];'))).toEqual([
    "src/a.ts: join, leave, kick",
  ]);
});

function kindLists({ path, text }: (typeof SOURCES)[number]): readonly string[] {
  const lists = text.matchAll(/\[((?:\s*"[a-z-]+",?){3,})\s*\]/g);
  return [...lists].flatMap(([, list = ""]) => {
    const words = [...list.matchAll(/"([a-z-]+)"/g)].map(([, word = ""]) => word);
    return new Set(words).size > 2 && words.every(isKnownKind)
      ? [`${path}: ${words.join(", ")}`]
      : [];
  });
}

test("modules import each other in a circle only by their types", () => {
  expect(valueCircles(PRODUCT)).toEqual([]);
  const a = sourceOf("src/a.ts", 'import { b } from "./b.ts";');
  const b = sourceOf("src/b.ts", 'const a = () => import("./a.ts");');
  expect(valueCircles([a, b])).toEqual(["src/b.ts, src/a.ts"]);
});

/** Strongly connected modules, by Tarjan's algorithm. */
function valueCircles(sources: typeof SOURCES): readonly string[] {
  const targets = new Map(
    sources.map((source) => [
      source.path,
      importsOf(source)
        .filter(({ isType, specifier }) => !isType && specifier.startsWith("."))
        .map(({ specifier }) => join(dirname(source.path), specifier)),
    ]),
  );
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[] = [];
  const visit = (path: string): number => {
    const own = index.size;
    index.set(path, own);
    low.set(path, own);
    stack.push(path);
    for (const target of targets.get(path) ?? []) {
      if (!targets.has(target)) continue;
      if (!index.has(target)) low.set(path, Math.min(low.get(path) ?? own, visit(target)));
      else if (stack.includes(target)) {
        low.set(path, Math.min(low.get(path) ?? own, index.get(target) ?? own));
      }
    }
    if (low.get(path) === own) {
      const circle = stack.splice(stack.indexOf(path));
      if (circle.length > 1) circles.push(circle.toReversed().join(", "));
    }
    return low.get(path) ?? own;
  };
  for (const path of targets.keys()) if (!index.has(path)) visit(path);
  return circles;
}

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
