import { posix } from "node:path";
import {
  importsOf,
  patternRule,
  type Rule,
  type Source,
  SYSTEM_IMPORT,
  type Violation,
} from "./source.ts";

/** Maximum files per folder, so that a listing can be scanned without a search. */
const FOLDER_FILES_MAX = 24;

const PORTABLE = /^src\/(?:client|crypto\/seal|ui)\//;

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
        message: `has ${count} files: divide it by subject`,
      }));
  },
};

export const portable = patternRule("portable", PORTABLE, [
  [/\bBun\.|\bprocess\.|\bBuffer\b|\brequire\(/, "must also run in a browser"],
  [SYSTEM_IMPORT, "must also run in a browser", "text"],
]);

/** Attributes that Preact, which renders the page, treats differently from React. */
export const preact = patternRule("preact", /^src\/web\/.*\.tsx$/, [
  [/\bautoFocus\b/, "browsers apply it only once per document: use focusAtOnce"],
  [/\bspellCheck=\{/, 'Preact omits false: use "false"'],
  [/\bon(?:Wheel|TouchStart|TouchMove)=/, "delays scrolling: use a passive listener"],
]);

function isSource({ path }: Source): boolean {
  return /^src\/.*\.tsx?$/.test(path);
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

/** Returns imports of values: `import { type A, b }`, but not `import type`. */
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
    found.push({ rule: "cycles", path, line: 0, message: `import cycle: ${ring.join(", ")}` });
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
