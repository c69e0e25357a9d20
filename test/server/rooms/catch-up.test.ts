import { expect, test } from "bun:test";
import {
  CATCH_UP_RECORDS_MAX,
  FIRST_RECORDS,
  PAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { type Guest, headOf } from "../guest.ts";
import { Site, siteWith } from "../site.ts";

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

async function talk(guest: Guest, from: number, to: number): Promise<void> {
  await guest.site.wait(Promise.all(numbers(from, to).map((text) => guest.post(text))));
  await guest.site.quiet();
}

function expectWhole(guest: Guest): void {
  const next = new Map<string, number>();
  const behind = new Set<string>();
  let caughtUp = 0;
  for (const notice of guest.notices) {
    if (notice.kind === "room") {
      const expected = next.get(notice.room);
      if (expected !== undefined) expect(notice.n - notice.skipped).toBe(expected);
      next.set(notice.room, notice.n);
      if (notice.behind === true) behind.add(notice.room);
      else behind.delete(notice.room);
    }
    if (notice.kind === "room-gone") next.delete(notice.room);
    if (notice.kind === "caught-up") caughtUp = notice.seq;
    if (notice.kind !== "record") continue;
    const head = headOf(notice);
    if (!behind.has(head.room)) expect(head.seq).toBeGreaterThan(caughtUp);
    expect(head.n).toBe(next.get(head.room) ?? -1);
    next.set(head.room, head.n + 1);
  }
}

test("sends the last records of a new room", async () => {
  const { site, ana } = await siteWith(["ana"]);
  await talk(ana, 1, FIRST_RECORDS + 10);
  const ben = await site.member("ben");
  expect(ben.texts()).toEqual(numbers(12, FIRST_RECORDS + 10));
  expect(ben.records).toHaveLength(FIRST_RECORDS);
  expect(ben.all("room")).toHaveLength(1);
  expect(ben.all("room")[0]).toMatchObject({ name: "lobby", n: 14, skipped: 0 });
  expectWhole(ben);
});

test.each([
  [0, 0],
  [1, 0],
  [CATCH_UP_RECORDS_MAX, 0],
  [CATCH_UP_RECORDS_MAX + 1, 1],
  [CATCH_UP_RECORDS_MAX + 70, 70],
])("after %i missed records: %i are skipped", async (missed, skipped) => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  await site.quiet();
  const after = ben.records.at(-1)?.head.seq ?? 0;
  ben.hangUp();
  await site.quiet();
  await talk(ana, 1, missed);
  const back = await site.again(ben, "ben", after);
  expect(back.texts()).toEqual(numbers(skipped + 1, missed));
  const [room] = back.all("room");
  expect(room).toMatchObject({ skipped, n: 4 + skipped });
  expect(back.all("caught-up")).toEqual([{ kind: "caught-up", seq: after + missed }]);
  await talk(ana, missed + 1, missed + 2);
  expect(back.texts().slice(-2)).toEqual(numbers(missed + 1, missed + 2));
  expectWhole(back);
});

test("devices that reconnect together after a restart share one read", async () => {
  let reads = 0;
  const reading = () => {
    reads++;
    return Promise.resolve();
  };
  const site = await Site.open({ reading });
  const ana = await site.member("ana");
  const guests = { ana, ben: await site.member("ben"), cleo: await site.member("cleo") };
  await site.quiet();
  const after = ana.records.at(-1)?.head.seq ?? 0;
  await talk(ana, 1, 20);
  await site.restart();
  reads = 0;
  for (const [name, guest] of Object.entries(guests)) {
    const back = await site.again(guest, name, after);
    expect(back.texts()).toEqual(numbers(1, 20));
    expectWhole(back);
  }
  // Reads the missed messages, then the number of the last message before them.
  expect(reads).toBe(2);
});

test("neither loses nor repeats records during a log-in", async () => {
  const { site, ana } = await siteWith(["ana"]);
  site.isTight = true;
  for (let round = 0; round < 50; round++) {
    const phone = await site.greeted(undefined, ana.keys);
    await site.quiet();
    const after = ana.records.at(-1)?.head.seq ?? 0;
    ana.post(`${round}`);
    for (let hops = round % 50; hops > 0; hops--) await undefined;
    phone.send("login", phone.signedLogin("ana", after));
    await phone.until("caught-up");
    await site.quiet();
    expect(phone.texts()).toEqual([`${round}`]);
    expectWhole(phone);
    phone.hangUp();
  }
});

