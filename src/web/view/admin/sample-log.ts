/** The server's samples of the last hour, and their summaries for charts and tables. */

import { SAMPLES_STORED_MAX } from "../../../base/limits-page.ts";
import { MINUTE_MS } from "../../../base/time.ts";
import type { Answer } from "../../../wire/messages.ts";

export type SampleColumns = Pick<
  Answer<"samples">,
  ColumnName | "since" | "last" | "diskFreeBytes"
>;

/** Columns with values per second; all other columns are gauges. */
const COUNTERS = ["posts", "receivedBytes", "sentBytes"] as const;
const GAUGES = ["links", "online", "memoryBytes"] as const;
const COLUMN_NAMES = ["time", ...COUNTERS, ...GAUGES] as const;
type ColumnName = (typeof COLUMN_NAMES)[number];

/** @returns `undefined` if the server has restarted, so that all samples must be fetched */
function appendAnswer(
  samples: SampleColumns | undefined,
  answer: Answer<"samples">,
): SampleColumns | undefined {
  if (samples === undefined) return answer;
  if (samples.since !== answer.since) return undefined;
  const appended = (before: readonly number[], after: readonly number[]) =>
    [...before, ...after].slice(-SAMPLES_STORED_MAX);
  const columns = COLUMN_NAMES.map(
    (name) => [name, appended(samples[name], answer[name])] as const,
  );
  const { diskFreeBytes } = answer;
  return {
    ...(Object.fromEntries(columns) as Record<ColumnName, number[]>),
    since: answer.since,
    last: answer.last,
    diskFreeBytes:
      diskFreeBytes === undefined
        ? undefined
        : appended(samples.diskFreeBytes ?? [], diskFreeBytes),
  };
}

export async function fetchSamples(
  stored: SampleColumns | undefined,
  request: (after: number) => Promise<Answer<"samples">>,
): Promise<SampleColumns> {
  let samples = stored;
  for (;;) {
    const answer = await request(samples?.last ?? 0);
    samples = appendAnswer(samples, answer);
    if (samples !== undefined && !answer.more) return samples;
  }
}

export interface Summary {
  readonly last: number;
  readonly mean: number;
  readonly max: number;
  readonly maxAt: number;
}

export function summarize(
  values: readonly number[],
  time: readonly number[],
  from = 0,
): Summary | undefined {
  const last = values.at(-1);
  if (last === undefined || from >= values.length) return undefined;
  let [sum, at] = [0, from];
  for (let index = from; index < values.length; index++) {
    sum += values[index] ?? 0;
    if ((values[index] ?? 0) > (values[at] ?? 0)) at = index;
  }
  const mean = sum / (values.length - from);
  return { last, mean, max: values[at] ?? 0, maxAt: time[at] ?? 0 };
}

export function firstIndexWithin(time: readonly number[], spanMs: number): number {
  const newest = time.at(-1) ?? 0;
  const index = time.findIndex((ms) => ms > newest - spanMs);
  return Math.max(0, index);
}

export interface Minute {
  readonly time: number;
  readonly values: Readonly<Record<Exclude<ColumnName, "time">, number>>;
  readonly diskFreeBytes: number | undefined;
}

export function perMinute(samples: SampleColumns): Minute[] {
  const minutes: Minute[] = [];
  const { time } = samples;
  for (let end = time.length; end > 0; ) {
    const minute = Math.floor((time[end - 1] ?? 0) / MINUTE_MS);
    let begin = end - 1;
    while (begin > 0 && Math.floor((time[begin - 1] ?? 0) / MINUTE_MS) === minute) begin--;
    const values: Record<string, number> = {};
    for (const name of COUNTERS) values[name] = mean(samples[name].slice(begin, end));
    for (const name of GAUGES) values[name] = samples[name][end - 1] ?? 0;
    minutes.push({
      time: time[begin] ?? 0,
      values: values as Minute["values"],
      diskFreeBytes: samples.diskFreeBytes?.[end - 1],
    });
    end = begin;
  }
  return minutes;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function labelPx(longest: string, remPx: number): number {
  return (longest.length * 0.45 + 1) * remPx; // A digit is 0.56 em wide; 1 em is 0.75 rem.
}
