/** Parser of the JUnit reports that `bun test` writes. */

export interface Case {
  readonly file: string;
  readonly title: string;
  readonly isSkipped: boolean;
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

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|([a-z]+));/g, (entity, code?: string, name = "") =>
    code === undefined ? (ENTITIES[name] ?? entity) : String.fromCodePoint(Number(code)),
  );
}

function attribute(attributes: string, name: string): string {
  return unescapeXml(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

export function parseCases(report: string): Case[] {
  return [...report.matchAll(CASE)].map(([, test = "", outcome, detail = ""]) => ({
    file: attribute(test, "file"),
    title: [attribute(test, "classname"), attribute(test, "name")].filter(Boolean).join(" > "),
    isSkipped: outcome === "skipped",
    failure:
      outcome === "failure" ? attribute(detail, "message") || attribute(detail, "type") : undefined,
  }));
}

export function parseTotals(report: string, exitCode: number): Totals {
  const [head = ""] = /<testsuites [^>]*>/.exec(report) ?? [];
  const number = (name: string) => Number(attribute(head, name));
  const [tests, failures, skip] = [number("tests"), number("failures"), number("skipped")];
  // Load errors and errors between tests appear only in the exit code.
  const fail = exitCode === 0 ? failures : Math.max(1, failures);
  return { pass: tests - failures - skip, fail, skip };
}

/** Removes the failures that a second run did not confirm: `unsteady` passed in it. */
export function settleSteadiness(
  cases: readonly Case[],
  second: readonly Case[],
): { readonly cases: Case[]; readonly unsteady: Case[] } {
  const isUnsteady = ({ file, title, failure }: Case) =>
    failure !== undefined &&
    second.some(
      (other) =>
        other.file === file &&
        other.title === title &&
        other.failure === undefined &&
        !other.isSkipped,
    );
  const { true: unsteady = [], false: settled = [] } = Object.groupBy(cases, (each) =>
    isUnsteady(each) ? "true" : "false",
  );
  return { cases: settled, unsteady };
}
