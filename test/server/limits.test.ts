import { describe, expect, test } from "bun:test";
import type { OutboxId, UserId } from "../../src/base/ids.ts";
import {
  CALLS_WAITING_MAX,
  CATCH_UP_BYTES_MAX,
  DEVICES_PER_ACCOUNT_MAX,
  GREP_BYTES_MAX,
  LINKS_PER_ADDRESS_MAX,
  PAGE_BYTES_MAX,
  PAGE_RECORDS_MAX,
  PAGES_READ_MAX,
  PAGES_READ_PER_ACCOUNT_MAX,
  PAGES_WAITING_MAX,
  PASSWORD_BYTES_MAX,
  POSTS_BURST,
  POSTS_PER_SECOND,
  REACTION_BYTES_MAX,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND,
  SERVER_NAME_BYTES_MAX,
  SESSIONS_PER_ACCOUNT_MAX,
  TEXT_BYTES_MAX,
  TOPIC_BYTES_MAX,
  WELCOME_BYTES_MAX,
} from "../../src/base/limits.ts";
import type { Name } from "../../src/base/names.ts";
import { Presence } from "../../src/core/rooms/presence.ts";
import { WorkQueue } from "../../src/server/queue/work-queue.ts";
import { LocalPosts } from "../../src/server/rooms/local-posts.ts";
import type { RequestFields, RequestKind } from "../../src/wire/messages.ts";
import { rejection } from "../rejection.ts";
import { type Guest, newKeys } from "./guest.ts";
import { Site } from "./site.ts";

/** Bounds of base/limits that are pushed against through the whole server, at their edge. */

type Edge = {
  [Kind in RequestKind]: [string, Kind, (size: number) => RequestFields<Kind>, number, string];
}[RequestKind];

const x = (size: number) => "x".repeat(size);
const OUTBOX = "CCCCCCCCCCC";
const post = (text: string, more: object = {}) => {
  return { outbox: OUTBOX, counter: 1, to: "lobby", body: { text, ...more } };
};

const EDGES: Edge[] = [
  ["a text", "post", (size) => post(x(size)), TEXT_BYTES_MAX, "too-large"],
  [
    "a reaction",
    "post",
    (size) => post("", { react: x(size), re: 3 }),
    REACTION_BYTES_MAX,
    "too-large",
  ],
  ["a topic", "topic", (size) => ({ room: "lobby", topic: x(size) }), TOPIC_BYTES_MAX, "too-large"],
  ["a password", "passwd", (size) => ({ password: x(size) }), PASSWORD_BYTES_MAX, "too-large"],
  ["a room's name", "join", (size) => ({ room: x(size), create: true }), 32, "name-invalid"],
  [
    "a room's password",
    "join",
    (size) => ({ room: "cellar", create: true, password: x(size) }),
    PASSWORD_BYTES_MAX,
    "too-large",
  ],
  [
    "a search text",
    "history",
    (size) => ({ grep: x(size), limit: 1 }),
    GREP_BYTES_MAX,
    "too-large",
  ],
  ["a page", "history", (limit) => ({ limit }), PAGE_RECORDS_MAX, "frame-malformed"],
];

describe("sizes of what a member sends", () => {
  test.each(EDGES)("%s", async (_name, kind, fields, max, code) => {
    const site = await Site.open();
    const ana = await site.member("ana");
    await site.wait(ana.say("hi"));
    expect((await ana.refused(kind, fields(max + 1) as never)).code as string).toBe(code);
    await ana.ask(kind, fields(max) as never);
  });

  test("a person's name, before log-in", async () => {
    const site = await Site.open();
    const guest = await site.greeted();
    expect((await guest.refused("login", guest.passwordLogin(x(33), "p"))).code).toBe(
      "name-invalid",
    );
    await guest.ask("register", guest.registration(x(32)));
  });

  test("a server's name of the largest size reaches a newcomer", async () => {
    const site = await Site.open({ name: x(SERVER_NAME_BYTES_MAX) });
    expect((await site.greeted()).welcome?.server.name).toHaveLength(SERVER_NAME_BYTES_MAX);
  });

  test("a welcome of the largest size reaches a newcomer", async () => {
    const site = await Site.open({ welcome: x(WELCOME_BYTES_MAX) });
    expect((await site.greeted()).welcome?.text).toHaveLength(WELCOME_BYTES_MAX);
  });
});

