import { matches, patternRule, type Rule, type Source, type Violation } from "./source.ts";

const LINE_COLUMNS_MAX = 100;

const CHANGES = "set|add|delete|clear|push|pop|shift|unshift|splice";

const code = ({ path }: Source) => /\.tsx?$/.test(path);

export const sizes: Rule = {
  name: "sizes",
  check: (files) => files.filter(code).flatMap(lineSizes),
};

export const state: Rule = {
  name: "state",
  check: (files) =>
    files
      .filter(({ path }) => /^src\/.*\.tsx?$/.test(path))
      .flatMap((source) => [
        ...matches("state", source, /^(?:export )?(?:let|var)\b.*/, "a module has no state"),
        ...changedConstants(source),
      ]),
};

/** Formatting a Date outside the valid range throws; use a function that accepts any number. */
export const dates = patternRule("dates", /^src\/(?!base\/time\.ts$).*\.tsx?$/, [
  [/new Date\((?!\)|["'])/, "use dateOf of base/time.ts, which accepts any number"],
]);

function lineSizes({ path, text }: Source): Violation[] {
  return text.split("\n").flatMap((line, i) => {
    const columns = Array.from(line).length;
    if (columns <= LINE_COLUMNS_MAX) return [];
    return [{ rule: "sizes", path, line: i + 1, message: `has ${columns} columns` }];
  });
}

function changedConstants(source: Source): Violation[] {
  const constants = source.code.matchAll(/^(?:export )?const (\w+)\b[^;=]*= *(?:new |\[|\{)/gm);
  return [...constants].flatMap(([, name]) => {
    const change = `\\b${name}(?:\\.(?:${CHANGES})\\(|\\[[^\\]]*\\] *=(?!=))`;
    return matches("state", source, new RegExp(change), "a module has no state");
  });
}
