import { expect, test } from "bun:test";
import { PLANTED } from "./tidy/planted.ts";
import { EXEMPTIONS, RULES } from "./tidy/rules.ts";
import { repositorySources, type Source, sourceOf, type Violation } from "./tidy/source.ts";
import { subjectFault } from "./tidy/wording.ts";

const FILES = repositorySources();

function isExempt({ rule, path }: Violation): boolean {
  return EXEMPTIONS.some((exemption) => exemption.rule === rule && exemption.path === path);
}

function planted(files: Readonly<Record<string, string>>): Source[] {
  return Object.entries(files).map(([path, text]) => sourceOf(path, text));
}

test.each(RULES)("the repository follows the rule $name", ({ check }) => {
  const found = check(FILES).filter((violation) => !isExempt(violation));
  expect(found.map(({ path, line, message }) => `${path}:${line} ${message}`)).toEqual([]);
});

test.each(RULES)("the rule $name finds planted violations", ({ name, check }) => {
  const cases = PLANTED.find(({ rule }) => rule === name);
  expect(cases?.bad.length).toBeGreaterThan(0);
  expect(cases?.good.length).toBeGreaterThan(0);
  for (const files of cases?.bad ?? []) {
    const found = check(planted(files)).map(({ rule }) => rule);
    expect({ files, found }).toEqual({ files, found: [name] });
  }
  for (const files of cases?.good ?? []) {
    expect({ files, found: check(planted(files)) }).toEqual({ files, found: [] });
  }
});

test("every exemption is still needed", () => {
  const violations = RULES.flatMap(({ check }) => check(FILES));
  const unused = EXEMPTIONS.filter(
    ({ rule, path }) => !violations.some((found) => found.rule === rule && found.path === path),
  );
  expect(unused).toEqual([]);
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
  const { stdout } = Bun.spawnSync(["git", "log", "-20", "--no-merges", "--format=%h %s"]);
  const commits = stdout.toString().trim().split("\n");
  const found = commits.flatMap((commit) => {
    const fault = subjectFault(commit.slice(commit.indexOf(" ") + 1));
    return fault === undefined ? [] : [`${commit}: ${fault}`];
  });
  expect(found).toEqual([]);
});

test.each([
  ["web: keep the timeline pinned to the bottom on resize", undefined],
  ["server/auth, wire: add a field", undefined],
  ["Fix it", "is not `area: imperative`"],
  ["web: Keep it", "is not `area: imperative`"],
  ["core: the model that a face shows", "begins with no imperative"],
  ["cli: fixed the prompt", "begins with no imperative"],
  ["cli: write the file anew", "contains a retired idiom"],
  ["cli: remove the prompt.", "ends with a full stop"],
  [`cli: ${"x".repeat(70)}`, "has 75 columns"],
])("the subject %j: %p", (subject, fault) => expect(subjectFault(subject)).toBe(fault));
