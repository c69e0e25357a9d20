import { lineAt, matches, type Rule, type Source, type Violation } from "./source.ts";

const LINE_COLUMNS_MAX = 100;
/** As many of the longest files and functions are named: places to look, no violations. */
const LONGEST_NAMED = 10;

const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.d)?\.tsx?$/;
/** A name that excludes nothing attracts everything. */
const STRAYS = /^(?:index|utils?|helpers?|common|shared|misc|types)(?:\.test)?\.tsx?$/;

const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/^export default\b|\bas default\b/, "a default export gets a new name in each file"],
  [/^(?:export )?(?:declare )?(?:const )?enum\b/, "an enum emits code the source lacks"],
  [/^(?:export )?(?:declare )?(?:namespace|module)\b(?! ")/, "a namespace emits code"],
  [/^export (?:type )?(?:\*|\{[^}]*\} from\b)/, "import the file that defines a thing"],
  [/(?:[:<|&,(]|\bas|\bextends) *any\b(?! *:)|\bany\[\]/, "outside data is unknown, never any"],
  [/(?<=[\w)\]])!(?=[.;,)\][:}]|$| (?!=))/, "an assert is better than a !"],
];

const CHANGES = "set|add|delete|clear|push|pop|shift|unshift|splice";

const code = ({ path }: Source) => /\.tsx?$/.test(path);

export const sizes: Rule = {
  name: "sizes",
  check: (files) => files.filter(code).flatMap(lineSizes),
};

export const names: Rule = {
  name: "names",
  check: (files) =>
    files.filter(code).flatMap(({ path }) => {
      const name = path.split("/").at(-1) ?? "";
      const report = (message: string) => [{ rule: "names", path, line: 0, message }];
      if (STRAYS.test(name)) return report("this name excludes nothing");
      return KEBAB.test(name) ? [] : report("files are kebab-case nouns");
    }),
};

export const language: Rule = {
  name: "language",
  check: (files) =>
    files
      .filter(code)
      .flatMap((source) => [
        ...FORBIDDEN.flatMap(([pattern, why]) => matches("language", source, pattern, why)),
        ...matches("language", source, /@ts-(?:ignore|nocheck|expect-error)/, "fix it", "text"),
      ]),
};

export const state: Rule = {
  name: "state",
  check: (files) =>
    files
      .filter(({ path }) => /^src\/.*\.tsx?$/.test(path))
      .flatMap((source) => [
        ...matches("state", source, /^(?:export )?(?:let|var)\b.*/, "a module keeps no state"),
        ...changedConstants(source),
      ]),
};

/** A Date beyond its range throws where it is written, and numbers come from anywhere. */
export const dates: Rule = {
  name: "dates",
  check: (files) =>
    files
      .filter(({ path }) => /^src\/.*\.tsx?$/.test(path) && path !== "src/base/time.ts")
      .flatMap((source) =>
        matches(
          "dates",
          source,
          /new Date\((?!\)|["'])/,
          "dateOf of base/time.ts takes any number",
        ),
      ),
};

function lineSizes({ path, text }: Source): Violation[] {
  return text.split("\n").flatMap((line, i) => {
    const columns = Array.from(line).length;
    if (columns <= LINE_COLUMNS_MAX) return [];
    return [{ rule: "sizes", path, line: i + 1, message: `has ${columns} columns` }];
  });
}

/** The longest files and functions of `src/`, longest first: a second noun may hide in one. */
export function longest(files: readonly Source[]): string[] {
  const sources = files.filter(({ path }) => /^src\/.*\.tsx?$/.test(path));
  const sized = sources.flatMap((source) => [
    { what: source.path, lines: source.text.trimEnd().split("\n").length },
    ...functionSizes(source),
  ]);
  return sized
    .sort((a, b) => b.lines - a.lines)
    .slice(0, LONGEST_NAMED)
    .map(({ what, lines }) => `${what}: ${lines} lines`);
}

function functionSizes({ path, text, code: bare }: Source) {
  const starts = bare.matchAll(/(?:=>|\)(?:\s*:\s*[^={};()]+)?|\}(?=[^\n]*\{))\s*\{/g);
  return [...starts].map((start) => {
    const open = start.index + start[0].length - 1;
    const lines = bare.slice(open, matchingBrace(bare, open)).split("\n").length;
    return { what: `${path}:${lineAt(text, open)}`, lines };
  });
}

function matchingBrace(bare: string, open: number): number {
  let depth = 0;
  for (let at = open; at < bare.length; at++) {
    if (bare[at] === "{") depth++;
    else if (bare[at] === "}") depth--;
    if (depth === 0) return at;
  }
  return bare.length;
}

/** Collections at the top of a module that the module itself changes. */
function changedConstants(source: Source): Violation[] {
  const constants = source.code.matchAll(/^(?:export )?const (\w+)\b[^;=]*= *(?:new |\[|\{)/gm);
  return [...constants].flatMap(([, name]) => {
    const change = `\\b${name}(?:\\.(?:${CHANGES})\\(|\\[[^\\]]*\\] *=(?!=))`;
    return matches("state", source, new RegExp(change), "a module keeps no state");
  });
}
