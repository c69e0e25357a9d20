import { expect, test } from "bun:test";
import { SAMPLES_PAGE_MAX, SAMPLES_STORED_MAX } from "../../../src/base/limits-page.ts";
import { type Sample, Samples } from "../../../src/server/admin/metrics.ts";

const SINCE = 1_800_000_000_000;

function sample(n: number, more: Partial<Sample> = {}): Sample {
  return {
    time: SINCE + n * 1_000,
    posts: n * 3,
    receivedBytes: n * 10,
    sentBytes: n * 100,
    links: 2,
    online: 1,
    memoryBytes: 1_000 + n,
    diskFreeBytes: 5_000_000_000,
    ...more,
  };
}

function taken(count: number): Samples {
  const samples = new Samples(SINCE);
  for (let n = 1; n <= count; n++) samples.add(sample(n));
  return samples;
}

test("samples store the increase of counters and the value of gauges", () => {
  const samples = taken(2);
  samples.add(sample(3, { posts: 9 + 40, links: 7 }));
  expect(samples.page(0)).toEqual({
    since: SINCE,
    last: 3,
    more: false,
    time: [1, 2, 3].map((n) => SINCE + n * 1_000),
    posts: [0, 3, 43],
    receivedBytes: [0, 10, 10],
    sentBytes: [0, 100, 100],
    links: [2, 2, 7],
    online: [1, 1, 1],
    memoryBytes: [1_001, 1_002, 1_003],
    diskFreeBytes: [5_000_000_000, 5_000_000_000, 5_000_000_000],
  });
});

test("samples answer with all samples after a restart", () => {
  expect(taken(5).page(11).time).toHaveLength(5);
  expect(taken(5).page(Number.MAX_SAFE_INTEGER).time).toHaveLength(5);
});

test("samples keep one hour, in pages", () => {
  const samples = taken(SAMPLES_STORED_MAX + 1);
  const first = samples.page(0);
  expect(first.memoryBytes[0]).toBe(1_002);
  expect(first).toMatchObject({ more: true, last: 1 + SAMPLES_PAGE_MAX });
  let [last, count] = [first.last, first.time.length];
  for (let page = first; page.more; ) {
    page = samples.page(last);
    expect(page.time[0]).toBe(SINCE + (last + 1) * 1_000);
    [last, count] = [page.last, count + page.time.length];
  }
  expect([last, count]).toEqual([SAMPLES_STORED_MAX + 1, SAMPLES_STORED_MAX]);
});
