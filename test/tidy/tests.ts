import { patternRule, type Rule, type Source } from "./source.ts";

const MIRRORED = /^src\/((?:base|wire|core)\/.+)\.tsx?$/;
const MIRROR = /^test\/((?:base|wire|core)\/.+)\.test\.tsx?$/;

export const mirror: Rule = {
  name: "mirror",
  check: (files) => {
    const sources = files.flatMap((file) => nameIn(MIRRORED, file.path) ?? []);
    const tests = files.flatMap((file) => nameIn(MIRROR, file.path) ?? []);
    const untested = files.filter((file) => {
      const name = nameIn(MIRRORED, file.path);
      return name !== undefined && hasCode(file) && !tests.some((test) => isTestOf(test, name));
    });
    const strays = files.filter((file) => {
      const test = nameIn(MIRROR, file.path);
      return test !== undefined && !sources.some((name) => isTestOf(test, name));
    });
    return [
      ...untested.map(({ path }) => ({ rule: "mirror", path, line: 0, message: "has no test" })),
      ...strays.map(({ path }) => ({
        rule: "mirror",
        path,
        line: 0,
        message: "matches no source file",
      })),
    ];
  },
};

export const sleep = patternRule("sleep", /^test\/.*\.tsx?$/, [
  [
    /\b(?:setTimeout|setInterval|sleep|sleepSync|scheduler\.wait)\(/,
    "wait for the event (test/event.ts)",
  ],
]);

/** Forbids `rejects` and `resolves`, which run a nested event loop inside the test. */
export const rejects = patternRule("rejects", /^(?:test|bench)\/.*\.tsx?$/, [
  [/\.(?:rejects|resolves)\b/, "use test/rejection.ts, or await"],
]);

function nameIn(pattern: RegExp, path: string): string | undefined {
  return pattern.exec(path)?.[1];
}

/** Files whose test also covers all files with the same prefix. */
const FAMILIES: ReadonlySet<string> = new Set(["base/limits", "wire/messages"]);

/** `core/outbox-order` is also a test of `core/outbox`. */
function isTestOf(test: string, name: string): boolean {
  if (FAMILIES.has(test) && name.startsWith(`${test}-`)) return true;
  return test === name || test.startsWith(`${name}-`);
}

function hasCode({ code }: Source): boolean {
  return /^export (?:abstract )?(?:function|const|class)\b/m.test(code);
}
