import { expect, test } from "bun:test";
import type { OutboxId, UserId } from "../../src/base/ids.ts";
import {
  CATCH_UP_BYTES_MAX,
  CONCURRENT_PAGE_READS_MAX,
  DEVICES_PER_ACCOUNT_MAX,
  LINKS_PER_ADDRESS_SHARE,
  PAGE_BYTES_MAX,
  PAGE_READS_PER_ACCOUNT_MAX,
  POSTS_BURST,
  POSTS_PER_SECOND,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND,
} from "../../src/base/limits.ts";
import { Presence } from "../../src/core/rooms/presence.ts";
import type { PageQuery } from "../../src/io/log/log.ts";
import { rejection } from "../rejection.ts";
import { type Guest, newKeys } from "./guest.ts";
import { Site, siteWith } from "./site.ts";
import { siteTest } from "./site-lab.ts";

const x = (size: number) => "x".repeat(size);
const OUTBOX = "CCCCCCCCCCC";

siteTest("replaces an offline device if an account has too many", async (site) => {
  const first = await site.member("ana", "pass");
  const guests: Guest[] = [];
  for (let i = 1; i < DEVICES_PER_ACCOUNT_MAX; i++) {
    const guest = await site.greeted(`10.6.2.${i}`, newKeys());
    await guest.request("login", guest.passwordLogin("ana", "pass"));
    guests.push(guest);
  }
  const away = guests.slice(3, 6);
  for (const guest of away) guest.hangUp();
  const count = async () => (await first.request("devices", {})).devices.length;
  const late = await Promise.all([1, 2, 3].map((i) => site.greeted(`10.6.3.${i}`, newKeys())));
  await Promise.all(
    late.map((guest) => guest.request("login", guest.passwordLogin("ana", "pass"))),
  );
  expect(await count()).toBe(DEVICES_PER_ACCOUNT_MAX);
  const fourth = await site.greeted("10.6.3.4", newKeys());
  const login = fourth.passwordLogin("ana", "pass");
  expect(await fourth.refusal("login", login)).toBe("too-many");
  for (const { keys } of away) {
    const again = await site.greeted("10.6.3.5", keys);
    expect(await again.refusal("login", again.signedLogin("ana"))).toBe("login-refused");
  }
  expect((await first.request("devices", {})).devices.filter(({ online }) => !online)).toEqual([]);
});

test("lets a school behind one address in, and says who waits why", async () => {
  const linksMax = 40;
  const perAddress = linksMax * LINKS_PER_ADDRESS_SHARE;
  const site = await Site.open({ linksMax });
  const host = "10.6.1.1";
  const guests: Guest[] = [];
  for (let i = 0; i < perAddress; i++) {
    const guest = await site.greeted(host);
    await guest.request("register", guest.registration(`p${i}`, "p"));
    guests.push(guest);
  }
  for (let i = 0; i < 3; i++)
    expect((await rejection(site.connect(host))).message).toContain("no more");
  const warnings = site.events.flatMap((event) => (event.kind === "warning" ? [event.fault] : []));
  expect(warnings.map(({ message }) => message)).toEqual([
    `refuses connections of ${host}: ${perAddress} are in use`,
  ]);
  await site.greeted("10.6.1.2");
  guests[0]?.hangUp();
  await site.quiet();
  const late = await site.greeted(host);
  await late.request("register", late.registration("late", "p"));
});

test("limits the burst and the rate of requests without closing the link", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const started = site.clock.now();
  let [taken, refused] = [0, 0];
  for (let i = 0; i < 5; i++) {
    const batch = Array.from({ length: REQUESTS_BURST / 4 }, () => ana.send("ignored", {}));
    const outcomes = await site.wait(Promise.allSettled(batch));
    const failed = outcomes.filter(({ status }) => status === "rejected");
    taken += outcomes.length - failed.length;
    refused += failed.length;
    for (const one of failed) expect(one).toMatchObject({ reason: { code: "too-fast" } });
  }
  const elapsedMs = site.clock.now() - started;
  expect(refused).toBeGreaterThan(0);
  expect(taken).toBeGreaterThanOrEqual(REQUESTS_BURST - 1);
  expect(taken).toBeLessThanOrEqual(
    REQUESTS_BURST + Math.ceil((elapsedMs * REQUESTS_PER_SECOND) / 1_000) + 1,
  );
  await site.time.advance(1_000);
  await site.wait(
    Promise.all(Array.from({ length: REQUESTS_PER_SECOND }, () => ana.send("ignored", {}))),
  );
  expect((await site.wait(ana.post("words have their own pace"))).seq).toBeGreaterThan(0);
});