describe("what one account or address may hold", () => {
  test("devices", async () => {
    const site = await Site.open();
    await site.member("ana", "pass");
    for (let i = 1; i <= DEVICES_PER_ACCOUNT_MAX; i++) {
      const guest = await site.greeted(`10.6.0.${i}`, newKeys());
      const login = guest.passwordLogin("ana", "pass");
      if (i < DEVICES_PER_ACCOUNT_MAX) await guest.ask("login", login);
      else expect((await guest.refused("login", login)).code).toBe("too-many");
    }
  });

  test("devices: the right password comes in where one of them is not online", async () => {
    const site = await Site.open();
    const first = await site.member("ana", "pass");
    const guests: Guest[] = [];
    for (let i = 1; i < DEVICES_PER_ACCOUNT_MAX; i++) {
      const guest = await site.greeted(`10.6.2.${i}`, newKeys());
      await guest.ask("login", guest.passwordLogin("ana", "pass"));
      guests.push(guest);
    }
    const away = guests.slice(3, 6);
    for (const guest of away) guest.hangUp();
    const count = async () => (await first.ask("devices", {})).devices.length;
    // Three at once, for three places; a fourth finds none.
    const late = await Promise.all([1, 2, 3].map((i) => site.greeted(`10.6.3.${i}`, newKeys())));
    await Promise.all(late.map((guest) => guest.ask("login", guest.passwordLogin("ana", "pass"))));
    expect(await count()).toBe(DEVICES_PER_ACCOUNT_MAX);
    const fourth = await site.greeted("10.6.3.4", newKeys());
    const login = fourth.passwordLogin("ana", "pass");
    expect((await fourth.refused("login", login)).code).toBe("too-many");
    // Who made way signs in by key no more.
    for (const { keys } of away) {
      const again = await site.greeted("10.6.3.5", keys);
      expect((await again.refused("login", again.signedLogin("ana"))).code).toBe("login-refused");
    }
    expect((await first.ask("devices", {})).devices.filter(({ online }) => !online)).toEqual([]);
  });

  test("links of one address that are logged in", async () => {
    const site = await Site.open();
    const host = "10.6.1.1";
    for (let i = 0; i < LINKS_PER_ADDRESS_MAX; i++) {
      const name = `p${Math.floor(i / SESSIONS_PER_ACCOUNT_MAX)}`;
      const guest = await site.greeted(host);
      if (i % SESSIONS_PER_ACCOUNT_MAX === 0) {
        await guest.ask("register", guest.registration(name, "p"));
        for (let j = 1; j < SESSIONS_PER_ACCOUNT_MAX; j++, i++) {
          const next = await site.greeted(host, guest.keys);
          await next.ask("login", next.signedLogin(name));
        }
      }
    }
    expect(site.server.clientCount).toBe(LINKS_PER_ADDRESS_MAX);
    expect((await rejection(site.connect(host))).message).toContain("no more");
    await site.greeted("10.6.1.2");
  });
});

