import {
  matches,
  type Pattern,
  patternRule,
  type Rule,
  type Source,
  type Violation,
} from "./source.ts";
import { RETIRED_IDIOMS } from "./wording.ts";

const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

export const machinePaths = patternRule("machine-paths", /^/, [
  [/(?<![\w.])\/(?:root|work|Users|home)\/(?!ana\b|bob\b)[\w.-]+/, "path of one machine", "text"],
  [/\b[A-Z]:\\+Users\\+\w+/, "path of one machine", "text"],
  [/\bhttps?:\/\/(?:registry|npm|artifactory|nexus)[\w.-]*[\w/]/, "address of a registry", "text"],
]);

const DOCUMENT_COLUMNS_MAX = 120;

const wording = patternRule("docs", /\.md$/, [
  [/(?<![\w&(/])#\d+\b|\b[Ii]ssues? #?\d+\b/, "readers cannot look up issue numbers"],
  ...RETIRED_IDIOMS.map((pattern): Pattern => [pattern, "retired idiom"]),
  [/(?<=^|[.] )(?:Who|Whoever|Whatever|What|So) [^.?|]*\.(?=\s)/, "begin with the subject"],
]);

export const docs: Rule = {
  name: "docs",
  check: (files) =>
    files
      .filter(({ path }) => path.endsWith(".md"))
      .flatMap(({ path, text }) => {
        const prose = text.replaceAll(/^```.*?^```$|^ {4}[^\n]*/gms, blank);
        const code = prose.replaceAll(/`[^`\n]+`/g, blank);
        return [...wording.check([{ path, text, code }]), ...wideLines(path, prose)];
      }),
};

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}

function wideLines(path: string, prose: string): Violation[] {
  return prose.split("\n").flatMap((line, i) => {
    if (Array.from(line.trimEnd()).length <= DOCUMENT_COLUMNS_MAX || /^\||^!\[/.test(line))
      return [];
    return [{ rule: "docs", path, line: i + 1, message: "a document has at most 120 columns" }];
  });
}

export const pins: Rule = {
  name: "pins",
  check: (files) =>
    files.flatMap((source) => [...unpinned(source), ...resolved(source), ...unlocked(source)]),
};

function unpinned({ path, text }: Source): Violation[] {
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
  return matches("pins", source, /"resolved":/, "contains the address of a registry", "text");
}

interface LockedPackage {
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** `npm ci` fails on a system whose packages are missing, and installs unhashed ones unchecked. */
function unlocked({ path, text }: Source): Violation[] {
  if (path !== "package-lock.json") return [];
  const { packages = {} } = JSON.parse(text) as { packages?: Record<string, LockedPackage> };
  const folders = Object.keys(packages);
  const messages = Object.entries(packages).flatMap(([folder, { integrity, ...locked }]) => [
    ...(folder === "" || integrity !== undefined ? [] : [`${folder} has no hash`]),
    ...Object.keys(locked.optionalDependencies ?? {})
      .filter((name) => !folders.some((other) => other.endsWith(`node_modules/${name}`)))
      .map((name) => `${folder} needs ${name}, which is missing`),
  ]);
  return messages.map((message) => ({ rule: "pins", path, line: 0, message }));
}