test("limits the burst and the rate of posts", () => {
  const presence = new Presence();
  const asker = { session: 1, user: "ua" as UserId };
  presence.enter({ ...asker, isPresent: true }, 0);
  const take = (count: number, now: number) => {
    for (let i = 0; i < count; i++) {
      expect(presence.acceptPost(asker, OUTBOX as OutboxId, i + 1, now)).toBeUndefined();
    }
    const fault = presence.acceptPost(asker, OUTBOX as OutboxId, count + 1, now);
    expect(fault).toMatchObject({ code: "too-fast", retryAfterMs: expect.any(Number) });
  };
  take(POSTS_BURST, 0);
  presence.unblock(1, OUTBOX as OutboxId, POSTS_BURST + 1);
  take(POSTS_PER_SECOND, 1_000);
});

test("limits a page by bytes", async () => {
  const { site, ana } = await siteWith(["ana"]);
  for (let i = 0; i < 8; i++) await site.wait(ana.post(x(60_000)));
  const page = await ana.request("history", { limit: 100 });
  const size = page.records.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
  expect([page.more, page.records.length]).toEqual([true, 4]);
  expect(size).toBeLessThanOrEqual(PAGE_BYTES_MAX);
});

test("limits a catch-up by bytes, to the newest records", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const after = ana.records.at(-1)?.head.seq ?? 0;
  ana.hangUp();
  const count = Math.ceil(CATCH_UP_BYTES_MAX / 60_000) + 5;
  for (let i = 0; i < count; i++) await site.wait(ben.post(`${i} ${x(60_000)}`));
  const again = await site.again(ana, "ana", after);
  const [room] = again.all("room");
  const sizes = again.all("record").map(({ body }) => body?.length ?? 0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(CATCH_UP_BYTES_MAX);
  expect(sizes.length).toBeGreaterThan(count - 12);
  expect((room?.skipped ?? 0) + sizes.length).toBeGreaterThanOrEqual(count);
  expect(again.texts().at(-1)).toStartWith(`${count - 1} `);
});

test("keeps one page of a catch-up in memory, and reads others when they are sent", async () => {
  const reads: PageQuery[] = [];
  const { site, ana, ben } = await siteWith(["ana", "ben"], {
    reading: (query) => Promise.resolve(void reads.push(query)),
  });
  const after = ana.records.at(-1)?.head.seq ?? 0;
  ana.hangUp();
  const texts = Array.from({ length: 20 }, (_, i) => x(60_000 + i));
  for (const text of texts) await site.wait(ben.post(text));
  reads.length = 0;
  const again = await site.again(ana, "ana", after);
  await again.until("caught-up");
  expect(again.texts()).toEqual(texts);
  expect(Math.max(...reads.map(({ bytesMax }) => bytesMax))).toBe(PAGE_BYTES_MAX);
  // The pages that tell where to begin are read again when they are sent.
  const sent = reads.filter(({ from }) => from === "oldest");
  expect(sent.length).toBeGreaterThanOrEqual(4);
  expect(reads.slice(-sent.length)).toEqual(sent);
});

test("limits concurrent page reads per account and in total", async () => {
  let [reading, most] = [0, 0];
  const site: Site = await Site.open({
    reading: async () => {
      most = Math.max(most, ++reading);
      await new Promise<void>((go) => void site.clock.after(5, go));
      reading--;
    },
  });
  const guests: Guest[] = [];
  for (const name of ["ana", "ben", "eve"]) {
    const one = await site.member(name);
    guests.push(one, await site.again(one, name), await site.again(one, name));
  }
  const requestPages = (count: number, one = 0) =>
    Array.from({ length: count }, () => guests[one]?.send("history", { limit: 1 }));
  most = 0;
  await site.wait(Promise.all(requestPages(10)));
  expect(most).toBe(1);
  await site.wait(
    Promise.all([...requestPages(10), ...requestPages(10, 1), ...requestPages(10, 2)]),
  );
  expect(most).toBe(PAGE_READS_PER_ACCOUNT_MAX);
  most = 0;
  await site.wait(Promise.all(guests.flatMap((_, one) => requestPages(5, one))));
  expect(most).toBe(CONCURRENT_PAGE_READS_MAX);
});
