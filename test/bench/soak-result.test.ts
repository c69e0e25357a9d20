import { expect, test } from "bun:test";
import { type QuietPoint, type Tally, verdictsOf } from "../../scripts/soak-result.ts";

function steady(change: (point: QuietPoint, index: number) => Partial<QuietPoint> = () => ({})) {
  return Array.from({ length: 12 }, (_, i): QuietPoint => {
    const files = { storedFiles: 10 * i, completedUploads: 10 * i, otherFiles: 11 };
    const memory = { residentMib: 100 + (i % 3), descriptors: 21 };
    const point = { seconds: i * 150, serverProcess: 1, ...memory, ...files, records: 1_000 * i };
    return { ...point, ...change(point, i) };
  });
}

function missedBy(points: readonly QuietPoint[], more: Partial<Tally> = {}): string[] {
  const tally: Tally = {
    ...{ acked: 1_000, typedAcked: 100, undelivered: 0, lost: 0, doubled: 0, refusals: [] },
    ...{ uploaded: 110, downloaded: 50, interrupted: 20, failures: [], sendersKilled: 1 },
    ...{ disruptions: new Map(), ...more },
  };
  const run = { seconds: 1_800, commit: "abc1234", concurrentUploads: 7 };
  const verdicts = verdictsOf({ ...run, tally, points });
  return verdicts.filter(({ isMet }) => !isMet).map(({ subject }) => subject);
}

test("meets every criterion if all counts are steady", () => {
  expect(missedBy(steady())).toEqual([]);
});

test.each([
  ["lost", "acknowledged texts"],
  ["doubled", "acknowledged texts"],
  ["undelivered", "acknowledged texts"],
])("misses a criterion if one text is %s", (field, subject) => {
  expect(missedBy(steady(), { [field]: 1 })).toEqual([subject]);
});

test("misses criteria that were not exercised", () => {
  expect(missedBy(steady(), { acked: 0 })).toEqual(["acknowledged texts"]);
  expect(missedBy(steady(), { downloaded: 0 })).toEqual(["posts and transfers"]);
  expect(missedBy(steady().slice(0, 3))).toEqual(["resident memory"]);
});

test("detects growing memory, descriptors and files", () => {
  expect(missedBy(steady((_, i) => ({ residentMib: 100 + 4 * i })))).toEqual(["resident memory"]);
  expect(missedBy(steady((_, i) => ({ descriptors: 20 + i })))).toEqual(["descriptors"]);
  expect(missedBy(steady((_, i) => ({ otherFiles: 11 + i })))).toEqual([
    "other files of the data folder",
  ]);
});

test("accepts stored files of killed senders only", () => {
  const with7 = steady(({ completedUploads }) => ({ storedFiles: completedUploads + 7 }));
  const with8 = steady(({ completedUploads }) => ({ storedFiles: completedUploads + 8 }));
  const without = steady(({ completedUploads }) => ({ storedFiles: completedUploads - 1 }));
  const subject = "stored files beyond the answered uploads";
  expect([missedBy(with7), missedBy(with8), missedBy(without)]).toEqual([[], [subject], [subject]]);
});
