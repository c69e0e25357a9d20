import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import {
  CATCH_UP_RECORDS_MAX,
  FIRST_RECORDS,
  SEND_QUEUE_BYTES_MAX,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import type { Head } from "../../../src/wire/record.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

async function talk(guest: Guest, from: number, to: number): Promise<void> {
  await guest.site.wait(Promise.all(numbers(from, to).map((text) => guest.say(text))));
  await guest.site.quiet();
}

/** Each room that was told of: its records dense from the `n` that was announced. */
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
    const head = JSON.parse(Buffer.from(notice.head).toString()) as Head;
    if (!behind.has(head.room)) expect(head.seq).toBeGreaterThan(caughtUp);
    expect(head.n).toBe(next.get(head.room) ?? -1);
    next.set(head.room, head.n + 1);
  }
}

describe("a device that logs in", () => {
  test("sees the last of a room that it meets for the first time", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    await talk(ana, 1, FIRST_RECORDS + 10);
    const ben = await site.member("ben");
    expect(ben.texts()).toEqual(numbers(12, FIRST_RECORDS + 10)); // The last is its own join.
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
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
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

  test("with a cursor beyond all that there is gets what comes next", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    await talk(ana, 1, 3);
    const live = await site.again(ana, "ana", Number.MAX_SAFE_INTEGER);
    expect(live.records).toEqual([]);
    await talk(ana, 4, 5);
    expect(live.texts()).toEqual(["4", "5"]);
    expectWhole(live);
  });

  test("what is recorded in the very moment of coming is neither lost nor doubled", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    site.isTight = true;
    for (let round = 0; round < 400; round++) {
      const phone = await site.greeted(undefined, ana.keys);
      await site.quiet();
      const after = ana.records.at(-1)?.head.seq ?? 0;
      ana.say(`${round}`);
      for (let hops = round % 50; hops > 0; hops--) await undefined;
      phone.send("login", phone.signedLogin("ana", after));
      await phone.until("caught-up");
      await site.quiet();
      expect(phone.texts()).toEqual([`${round}`]);
      expectWhole(phone);
      phone.hangUp();
    }
  });
});

describe("whatever the disk's pace and the order of things", () => {
  const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1);
  test.each(SEEDS)("each reader gets each record once, in order, seed %i", async (seed) => {
    const site: Site = await Site.open({
      seed,
      reading: () =>
        new Promise((go) => {
          site.clock.after(site.random() * 20, go);
        }),
    });
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const rooms = ["lobby", "dev", "@ben"];
    await ana.ask("join", { room: "dev", create: true });
    let said = 0;
    const all: Promise<unknown>[] = [];
    const readers: Guest[] = [];
    const cursors = new Map<Guest, number>();
    for (let i = 0; i < 60; i++) {
      const chance = site.random();
      const to = rooms[Math.floor(site.random() * rooms.length)] ?? "lobby";
      if (chance < 0.7) all.push(ana.say(`${++said}`, to));
      else if (chance < 0.8) all.push(ben.send("join", { room: "dev" }));
      else if (chance < 0.85) all.push(ben.send("leave", { room: "dev" }));
      else if (chance < 0.95) {
        const reader = await site.greeted(undefined, site.random() < 0.5 ? ana.keys : ben.keys);
        const name = reader.keys === ana.keys ? "ana" : "ben";
        const after = site.random() < 0.5 ? undefined : Math.floor(site.random() * (said + 5));
        all.push(reader.send("login", reader.signedLogin(name, after)));
        readers.push(reader);
        cursors.set(reader, after ?? 0);
      }
      await site.time.advance(site.random() * 6);
    }
    await site.wait(Promise.allSettled(all));
    await site.time.advance(500);
    for (const reader of [ana, ben, ...readers]) {
      expect(reader.ended).toBeUndefined();
      expectWhole(reader);
      const lobby = (guest: Guest) =>
        guest.records.filter(({ head }) => head.room === lobbyOf(ana)).at(-1)?.head.seq ?? 0;
      if (lobby(ana) > (cursors.get(reader) ?? 0)) expect(lobby(reader)).toBe(lobby(ana));
    }
  });
});

function lobbyOf(guest: Guest): string {
  return guest.all("room").find(({ name }) => name === "lobby")?.room ?? "";
}

describe("a room that one comes into while others go on", () => {
  test("is announced before any later record of the others", async () => {
    const site: Site = await Site.open({
      reading: () => new Promise((go) => void site.clock.after(50, go)),
    });
    const [before, benBefore] = [await site.member("ana"), await site.member("ben")];
    await before.ask("join", { room: "dev", create: true });
    await site.wait(before.say("past", "dev"));
    await site.restart(); // From now on the past is read from the disk.
    const ana = await site.again(before, "ana");
    const ben = await site.again(benBefore, "ben", before.records.at(-1)?.head.seq);
    await ben.ask("join", { room: "dev" });
    await site.wait(ana.say("meanwhile", "lobby", "BBBBBBBBBBB"));
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
    await site.wait(ana.say("now", "dev", "BBBBBBBBBBB"));
    await site.quiet();
    expect(ben.texts().at(-1)).toBe("now");
    expectWhole(ben);
  });
});

describe("a reader", () => {
  test("that is too slow is closed at the bound and resumes; others go on", async () => {
    const site = await Site.open();
    const [ana, ben, eve] = [
      await site.member("ana"),
      await site.member("ben"),
      await site.member("eve"),
    ];
    await site.quiet();
    const after = ben.records.at(-1)?.head.seq ?? 0;
    (ben.link as ReturnType<Site["farEnd"]>).stall();
    const text = "x".repeat(TEXT_BYTES_MAX - 10);
    const count = Math.ceil(SEND_QUEUE_BYTES_MAX / TEXT_BYTES_MAX) + 3;
    for (let i = 0; i < count; i++) await site.wait(ana.say(`${i} ${text}`));
    expect((await ben.untilEnded()).fault?.code).toBe("link-closed");
    await site.quiet();
    expect(eve.texts()).toHaveLength(count);
    const back = await site.again(ben, "ben", after);
    const skipped = back.all("room")[0]?.skipped ?? count; // Of what it missed, 8 MiB are sent.
    expect(skipped).toBeLessThan(10);
    const told = back.texts().map((one) => one.slice(0, one.indexOf(" ")));
    expect(told).toEqual(numbers(skipped, count - 1));
    expectWhole(back);
  });

  test("is brought up to date at its own pace, without filling its queue", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const text = "x".repeat(TEXT_BYTES_MAX - 10);
    for (let i = 0; i < 40; i++) await site.wait(ana.say(`${i} ${text}`));
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

  test("is closed with the reason when the past cannot be read; others go on", async () => {
    let isBroken = false;
    const site = await Site.open({
      reading: () =>
        isBroken ? Promise.reject(new Fault("store-failed", "no reading")) : Promise.resolve(),
    });
    const before = await site.member("ana");
    await site.restart(); // From now on the past is read from the disk.
    const ana = await site.again(before, "ana");
    isBroken = true;
    const phone = await site.greeted(undefined, ana.keys);
    phone.send("login", phone.signedLogin("ana"));
    expect((await phone.untilEnded()).fault?.code).toBe("store-failed");
    expect((await ana.refused("history", { limit: 1 })).code).toBe("store-failed");
    isBroken = false;
    await site.again(ana, "ana");
    expect(ana.ended).toBeUndefined();
  });
});
