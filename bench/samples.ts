/** Samples that parts measure, one per round, passed in a file with one JSON object per line. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** Variable with the path of the samples file. If it is unset, a part only prints. */
export const SAMPLES_VARIABLE = "BENCH_SAMPLES";

export interface Sample {
  readonly table: string;
  /** Samples with the same `row` are rounds of a single measurement. */
  readonly row: Readonly<Record<string, string | number>>;
  readonly values: Readonly<Record<string, number>>;
  readonly missing?: string;
}

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function saveSample(sample: Sample): void {
  const path = process.env[SAMPLES_VARIABLE];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(sample)}\n`);
}

export function readSamples(path: string): Sample[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const median = sorted[sorted.length >> 1];
  if (min === undefined || max === undefined || median === undefined) return undefined;
  return { median, min, max };
}

export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function percentile(samples: Iterable<number>, share: number): number {
  return quantile(Float64Array.from(samples).sort(), share);
}

/** Formats samples as a Markdown table with medians, and minimum and maximum in brackets. */
export function renderSamples(samples: readonly Sample[]): string {
  const groups = Object.values(
    Object.groupBy(samples, ({ table, row }) => JSON.stringify([table, row])),
  );
  const rows = groups.map((group = []) => {
    const [{ table, row, missing } = { table: "", row: {} }] = group;
    const names = new Set(group.flatMap(({ values }) => Object.keys(values)));
    const figures = [...names].flatMap((name) => {
      const spread = spreadOf(group.map(({ values }) => values[name] ?? Number.NaN));
      return spread === undefined ? [] : [`${name} ${formatSpread(spread)}`];
    });
    const subject = Object.entries(row).map(([name, value]) =>
      typeof value === "number" ? `${value} ${name}` : value,
    );
    return [table, subject.join(", "), missing ?? figures.join("; ")];
  });
  return renderTable(["table", "subject", "measured"], rows);
}

export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

function formatSpread({ median, min, max }: Spread): string {
  const [middle, low, high] = [median, min, max].map((value) => {
    const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2;
    return value.toFixed(digits);
  });
  return low === high ? `${middle}` : `${middle} (${low}–${high})`;
}
