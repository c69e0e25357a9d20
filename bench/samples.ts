/** Samples that parts measure, one per round, passed in a file with one JSON object per line. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** Variable with the path of the samples file. If it is unset, a part only prints. */
export const SAMPLES_VARIABLE = "BENCH_SAMPLES";

export interface Sample {
  readonly table: string;
  /** Samples with the same `row` are rounds of a single measurement. */
  readonly row: Readonly<Record<string, string | number>>;
  readonly values: Readonly<Record<string, number>>;
  /** Text cells of the report, which do not vary between rounds. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly missing?: string;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
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
  return { median, min, max, rounds: sorted.length };
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export class SampleSet {
  readonly #samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  rows(table: string): Sample["row"][] {
    const rows = new Map<string, Sample["row"]>();
    for (const sample of this.#samples) {
      if (sample.table === table) rows.set(JSON.stringify(sample.row), sample.row);
    }
    return [...rows.values()];
  }

  spread(table: string, row: Sample["row"], value: string): Spread | undefined {
    return spreadOf(this.#samplesOf(table, row).map(({ values }) => values[value] ?? Number.NaN));
  }

  median(table: string, row: Sample["row"], value: string): number | undefined {
    return this.spread(table, row, value)?.median;
  }

  text(table: string, row: Sample["row"], value: string): string | undefined {
    return this.#samplesOf(table, row).find(({ texts }) => texts !== undefined)?.texts?.[value];
  }

  missing(table: string, row: Sample["row"]): string | undefined {
    return this.#samplesOf(table, row).find(({ missing }) => missing !== undefined)?.missing;
  }

  #samplesOf(table: string, row: Sample["row"]): Sample[] {
    const fields = Object.entries(row);
    return this.#samples.filter(
      (sample) =>
        sample.table === table && fields.every(([field, value]) => sample.row[field] === value),
    );
  }
}
