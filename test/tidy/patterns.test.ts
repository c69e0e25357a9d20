import { expect, test } from "bun:test";
import { join } from "node:path";
import { growthOf } from "./patterns/pattern-growth.ts";
import type { Pattern } from "./patterns/pattern-tree.ts";
import { lineAt, patternsIn, repositorySources, type Source, sourceOf } from "./source.ts";

/** No text makes a regular expression take more than linear time, unless it is listed here. */
const EXEMPT: Readonly<Record<string, string>> = {
  "src/cli/guides.ts": "guides of this program, which the build packs",
  "src/cli/settings.ts": "a line of settings.toml, which its user writes",
  "src/cli/web/page-chunks.ts": "scripts of the page, which the build writes",
  "src/io/time-zone.ts": "a path of the system, at most 4,096 bytes",
  "src/cli/history/regex-thread.ts": "a pattern of the user, in a thread that can be ended",
};
const CONSTRUCTOR = /\bRegExp\(/g;

interface PlacedPattern extends Pattern {
  readonly path: string;
  readonly line: number;
}

const SOURCES = repositorySources().filter(({ path }) => /^src\/.*\.tsx?$/.test(path));

function literalsIn(source: Source): PlacedPattern[] {
  return patternsIn(source).map(({ line, literal }) => {
    const end = literal.lastIndexOf("/");
    const [text, flags] = [literal.slice(1, end), literal.slice(end + 1)];
    return { path: source.path, line, source: text, flags };
  });
}

function constructionsIn({ path, code }: Source): string[] {
  return [...code.matchAll(CONSTRUCTOR)].map(({ index }) => `${path}:${lineAt(code, index)}`);
}

function constructed(paths: readonly string[]): PlacedPattern[] {
  const program = join(import.meta.dir, "patterns/constructed-program.ts");
  const { stdout, stderr } = Bun.spawnSync([process.execPath, program, ...paths]);
  const text = stdout.toString();
  if (!text.startsWith("[")) throw new Error(stderr.toString());
  return JSON.parse(text);
}

const known = new Map<string, string | undefined>();

/** Returns a text that takes the pattern long; `undefined` if none does. */
function fault({ source, flags }: Pattern): string | undefined {
  const key = `/${source}/${flags}`;
  if (!known.has(key)) {
    const growth = growthOf({ source, flags });
    const { before, word, after } = growth ?? {};
    const text = growth && `${key} takes long for ${JSON.stringify([before, `${word}…`, after])}`;
    known.set(key, text);
  }
  return known.get(key);
}

function faultsIn(patterns: readonly PlacedPattern[]): Map<string, string[]> {
  const faults = new Map<string, string[]>();
  for (const pattern of patterns) {
    const found = fault(pattern);
    const { path, line } = pattern;
    if (found !== undefined)
      faults.set(path, [...(faults.get(path) ?? []), `${path}:${line} ${found}`]);
  }
  return faults;
}

const literals = SOURCES.flatMap(literalsIn);
const sites = SOURCES.flatMap(constructionsIn);
const built = constructed([...new Set(sites.map((site) => site.replace(/:\d+$/, "")))]);
const faults = faultsIn([...literals, ...built]);

test("every pattern takes linear time for every text", () => {
  expect([literals.length > 500, built.length > 20]).toEqual([true, true]);
  const found = [...faults].filter(([path]) => EXEMPT[path] === undefined);
  expect(found.flatMap(([, texts]) => texts)).toEqual([]);
});

test("every constructed pattern is checked", () => {
  const checked = new Set(built.map(({ path, line }) => `${path}:${line}`));
  const unchecked = sites.filter((site) => EXEMPT[site.replace(/:\d+$/, "")] === undefined);
  expect(unchecked.filter((site) => !checked.has(site))).toEqual([]);
});

test("exempts no file without a reason", () => {
  const paths = new Set(SOURCES.map(({ path }) => path));
  const unbuilt = new Set(sites.map((site) => site.replace(/:\d+$/, "")));
  const needless = Object.keys(EXEMPT).filter(
    (path) => paths.has(path) && !faults.has(path) && !unbuilt.has(path),
  );
  expect(needless).toEqual([]);
});

test.each([
  String.raw`/^(\s*)(.*?)(\s*)$/s`,
  String.raw`/\s+$/`,
  "/-+$/",
  "/^a*a*b/",
  "/^(?:ab)*(?:ab)*c/",
  "/(a*)*b/",
  "/^(?:a|a)*$/",
  "/^(?:a|b|ab)*$/",
  String.raw`/^(.+?)(?:\s+(\d+))?$/s`,
  "/(?=.*x)y/",
  "/^[^;]*x/m",
  String.raw`/(.+)\1/`,
  "/^(a{1,500})(a{1,500})b/",
  String.raw`/"(?:[^"\\]|\\.)*"/`,
  String.raw`/~~(?=\S)(.+?)(?<=\S)~~/`,
  String.raw`/\p{L}+\d/u`,
  String.raw`/[A-Z]+\b;/i`,
  String.raw`/\s*,\s*/g`,
])("finds a text that takes %s long", (literal) => {
  const [pattern] = literalsIn(sourceOf("src/a.ts", `const A = ${literal};`));
  expect(pattern && fault(pattern)).toStartWith(`${literal} takes long for`);
});

test.each([
  String.raw`/^\s+/`,
  String.raw`/(?<!\s)\s+$/`,
  String.raw`/\b\w+;/`,
  "/x.*/",
  "/T.*$/s",
  "/a{0,5}b/",
  "/^(?:[a-z]+[-+])*$/",
  "/```[\\s\\S]*?```|`[^`\\n]+`/g",
  String.raw`/(["'])[^"']*\1/`,
  "/^[^#]*#.*[/=]/s",
  String.raw`/[\u{1f1e6}-\u{1f1ff}]{2}/u`,
  String.raw`/(?<year>\d{4})-\k<year>/`,
])("finds none for %s", (literal) => {
  const [pattern] = literalsIn(sourceOf("src/a.ts", `const A = ${literal};`));
  expect([pattern !== undefined, pattern && fault(pattern)]).toEqual([true, undefined]);
});

test("finds patterns in templates and beside tags", () => {
  const text = [
    "const a = `$" + "{b.replace(/x+y/, `/`)}/z+/`; // /c/",
    "const d = <p a={1}",
    "  /> ; const e = f / g / h, i = [/[/]j/u];",
  ].join("\n");
  const found = patternsIn(sourceOf("src/a.tsx", text));
  expect(found).toEqual([
    { line: 1, literal: "/x+y/" },
    { line: 3, literal: "/[/]j/u" },
  ]);
});
