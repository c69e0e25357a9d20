import { lineAt, matches, type Rule, type Source, type Violation } from "./source.ts";

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const LINE_COLUMNS_MAX = 100;

const KEBAB = /^_?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?\.tsx?$/;
/** A name that excludes nothing attracts everything. */
const STRAYS = /^_?(?:index|utils?|helpers?|common|shared|misc|types)(?:\.test)?\.tsx?$/;

const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/^export default\b|\bas default\b/, "a default export gets a new name in each file"],
  [/^(?:export )?(?:declare )?(?:const )?enum\b/, "an enum emits code the source lacks"],
  [/^(?:export )?(?:declare )?(?:namespace|module)\b/, "a namespace emits code"],
  [/^export (?:type )?(?:\*|\{[^}]*\} from\b)/, "import the file that defines a thing"],
  [/(?:[:<|&,(]|\bas|\bextends) *any\b(?! *:)|\bany\[\]/, "outside data is unknown, never any"],
  [/(?<=[\w)\]])!(?=[.;,)\][:}]|$| (?!=))/, "an assert is better than a !"],
];

const CHANGES = "set|add|delete|clear|push|pop|shift|unshift|splice";

const code = ({ path }: Source) => /\.tsx?$/.test(path);

export const sizes: Rule = {
  name: "sizes",
  check: (files) =>
    files
      .filter(code)
      .flatMap((source) => [...fileSize(source), ...lineSizes(source), ...functionSizes(source)]),
};

export const names: Rule = {
  name: "names",
  check: (files) =>
    files.filter(code).flatMap(({ path }) => {
      const name = path.split("/").at(-1) ?? "";
      const report = (message: string) => [{ rule: "names", path, line: 0, message }];
      if (STRAYS.test(name)) return report("this name excludes nothing");
      if (!KEBAB.test(name)) return report("files are kebab-case nouns");
      const private_ = name.startsWith("_") && !path.startsWith("src/commands/");
      return private_ ? report("only what commands share begins with _") : [];
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

function fileSize({ path, text }: Source): Violation[] {
  const lines = text.trimEnd().split("\n").length;
  if (lines <= FILE_LINES_MAX) return [];
  return [{ rule: "sizes", path, line: 0, message: `has ${lines} lines: find the second noun` }];
}

function lineSizes({ path, text }: Source): Violation[] {
  return text.split("\n").flatMap((line, i) => {
    const columns = Array.from(line).length;
    if (columns <= LINE_COLUMNS_MAX) return [];
    return [{ rule: "sizes", path, line: i + 1, message: `has ${columns} columns` }];
  });
}

function functionSizes({ path, text, code: bare }: Source): Violation[] {
  const starts = bare.matchAll(/(?:=>|\)(?:\s*:\s*[^={};()]+)?|\}(?=[^\n]*\{))\s*\{/g);
  return [...starts].flatMap((start) => {
    const open = start.index + start[0].length - 1;
    const body = bare.slice(open, matchingBrace(bare, open));
    const lines = body.split("\n").length;
    const line = lineAt(text, open);
    if (lines <= FUNCTION_LINES_MAX || isHeading(path, body)) return [];
    return [{ rule: "sizes", path, line, message: `a function of ${lines} lines` }];
  });
}

/** A function that only holds tests is a heading, as `describe` is; its tests are measured. */
function isHeading(path: string, body: string): boolean {
  return path.startsWith("test/") && /\b(?:test|describe)(?:\.\w+)*\(/.test(body);
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