describe("how fast", () => {
  test("requests: the burst at once, then as many a second; nobody is closed for it", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const started = site.clock.now();
    let [taken, refused] = [0, 0];
    for (let i = 0; i < 5; i++) {
      const batch = Array.from({ length: REQUESTS_BURST / 4 }, () => ana.send("ignored", {}));
      const outcomes = await site.wait(Promise.allSettled(batch));
      for (const { status } of outcomes) if (status === "fulfilled") taken++;
      for (const one of outcomes) {
        if (one.status === "fulfilled") continue;
        refused++;
        expect(one.reason).toMatchObject({ code: "too-fast", retryAfterMs: expect.any(Number) });
      }
    }
    const elapsedMs = site.clock.now() - started;
    expect(refused).toBeGreaterThan(0);
    expect(taken).toBeGreaterThanOrEqual(REQUESTS_BURST - 1); // Registering was one, too.
    expect(taken).toBeLessThanOrEqual(
      REQUESTS_BURST + Math.ceil((elapsedMs * REQUESTS_PER_SECOND) / 1_000) + 1,
    );
    await site.time.advance(1_000);
    await site.wait(
      Promise.all(Array.from({ length: REQUESTS_PER_SECOND }, () => ana.send("ignored", {}))),
    );
    expect((await site.wait(ana.say("words have their own pace"))).seq).toBeGreaterThan(0);
  });

  test("posts: the burst at once, then as many a second", () => {
    const presence = new Presence();
    presence.arrive(1, "ua" as UserId, 0);
    const take = (count: number, now: number) => {
      for (let i = 0; i < count; i++) {
        expect(presence.hold(1, OUTBOX as OutboxId, i + 1, now)).toBeUndefined();
      }
      const fault = presence.hold(1, OUTBOX as OutboxId, count + 1, now);
      expect(fault).toMatchObject({ code: "too-fast", retryAfterMs: expect.any(Number) });
    };
    take(POSTS_BURST, 0);
    presence.release(1, OUTBOX as OutboxId, POSTS_BURST + 1);
    take(POSTS_PER_SECOND, 1_000);
  });

  test("posts over HTTP that wait for the disk", () => {
    const localPosts = new LocalPosts(
      () => undefined,
      (size) => new Uint8Array(size),
    );
    const call = () => localPosts.post("ua" as UserId, "lobby" as Name, "hi");
    for (let i = 0; i < CALLS_WAITING_MAX; i++) void call();
    expect(call).toThrow("busy");
    localPosts.settle(-1, { seq: 1, n: 1, time: 1 });
    void call();
  });
});

describe("pages of the past", () => {
  test("end before they pass their bytes, and say that there is more", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    for (let i = 0; i < 8; i++) await site.wait(ana.say(x(60_000)));
    const page = await ana.ask("history", { limit: 100 });
    const size = page.records.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    expect([page.more, page.records.length]).toEqual([true, 4]);
    expect(size).toBeLessThanOrEqual(PAGE_BYTES_MAX);
  });

  test("a device that was away gets so many bytes of a room, the newest", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const after = ana.records.at(-1)?.head.seq ?? 0;
    ana.hangUp();
    const count = Math.ceil(CATCH_UP_BYTES_MAX / 60_000) + 5;
    for (let i = 0; i < count; i++) await site.wait(ben.say(`${i} ${x(60_000)}`));
    const again = await site.again(ana, "ana", after);
    const [room] = again.all("room");
    const sizes = again.all("record").map(({ body }) => body?.length ?? 0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(CATCH_UP_BYTES_MAX);
    expect(sizes.length).toBeGreaterThan(count - 12);
    expect((room?.skipped ?? 0) + sizes.length).toBeGreaterThanOrEqual(count);
    expect(again.texts().at(-1)).toStartWith(`${count - 1} `);
  });

  test("are read a few at once, for one account fewer: a searcher leaves room", async () => {
    let [reading, most] = [0, 0];
    const site: Site = await Site.open({
      reading: async () => {
        most = Math.max(most, ++reading);
        await new Promise<void>((go) => void site.clock.after(5, go));
        reading--;
      },
    });
    const people: Guest[] = [];
    for (const name of ["ana", "ben", "eve"]) {
      const one = await site.member(name);
      people.push(one, await site.again(one, name), await site.again(one, name));
    }
    const ask = (count: number, one = 0) =>
      Array.from({ length: count }, () => people[one]?.send("history", { limit: 1 }));
    most = 0;
    await site.wait(Promise.all(ask(10)));
    expect(most).toBe(1); // The next page waits until this one was taken.
    await site.wait(Promise.all([...ask(10), ...ask(10, 1), ...ask(10, 2)]));
    expect(most).toBe(PAGES_READ_PER_ACCOUNT_MAX);
    most = 0;
    await site.wait(Promise.all(people.flatMap((_, one) => ask(5, one))));
    expect(most).toBe(PAGES_READ_MAX);
  });

  test("and wait in a line that ends", async () => {
    const queue = new WorkQueue(PAGES_READ_MAX, PAGES_WAITING_MAX);
    const never = () => new Promise<void>(() => {});
    for (let i = 0; i < PAGES_READ_MAX + PAGES_WAITING_MAX; i++) void queue.run(never);
    expect(await rejection(queue.run(never))).toMatchObject({ code: "too-many" });
  });
});
