import { matches, patternRule, type Rule, type Source, type Violation } from "./source.ts";

const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

/** Nothing in the repository may know where it was made. */
export const places = patternRule("places", /^/, [
  [/(?<![\w.])\/(?:root|work|Users|home)\/(?!ana\b|bob\b)[\w.-]+/, "a path of one machine", "text"],
  [/\b[A-Z]:\\+Users\\+\w+/, "a path of one machine", "text"],
  [/\bhttps?:\/\/(?:registry|npm|artifactory|nexus)[\w.-]*[\w/]/, "a registry's address", "text"],
]);

export const docs = patternRule("docs", /\.md$/, [
  [
    /(?<![\w&(/])#\d+\b|\b[Ii]ssues? #?\d+\b/,
    "a reader does not know the number of an issue",
    "text",
  ],
]);

export const pins: Rule = {
  name: "pins",
  check: (files) => files.flatMap((source) => [...loose(source), ...resolved(source)]),
};

function loose({ path, text }: Source): Violation[] {
  if (path !== "package.json") return [];
  const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
  const versions = ["dependencies", "devDependencies", "optionalDependencies", "overrides"].flatMap(
    (field) => Object.entries(manifest[field] ?? {}),
  );
  return versions
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => ({
      rule: "pins",
      path,
      line: 0,
      message: `${name} is not pinned: ${version}`,
    }));
}

function resolved(source: Source): Violation[] {
  if (source.path !== "package-lock.json") return [];
  return matches("pins", source, /"resolved":/, "names the registry of one machine", "text");
}