test("announces a joined room before later records of other rooms", async () => {
  const site: Site = await Site.open({
    reading: () => new Promise((go) => void site.clock.after(50, go)),
  });
  const [before, benBefore] = [await site.member("ana"), await site.member("ben")];
  await before.request("join", { room: "dev", create: true });
  await site.wait(before.post("past", "dev"));
  await site.restart();
  const ana = await site.again(before, "ana", before.records.at(-1)?.head.seq);
  const ben = await site.again(benBefore, "ben", before.records.at(-1)?.head.seq);
  await ben.request("join", { room: "dev" });
  await site.wait(ana.post("meanwhile", "lobby", "BBBBBBBBBBB"));
  const seen = ben.notices.length;
  await site.time.advance(200);
  const dev = ben.all("room").filter(({ name }) => name === "dev");
  expect(dev.map(({ n, behind }) => [n, behind])).toEqual([
    [1, true],
    [5, undefined],
  ]);
  const kinds = ben.notices.map((notice) => (notice.kind === "room" ? notice.name : notice.kind));
  expect(kinds.indexOf("dev")).toBeLessThan(seen);
  expect(ben.texts()).toEqual(["meanwhile", "past"]);
  await site.wait(ana.post("now", "dev", "BBBBBBBBBBB"));
  await site.quiet();
  expect(ben.texts().at(-1)).toBe("now");
  expectWhole(ben);
});

test("closes a slow reader, which then resumes", async () => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"]);
  await site.quiet();
  const after = ben.records.at(-1)?.head.seq ?? 0;
  (ben.link as ReturnType<Site["farEnd"]>).stall();
  const text = "x".repeat(TEXT_BYTES_MAX - 10);
  const count = Math.ceil(SEND_QUEUE_BYTES_MAX / TEXT_BYTES_MAX) + 3;
  for (let i = 0; i < count; i++) await site.wait(ana.post(`${i} ${text}`));
  expect((await ben.untilEnded()).fault?.code).toBe("link-closed");
  await site.quiet();
  expect(eve.texts()).toHaveLength(count);
  const back = await site.again(ben, "ben", after);
  const skipped = back.all("room")[0]?.skipped ?? count;
  expect(skipped).toBeLessThan(10);
  const prefixes = back.texts().map((one) => one.slice(0, one.indexOf(" ")));
  expect(prefixes).toEqual(numbers(skipped, count - 1));
  expectWhole(back);
});

test("catches up at the speed of the reader", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const text = "x".repeat(TEXT_BYTES_MAX - 10);
  for (let i = 0; i < 40; i++) await site.wait(ana.post(`${i} ${text}`));
  const slow = await site.greeted(undefined, ana.keys);
  slow.send("login", slow.signedLogin("ana"));
  await slow.until("room");
  const release = (slow.link as ReturnType<Site["farEnd"]>).stall();
  await site.time.advance(1_000);
  expect(site.farEnd(slow).queuedBytes()).toBeLessThan(SEND_QUEUE_BYTES_MAX / 4);
  release();
  await slow.until("caught-up");
  expect(slow.texts()).toHaveLength(40);
  expectWhole(slow);
});

test("reads from the disk what a slow device missed during its catch-up", async () => {
  let reads = 0;
  const { site, ana } = await siteWith(["ana"], {
    reading: () => {
      reads++;
      return Promise.resolve();
    },
  });
  const long = "x".repeat(60_000);
  for (let i = 1; i <= 20; i++) await site.wait(ana.post(long));
  const slow = await site.greeted(undefined, ana.keys);
  const release = (slow.link as ReturnType<Site["farEnd"]>).stall();
  slow.send("login", slow.signedLogin("ana"));
  await site.time.advance(1_000);
  expect(site.farEnd(slow).queuedBytes()).toBeGreaterThan(PAGE_BYTES_MAX);
  // More records than the memory holds for a room.
  await talk(ana, 1, 300);
  reads = 0;
  release();
  await slow.until("caught-up");
  await site.quiet();
  expect(reads).toBeGreaterThan(0);
  expect(slow.texts().filter((text) => text !== long)).toEqual(numbers(1, 300));
  expectWhole(slow);
});
