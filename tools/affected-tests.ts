import { dirname, join } from "node:path";
import { importsOf, repositorySources, type Source } from "../test/tidy/source.ts";

const GLOBAL_FILES =
  /^(?:package(?:-lock)?\.json|tsconfig\.json|bunfig\.toml|tools\/patches\/|test\/samples\.ts)/;
/** Tests that start the compiled binary depend on the whole program. */
const STARTS_BINARY = /\bdist\b/;
const MAIN = "src/main.ts";
const ALWAYS_AFFECTED = ["test/tidy.test.ts", "test/docs.test.ts"];

function importersByPath(sources: readonly Source[]): Map<string, string[]> {
  const importers = new Map<string, string[]>();
  const add = (path: string, importer: string) =>
    importers.set(path, [...(importers.get(path) ?? []), importer]);
  for (const source of sources) {
    for (const { specifier, isType } of importsOf(source)) {
      if (specifier.startsWith(".") && !isType)
        add(join(dirname(source.path), specifier), source.path);
    }
    const isTest = source.path.startsWith("test/");
    if (isTest && STARTS_BINARY.test(source.text)) add(MAIN, source.path);
  }
  return importers;
}

export class ImportGraph {
  readonly #tests: readonly string[];
  readonly #importers: ReadonlyMap<string, readonly string[]>;

  constructor() {
    const sources = repositorySources();
    const sourceFiles = sources.filter(({ path }) =>
      /^(?:src|test|bench|tools)\/.*\.tsx?$/.test(path),
    );
    this.#tests = sourceFiles.map(({ path }) => path).filter((path) => path.endsWith(".test.ts"));
    this.#importers = importersByPath(sourceFiles);
  }

  affectedTests(changed: readonly string[]): string[] {
    if (changed.some((path) => GLOBAL_FILES.test(path))) return [...this.#tests];
    const reached = new Set(changed);
    for (const path of reached) {
      for (const importer of this.#importers.get(path) ?? []) reached.add(importer);
    }
    return this.#tests.filter((path) => reached.has(path) || ALWAYS_AFFECTED.includes(path));
  }
}

/** Without `ref`: changes since the last commit, or since its parent if the tree is clean. */
export function changedFiles(ref: string | undefined): string[] {
  const git = (...args: string[]) => {
    const { stdout, stderr, success } = Bun.spawnSync(["git", ...args]);
    if (!success) throw new Error(stderr.toString());
    return stdout.toString().split("\n").filter(Boolean);
  };
  const untracked = git("ls-files", "--others", "--exclude-standard");
  const changed = [...git("diff", "--name-only", ref ?? "HEAD"), ...untracked];
  const isClean = changed.length === 0 && ref === undefined;
  return isClean ? git("diff", "--name-only", "HEAD~1") : changed;
}
