import { patternRule, type Rule, type Source } from "./source.ts";

/** Layers where every file has a test of its own. */
const MIRRORED = /^src\/((?:base|wire|core)\/.+)\.tsx?$/;
const MIRROR = /^test\/((?:base|wire|core)\/.+)\.test\.tsx?$/;

export const mirror: Rule = {
  name: "mirror",
  check: (files) => {
    const sources = files.flatMap((file) => nameIn(MIRRORED, file.path) ?? []);
    const tests = files.flatMap((file) => nameIn(MIRROR, file.path) ?? []);
    const untested = files.filter((file) => {
      const name = nameIn(MIRRORED, file.path);
      return name !== undefined && runs(file) && !tests.some((test) => isOf(test, name));
    });
    const strays = files.filter((file) => {
      const test = nameIn(MIRROR, file.path);
      return test !== undefined && !sources.some((name) => isOf(test, name));
    });
    return [
      ...untested.map(({ path }) => ({ rule: "mirror", path, line: 0, message: "has no test" })),
      ...strays.map(({ path }) => ({ rule: "mirror", path, line: 0, message: "tests no file" })),
    ];
  },
};

export const sleep = patternRule("sleep", /^test\/.*\.tsx?$/, [
  [
    /\b(?:setTimeout|setInterval|sleep|sleepSync|scheduler\.wait)\(/,
    "wait for the event (test/event.ts)",
  ],
]);

/** It runs the event loop inside the test, whose other half then may never come. */
export const rejects = patternRule("rejects", /^(?:test|bench)\/.*\.tsx?$/, [
  [/\.(?:rejects|resolves)\b/, "use test/rejection.ts, or await"],
]);

function nameIn(pattern: RegExp, path: string): string | undefined {
  return pattern.exec(path)?.[1];
}

/** Files that one test covers with all files whose names begin alike. */
const FAMILIES: ReadonlySet<string> = new Set(["base/limits", "wire/messages"]);

/** `core/outbox-order` is a test of `core/outbox`, too. */
function isOf(test: string, name: string): boolean {
  if (FAMILIES.has(test) && name.startsWith(`${test}-`)) return true;
  return test === name || test.startsWith(`${name}-`);
}

/** A file of types alone has nothing to run. */
function runs({ code }: Source): boolean {
  return /^export (?:abstract )?(?:function|const|class)\b/m.test(code);
}
