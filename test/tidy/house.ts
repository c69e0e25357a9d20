import { posix } from "node:path";
import { importsOf, matches, type Rule, type Source, type Violation } from "./source.ts";

/** What keeps the tree readable: folders are subjects, words are the field's own. */

/** A reader looks through this many names without a search. */
const FOLDER_FILES_MAX = 24;

/** Words that only their authors knew, as whole words of an identifier or of a file's name. */
const RETIRED = [
  "hall",
  "desk",
  "office",
  "offices",
  "footing",
  "courier",
  "haul",
  "intake",
  "parcel",
  "patience",
  "surroundings",
  "passage",
] as const;

/** The driver of a client and sealed rooms run in a browser, too. */
const PORTABLE = /^src\/(?:client|crypto\/seal)\//;
/** What a browser lacks. */
const RUNTIME = /\bBun\.|\bprocess\.|\bBuffer\b|\brequire\(/;

export const cycles: Rule = {
  name: "cycles",
  check: (files) => {
    const sources = files.filter(isSource);
    const byValue = graphOf(
      sources,
      (source) => valueImportsOf(source),
      (path) => path,
    );
    const byFolder = graphOf(sources, importedPathsOf, (path) => posix.dirname(path));
    return [...cyclesOf(byValue), ...cyclesOf(byFolder)];
  },
};

export const folders: Rule = {
  name: "folders",
  check: (files) => {
    const counts = new Map<string, number>();
    for (const { path } of files.filter(isSource)) {
      const folder = posix.dirname(path);
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    return [...counts]
      .filter(([, count]) => count > FOLDER_FILES_MAX)
      .map(([path, count]) => ({
        rule: "folders",
        path,
        line: 0,
        message: `holds ${count} files: find its subjects`,
      }));
  },
};

export const portable: Rule = {
  name: "portable",
  check: (files) =>
    files
      .filter(({ path }) => PORTABLE.test(path))
      .flatMap((source) => [
        ...matches("portable", source, RUNTIME, "a browser runs this, too"),
        ...importsOf(source)
          .filter(({ specifier }) => /^(?:node|bun):/.test(specifier))
          .map(({ line, specifier }) => ({
            rule: "portable",
            path: source.path,
            line,
            message: `a browser runs this, too: ${specifier}`,
          })),
      ]),
};

export const classes: Rule = {
  name: "classes",
  check: (files) => {
    const seen = new Map<string, string>();
    const found: Violation[] = [];
    for (const { path, code } of files.filter(isSource)) {
      for (const [, name = ""] of code.matchAll(/^export (?:abstract )?class (\w+)/gm)) {
        const first = seen.get(name);
        if (first === undefined) seen.set(name, path);
        else found.push({ rule: "classes", path, line: 0, message: `${name} is in ${first}, too` });
      }
    }
    return found;
  },
};

/** What the page says as React understands it, and Preact, which draws it, does not. */
const UNLIKE: readonly (readonly [RegExp, string])[] = [
  [/\bautoFocus\b/, "browsers heed it once for each document: focusAtOnce"],
  [/\bspellCheck=\{/, 'false is left out: "false"'],
  [/\bon(?:Wheel|TouchStart|TouchMove)=/, "scrolling would wait for it: listen passively"],
];

export const preact: Rule = {
  name: "preact",
  check: (files) =>
    files
      .filter(({ path }) => /^src\/web\/.*\.tsx$/.test(path))
      .flatMap((source) =>
        UNLIKE.flatMap(([pattern, why]) => matches("preact", source, pattern, why)),
      ),
};

export const words: Rule = {
  name: "words",
  check: (files) =>
    files
      .filter(({ path }) => /^(?:src|test|bench|scripts)\/.*\.tsx?$/.test(path))
      .flatMap((source) => [
        ...retiredIn(source.path.replace(/\.tsx?$/, ""), source.path, 0),
        ...source.code.split("\n").flatMap((line, i) => retiredIn(line, source.path, i + 1)),
      ]),
};

export const heads: Rule = {
  name: "heads",
  check: (files) =>
    files
      .filter(isSource)
      .flatMap((source) =>
        matches(
          "heads",
          source,
          /(?<!(?<![\s\S])\/\*\*(?:(?!\*\/)[\s\S])*)\*\/\n(?:[ \t]*\n)*[ \t]*\/\*\*/,
          "two docs in a row: that of the module stands at the top of the file",
          "text",
        ),
      ),
};

function isSource({ path }: Source): boolean {
  return /^src\/.*\.tsx?$/.test(path);
}

function retiredIn(text: string, path: string, line: number): Violation[] {
  const parts = text.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? [];
  return RETIRED.filter((word) => parts.some((part) => part.toLowerCase() === word)).map(
    (word) => ({ rule: "words", path, line, message: `${word} is a retired word` }),
  );
}

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function graphOf(
  sources: readonly Source[],
  targetsOf: (source: Source) => readonly string[],
  nodeOf: (path: string) => string,
): Graph {
  const graph = new Map<string, Set<string>>();
  for (const source of sources) {
    const from = nodeOf(source.path);
    const targets = graph.get(from) ?? new Set<string>();
    graph.set(from, targets);
    for (const path of targetsOf(source)) if (nodeOf(path) !== from) targets.add(nodeOf(path));
  }
  return graph;
}

function importedPathsOf(source: Source): string[] {
  return importsOf(source)
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => posix.join(posix.dirname(source.path), specifier));
}

/** Imports that remain when types are gone: `import { type A, b }`, but not `import type`. */
function valueImportsOf(source: Source): string[] {
  const lines = source.code.matchAll(
    /^[ \t]*(?:import|export)\b(?! type\b)([^;"']*?)\bfrom\s*["']|^[ \t]*import\s*["']/gm,
  );
  return [...lines].flatMap((match) => {
    const names = (match[1] ?? "").trim();
    if (/^\{(?:\s*type\s+\w+(?:\s+as\s+\w+)?\s*,?)+\s*\}$/.test(names)) return [];
    const start = match.index + match[0].length;
    const specifier = source.text.slice(start, start + source.text.slice(start).search(/["']/));
    return specifier.startsWith(".") ? [posix.join(posix.dirname(source.path), specifier)] : [];
  });
}

/** @see Tarjan, "Depth-first search and linear graph algorithms" (1972) */
function cyclesOf(graph: Graph): Violation[] {
  const found: Violation[] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node) ?? 0);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) !== index.get(node)) return;
    const ring = stack.splice(stack.indexOf(node));
    if (ring.length < 2) return;
    const path = [...ring].sort()[0] ?? node;
    found.push({ rule: "cycles", path, line: 0, message: `a ring: ${ring.join(", ")}` });
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
