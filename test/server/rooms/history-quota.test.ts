import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import { HistoryQuota } from "../../../src/server/rooms/history-quota.ts";
import { rejection } from "../../rejection.ts";
import { siteWith } from "../site.ts";

const ANA = "uAAAAAAAAAAA" as UserId;
const BEN = "uBBBBBBBBBBB" as UserId;
const DAY_MS = 86_400_000;

const ofBytes = (sizeBytes: number) =>
  [{ headBytes: new Uint8Array(40), bodyBytes: new Uint8Array(sizeBytes - 40) }] as never;

function quotaOf(historyBytesPerDay: number | undefined) {
  const clock = { now: 100 * DAY_MS + DAY_MS / 2, unixMs: () => clock.now };
  const registry = { policy: { isOperator: (user: UserId) => user === BEN } };
  const settings = historyBytesPerDay === undefined ? {} : { historyBytesPerDay };
  const quota = new HistoryQuota({ clock, registry, settings } as never);
  return { quota, clock };
}

test("counts the bytes that an account reads, up to its limit", () => {
  const { quota } = quotaOf(1_000);
  quota.count(ANA, ofBytes(999));
  expect(quota.isReached(ANA)).toBeFalse();
  quota.count(ANA, ofBytes(41));
  expect(() => quota.check(ANA)).toThrow(
    expect.objectContaining({ code: "history-limit", remedy: "try again in 12 h" }),
  );
});

test("counts accounts separately and exempts operators", () => {
  const { quota } = quotaOf(1_000);
  for (const user of [ANA, BEN]) quota.count(user, ofBytes(2_000));
  expect([quota.isReached(ANA), quota.isReached(BEN)]).toEqual([true, false]);
  expect(quota.isReached("uCCCCCCCCCCC" as UserId)).toBeFalse();
});

const TEXT = "x".repeat(1_000);

async function readUp() {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { historyBytesPerDay: 50_000 });
  for (let i = 0; i < 20; i++) await site.wait(ana.post(TEXT));
  await site.quiet();
  const page = () => ben.request("history", { target: "lobby", limit: 20 });
  for (let i = 0; i < 3; i++) expect((await page()).records.length).toBe(20);
  return { site, ana, ben, page };
}

test("refuses pages, searches and pins beyond the limit only to that account", async () => {
  const { ana, ben, page } = await readUp();
  const search = { target: "lobby", limit: 5, grep: "x", ignoreCase: true };
  expect(await rejection(page())).toMatchObject({ code: "history-limit" });
  expect(await ben.refusal("history", search)).toBe("history-limit");
  expect(await ben.refusal("pins", { target: "lobby" })).toBe("history-limit");
  expect((await ana.request("history", search)).records.length).toBe(5);
});

test("sends live messages and reports what a catch-up omits", async () => {
  const { site, ana, ben } = await readUp();
  await site.wait(ana.post("live"));
  await site.quiet();
  expect(ben.texts().at(-1)).toBe("live");
  const seen = ben.records.at(-1)?.head.seq ?? 0;
  ben.hangUp();
  for (let i = 0; i < 3; i++) await site.wait(ana.post(`missed ${i}`));
  const again = await site.again(ben, "ben", seen);
  await site.quiet();
  expect(again.texts()).toEqual([]);
  expect(again.all("room")[0]).toMatchObject({ skipped: 3 });
  await site.wait(ana.post("live again"));
  await site.quiet();
  expect(again.texts()).toEqual(["live again"]);
});

test("allows reading on the next day", async () => {
  const { site, page } = await readUp();
  await rejection(page());
  site.skewMs += DAY_MS;
  expect((await page()).records.length).toBe(20);
});

test("counts all pages of a catch-up, not only the first", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { historyBytesPerDay: 500_000 });
  const seen = ben.records.at(-1)?.head.seq ?? 0;
  ben.hangUp();
  for (let i = 0; i < 12; i++) await site.wait(ana.post("x".repeat(60_000)));
  const again = await site.again(ben, "ben", seen);
  await again.until("caught-up");
  expect(again.texts()).toHaveLength(12);
  expect(await again.refusal("history", { target: "lobby", limit: 1 })).toBe("history-limit");
});
