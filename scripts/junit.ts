/** Reads the JUnit reports that `bun test` writes. */

/** One test of a report. */
export interface Case {
  readonly file: string;
  /** Names of the groups and of the test, joined with " > ". */
  readonly title: string;
  readonly isSkipped: boolean;
  /** Message of the failure; `undefined` if the test did not fail. */
  readonly failure: string | undefined;
}

export interface Totals {
  readonly pass: number;
  readonly fail: number;
  readonly skip: number;
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  amp: "&",
};
const CASE = /<testcase ([^>]*?)(?:\/>|>\s*(?:<(skipped|failure)\b([^>]*)>)?)/g;

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|([a-z]+));/g, (entity, code?: string, name = "") =>
    code === undefined ? (ENTITIES[name] ?? entity) : String.fromCodePoint(Number(code)),
  );
}

function attribute(attributes: string, name: string): string {
  return unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

export function casesIn(report: string): Case[] {
  return [...report.matchAll(CASE)].map(([, test = "", outcome, detail = ""]) => ({
    file: attribute(test, "file"),
    title: [attribute(test, "classname"), attribute(test, "name")].filter(Boolean).join(" > "),
    isSkipped: outcome === "skipped",
    failure:
      outcome === "failure" ? attribute(detail, "message") || attribute(detail, "type") : undefined,
  }));
}

/** Totals from `<testsuites tests="9" failures="1" skipped="0">`. */
export function totalsIn(report: string, exitCode: number): Totals {
  const [head = ""] = /<testsuites [^>]*>/.exec(report) ?? [];
  const number = (name: string) => Number(attribute(head, name));
  const [tests, failures, skip] = [number("tests"), number("failures"), number("skipped")];
  // A file that does not load, or an error between two tests, shows in the exit code alone.
  const fail = exitCode === 0 ? failures : Math.max(1, failures);
  return { pass: tests - failures - skip, fail, skip };
}
