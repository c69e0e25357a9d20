/** Server statistics for the last hour, with one sample per second. */

import { SAMPLES_PAGE_MAX, SAMPLES_STORED_MAX } from "../../base/limits-page.ts";
import type { Answer } from "../../wire/messages.ts";

export interface Sample {
  readonly time: number;
  readonly posts: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly links: number;
  readonly online: number;
  readonly memoryBytes: number;
  readonly diskFreeBytes: number | undefined;
}

const COLUMNS = [
  ...(["time", "posts", "receivedBytes", "sentBytes"] as const),
  ...(["links", "online", "memoryBytes", "diskFreeBytes"] as const),
] as const satisfies readonly (keyof Sample)[];
const COUNTERS: ReadonlySet<keyof Sample> = new Set(["posts", "receivedBytes", "sentBytes"]);

/** Samples are numbered from 1. Readers pass the number of the last sample received. */
export class Samples {
  readonly #sinceMs: number;
  readonly #columns = new Map(COLUMNS.map((name) => [name, new Float64Array(SAMPLES_STORED_MAX)]));
  #previous: Sample | undefined;
  #last = 0;

  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  add(sample: Sample): void {
    if (this.#previous?.diskFreeBytes === undefined && sample.diskFreeBytes !== undefined) {
      this.#columns.get("diskFreeBytes")?.fill(sample.diskFreeBytes);
    }
    for (const [name, column] of this.#columns) {
      const value = sample[name] ?? 0;
      const before = COUNTERS.has(name) ? (this.#previous?.[name] ?? value) : 0;
      column[this.#last % SAMPLES_STORED_MAX] = Math.max(0, Math.floor(value - before));
    }
    this.#previous = sample;
    this.#last++;
  }

  page(after: number): Answer<"samples"> {
    const oldest = Math.max(0, this.#last - SAMPLES_STORED_MAX);
    const from = after > this.#last ? oldest : Math.max(after, oldest);
    const to = Math.min(this.#last, from + SAMPLES_PAGE_MAX);
    const columns = [...this.#columns]
      .filter(([name]) => name !== "diskFreeBytes" || this.#previous?.diskFreeBytes !== undefined)
      .map(([name, column]) => {
        const at = (index: number) => column[(from + index) % SAMPLES_STORED_MAX] ?? 0;
        return [name, Array.from({ length: to - from }, (_, index) => at(index))];
      });
    const position = { since: this.#sinceMs, last: to, more: to < this.#last };
    return { ...position, ...Object.fromEntries(columns) };
  }
}
