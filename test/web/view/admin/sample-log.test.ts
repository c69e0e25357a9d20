import { describe, expect, test } from "bun:test";
import { SAMPLES_STORED_MAX } from "../../../../src/base/limits-page.ts";
import {
  fetchSamples,
  firstIndexWithin,
  perMinute,
  type SampleColumns,
  summarize,
} from "../../../../src/web/view/admin/sample-log.ts";
import type { Answer } from "../../../../src/wire/messages.ts";

function answer(from: number, to: number, more = false, since = 5): Answer<"samples"> {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const time = numbers.map((n) => 1_800_000_000_000 + n * 1_000);
  const [posts, rest] = [numbers, numbers.map(() => 1)];
  const bytes = { receivedBytes: rest, sentBytes: rest, memoryBytes: rest, diskFreeBytes: posts };
  return { since, last: to, more, time, posts, links: rest, online: rest, ...bytes };
}

describe("samples of the last hour", () => {
  test("appends new samples, up to one hour", async () => {
    const most = SAMPLES_STORED_MAX;
    const known = await fetchSamples(answer(1, most - 1), (after) =>
      Promise.resolve(answer(after + 1, most + 5)),
    );
    expect(known.posts).toHaveLength(most);
    expect([known.posts[0], known.posts.at(-1), known.last]).toEqual([6, most + 5, most + 5]);
    expect(known.diskFreeBytes).toHaveLength(SAMPLES_STORED_MAX);
  });

  test("fetches pages, and starts over after a server restart", async () => {
    const asked: number[] = [];
    const ask = (after: number) => {
      asked.push(after);
      if (after === 0) return Promise.resolve(answer(1, 2, true, 9));
      return Promise.resolve(answer(after + 1, after + 1, false, 9));
    };
    const known: SampleColumns = answer(1, 40);
    expect((await fetchSamples(known, ask)).posts).toEqual([1, 2, 3]);
    expect(asked).toEqual([40, 0, 2]);
  });

  test("summarizes a series", () => {
    const { time, posts } = answer(1, 10);
    expect(summarize([], [])).toBeUndefined();
    expect(summarize(posts, time, 10)).toBeUndefined();
    expect(summarize(posts, time)).toEqual({ last: 10, mean: 5.5, max: 10, maxAt: time[9] ?? 0 });
    expect(summarize([3, 7, 7, 1], time, 1)).toMatchObject({ max: 7, maxAt: time[1], mean: 5 });
    expect(firstIndexWithin(time, 3_000)).toBe(7);
    expect(firstIndexWithin(time, 60_000)).toBe(0);
    expect(firstIndexWithin([], 60_000)).toBe(0);
  });

  test("tabulates by minute, newest first", () => {
    // The base is a whole minute: 59 samples, then 60, then 2.
    const minutes = perMinute(answer(1, 121));
    expect(minutes.map(({ values }) => values.posts)).toEqual([120.5, 89.5, 30]);
    expect(minutes.map(({ diskFreeBytes }) => diskFreeBytes)).toEqual([121, 119, 59]);
    expect(perMinute(answer(1, 0))).toEqual([]);
  });
});
