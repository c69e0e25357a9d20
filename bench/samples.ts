/**
 * What a part of the bench has measured, one sample for each round. A part is a process: it hands
 * its samples over in a file, one JSON object a line, so that a failure loses no earlier sample.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** Names the file. Without it a part only prints. */
export const SAMPLES_VARIABLE = "BENCH_SAMPLES";

export interface Sample {
  /** Which table of the document it belongs to. */
  readonly table: string;
  /** Which row: samples of one row are rounds of the same measurement. */
  readonly row: Readonly<Record<string, string | number>>;
  readonly values: Readonly<Record<string, number>>;
  /** Why it was not measured. */
  readonly missing?: string;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

export function keepSample(sample: Sample): void {
  const path = process.env[SAMPLES_VARIABLE];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(sample)}\n`);
}

export function readSamples(path: string): Sample[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.filter(Number.isFinite).sort((one, other) => one - other);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const median = sorted[sorted.length >> 1];
  if (min === undefined || max === undefined || median === undefined) return undefined;
  return { median, min, max, rounds: sorted.length };
}

/** @returns the value at this share of ascending numbers, 0 if there are none */
export function atShare(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The samples of all parts, asked by table, row and value. */
export class Figures {
  readonly #samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  /** The rows of a table, each once, in the order in which they were measured. */
  rows(table: string): Sample["row"][] {
    const rows = new Map<string, Sample["row"]>();
    for (const sample of this.#samples) {
      if (sample.table === table) rows.set(JSON.stringify(sample.row), sample.row);
    }
    return [...rows.values()];
  }

  spread(table: string, row: Sample["row"], value: string): Spread | undefined {
    return spreadOf(this.#of(table, row).map(({ values }) => values[value] ?? Number.NaN));
  }

  median(table: string, row: Sample["row"], value: string): number | undefined {
    return this.spread(table, row, value)?.median;
  }

  missing(table: string, row: Sample["row"]): string | undefined {
    return this.#of(table, row).find(({ missing }) => missing !== undefined)?.missing;
  }

  /** Each field that the row names must be equal. */
  #of(table: string, row: Sample["row"]): Sample[] {
    const fields = Object.entries(row);
    return this.#samples.filter(
      (sample) =>
        sample.table === table && fields.every(([field, value]) => sample.row[field] === value),
    );
  }
}
