import { expect, test } from "bun:test";
import {
  CHUNK_BYTES,
  FAULT_TEXT_BYTES_MAX,
  LOGIN_TIMEOUT_MS,
  MESSAGES_BEFORE_LOGIN_MAX,
  TEXT_BYTES_MAX,
} from "../../src/base/limits.ts";
import {
  ANNOUNCEMENT_BYTES_MAX,
  EVENTS_QUEUED_BYTES_MAX,
  OPERATOR_LINK_MS,
  PROBE_INTERVAL_MS,
} from "../../src/base/limits-page.ts";
import type { MemoryLink } from "../../src/io/link/memory-network.ts";
import { type NoticeOf, REQUESTS, type RequestKind, requestRow } from "../../src/wire/messages.ts";
import { channelOf, TestFile } from "./data-channel.ts";
import type { Guest } from "./guest.ts";
import { Site } from "./site.ts";
import { lab, labTest, operating, TOKEN } from "./site-lab.ts";

const LINK = "link-token";

function eventsOf(guest: Guest, event: string): NoticeOf<"event">[] {
  return guest.all("event").filter((notice) => notice.event === event);
}

test.each([
  ["watch", { on: true }],
  ["clients", {}],
  ["transfers", {}],
  ["stats", {}],
  ["samples", {}],
  ["events", {}],
  ["decisions", {}],
  ["announce", { text: "x" }],
  ["accounts", {}],
  ["all-rooms", {}],
  ["all-files", {}],
] as const)("'%s' is for operators", async (kind, fields) => {
  const { ana } = await lab();
  expect(await ana.refusal(kind, fields)).toBe("not-allowed");
  await operating(ana);
  await ana.request(kind, fields);
});

labTest("notifies of connections, log-ins and messages", async ({ site, ana, ben }) => {
  await operating(ana);
  await ana.request("watch", { on: true });
  const dan = await site.member("dan");
  await site.wait(dan.post("hello"));
  dan.hangUp();
  await site.quiet();
  expect(eventsOf(ana, "connected").at(-1)).toMatchObject({ program: "guest" });
  expect(eventsOf(ana, "connected").at(-1)?.address).toMatch(/^10\.0\.0\.2:\d+$/);
  expect(eventsOf(ana, "logged-in").map(({ user }) => user)).toEqual(["dan"]);
  expect(eventsOf(ana, "disconnected").map(({ user }) => user)).toEqual(["dan"]);
  const event = eventsOf(ana, "record").at(-1);
  expect(event).toMatchObject({ room: { name: "lobby" }, record: { from: "dan" } });
  expect(Buffer.from(event?.record?.body ?? []).toString()).toContain("hello");
  expect(ben.all("event")).toEqual([]);
  await ana.request("watch", { on: false });
  const before = ana.all("event").length;
  await site.wait(ben.post("unseen"));
  await site.quiet();
  expect(ana.all("event")).toHaveLength(before);
});

labTest("hides direct messages and names of private files", async ({ site, ana, ben }) => {
  await operating(ana);
  await ana.request("watch", { on: true });
  await site.wait(ben.post("secret", "@eve"));
  const file = new TestFile("priv", 10, "secret.txt");
  await file.upload(await channelOf(ben), ["@eve"]);
  await ana.request("rules", { room: "lab", post: "private" });
  await site.wait(ben.post("my secret work", "lab@ben"));
  await new TestFile("work", 10, "secret essay.txt").upload(await channelOf(ben), ["lab@ben"]);
  await ana.request("rules", { room: "lab", post: "everyone" });
  await new TestFile("open", 10, "plan.txt").upload(await channelOf(ben), ["lab"]);
  await site.quiet();
  const inLab = eventsOf(ana, "record").filter(({ room }) => room?.name === "lab");
  expect(inLab.map(({ record }) => record?.body !== undefined)).toEqual([
    ...[true, false, false, true, true],
  ]);
  const [event] = eventsOf(ana, "record").filter(({ between }) => between !== undefined);
  expect(event?.between?.toSorted()).toEqual(["ben", "eve"]);
  expect(event?.record).toMatchObject({ from: "ben" });
  expect(Object.keys(event?.record ?? {})).not.toContain("body");
  const offers = eventsOf(ana, "offered");
  expect(offers.map(({ name }) => name)).toEqual([undefined, undefined, "plan.txt"]);
  const all = ana.all("event").map((event) => JSON.stringify({ ...event, record: undefined }));
  expect(all.join()).not.toContain("secret");
  const bodies = eventsOf(ana, "record").map(({ record }) => Buffer.from(record?.body ?? []));
  expect(Buffer.concat(bodies).toString()).not.toContain("secret");
});

labTest("survives any goodbye of unauthenticated clients", async ({ site, ana }) => {
  await operating(ana);
  await ana.request("watch", { on: true });
  for (const code of ["usage", "moon-full", "x".repeat(64)]) {
    const stranger = await site.greeted();
    stranger.notify({ kind: "bye", code, message: "y".repeat(FAULT_TEXT_BYTES_MAX) });
    await stranger.untilEnded();
  }
  await site.quiet();
  const reasons = eventsOf(ana, "disconnected").map(({ reason }) => reason?.length);
  expect(reasons).toHaveLength(3);
  expect(reasons[0]).toBe(FAULT_TEXT_BYTES_MAX);
  expect(ana.ended).toBeUndefined();
});

test("ends event notices with the session and with the operator's role", async () => {
  const { site, ana, ben, eve } = await lab();
  await operating(ana);
  await ana.request("grant", { user: "ben", on: true });
  await ben.request("watch", { on: true });
  await ana.request("watch", { on: true });
  await ana.request("grant", { user: "ben", on: false });
  await ana.request("logout", {});
  await ana.request("login", ana.signedLogin("ana"));
  const before = [ana, ben].map((guest) => guest.all("event").length);
  await site.wait(eve.post("unseen"));
  await site.quiet();
  expect([ana, ben].map((guest) => guest.all("event").length)).toEqual(before);
});

labTest("counts events that a slow operator misses", async ({ site, ana, ben }) => {
  const watcher = await operating(await site.member("olga"));
  await watcher.request("leave", { room: "lobby" });
  await watcher.request("watch", { on: true });
  const release = (watcher.link as MemoryLink).stall();
  const text = "x".repeat(TEXT_BYTES_MAX);
  const many = Math.ceil((1.5 * EVENTS_QUEUED_BYTES_MAX) / TEXT_BYTES_MAX);
  for (let i = 0; i < many; i++) await site.wait(ben.post(text, "lab"));
  expect(site.farEnd(watcher).queuedBytes()).toBeLessThan(EVENTS_QUEUED_BYTES_MAX * 1.1);
  release();
  await site.quiet();
  await site.wait(ana.post("last", "lab"));
  await site.quiet();
  const events = eventsOf(watcher, "record");
  const skipped = events.at(-1)?.skipped ?? 0;
  expect(skipped).toBeGreaterThan(0);
  expect(events.length + skipped).toBe(many + 1);
});

test("lists clients with name, program, address, counters and round trip", async () => {
  const { site, ana, ben } = await lab();
  await operating(ana);
  const lane = await channelOf(ben);
  const file = new TestFile("some", 2 * CHUNK_BYTES);
  await file.upload(lane, ["lab"]);
  await ana.request("clients", {});
  await site.time.advance(PROBE_INTERVAL_MS);
  const { clients, more } = await ana.request("clients", {});
  expect(more).toBe(false);
  expect(clients.map(({ user }) => user)).toEqual(["ana", "ben", "eve", "ben"]);
  expect(clients.map((client) => client.operator)).toEqual([true, false, false, false]);
  const [first, , , last] = clients;
  expect(first).toMatchObject({ program: "guest", transport: "memory", lane: false });
  expect(first?.address).toMatch(/^10\.0\.0\.2:\d+$/);
  expect(first?.roundTripMs).toBeGreaterThanOrEqual(0);
  expect(first?.since).toBeGreaterThan(0);
  expect(first?.receivedMessages).toBeGreaterThan(3);
  expect(last).toMatchObject({ lane: true, operator: false });
  expect(last?.acknowledged).toBeGreaterThanOrEqual(4); // Data channel, offer, two chunks.
  expect(last?.receivedBytes).toBeGreaterThan(2 * CHUNK_BYTES);
});

labTest("lists transfers in both directions", async ({ site, ana, ben }) => {
  await operating(ana);
  const file = new TestFile("some", 4 * CHUNK_BYTES, "some.bin");
  const [up, down] = [await channelOf(ben), await channelOf(ana)];
  await up.request("offer", file.offer(["lab"]));
  file.sendAll(up, 0, 2);
  await up.until("ack", 2);
  await down.request("fetch", { file: file.id, from: 0, window: 4 * CHUNK_BYTES });
  await down.until("chunk", 2);
  down.notify({ kind: "ack", file: file.id, index: 0 });
  await site.quiet();
  const about = { file: file.id, name: "some.bin", sizeBytes: file.size, web: false };
  const { transfers, more } = await ana.request("transfers", {});
  expect(transfers).toMatchObject([
    { ...about, direction: "up", user: "ben", doneBytes: 2 * CHUNK_BYTES },
    { ...about, direction: "down", user: "ana", doneBytes: CHUNK_BYTES },
  ]);
  expect(more).toBe(0);
});

test("hides the name of a private file, during its upload and its downloads", async () => {
  const { ana, ben } = await lab();
  await operating(ana);
  const whole = new TestFile("whole", 2 * CHUNK_BYTES, "whole.txt");
  await whole.upload(await channelOf(ben), ["@eve"]);
  const both = new TestFile("both", 2 * CHUNK_BYTES, "both.txt");
  await both.upload(await channelOf(ben), ["@eve", "lab"]);
  const part = new TestFile("part", 4 * CHUNK_BYTES, "part.txt");
  const up = await channelOf(ben);
  await up.request("offer", part.offer(["@eve"]));
  part.sendAll(up, 0, 2);
  await up.until("ack", 2);
  for (const { id } of [whole, both, part]) {
    const down = await channelOf(ben);
    await down.request("fetch", { file: id, from: 0, window: CHUNK_BYTES });
    await down.until("chunk", 1);
  }
  const { transfers } = await ana.request("transfers", {});
  const names = transfers.map(({ direction, file, name }) => [direction, file, name]);
  expect(names).toEqual([
    ["up", part.id, undefined],
    ["down", whole.id, undefined],
    ["down", both.id, "both.txt"],
    ["down", part.id, undefined],
  ]);
});

labTest("reports the statistics of the server", async ({ site, ana }) => {
  await operating(ana);
  await new TestFile("some", 100).upload(await channelOf(ana), ["lab"]);
  const stats = await ana.request("stats", {});
  expect(stats).toMatchObject({ version: "0", users: 3, sessions: 3, links: 4, lanes: 1 });
  expect(stats.files).toEqual({ files: 1, bytes: 100, unfinished: 0, unfinishedBytes: 0 });
  expect(stats.accounts.records).toBe(site.registry.head);
  expect(stats.history.bytes).toBeGreaterThan(100);
  expect(stats.memoryBytes).toBeGreaterThan(1e6);
  expect(stats.diskFreeBytes).toBeGreaterThanOrEqual(0);
  expect(stats.runtime).toStartWith("bun ");
});

labTest("reports samples of each second", async ({ site, ana, ben }) => {
  await operating(ana);
  await site.time.advance(3_000);
  const { since, last } = await ana.request("samples", {});
  for (let n = 0; n < 5; n++) await site.wait(ben.post(`text ${n}`, "lab"));
  await site.time.advance(2_000);
  const news = await ana.request("samples", { after: last });
  expect(news.since).toBe(since);
  expect(news.last).toBe(last + news.time.length);
  expect(news.posts.reduce((sum, one) => sum + one, 0)).toBe(5);
  expect(news.receivedBytes.some((bytes) => bytes > 5 * "text 1".length)).toBe(true);
  expect([news.online.at(-1), news.links.at(-1)]).toEqual([3, 3]);
  expect(news.time.every((time, at) => at === 0 || time > (news.time[at - 1] ?? 0))).toBe(true);
  await site.again(ben, "ben");
  await ana.request("remove", { user: "eve" });
  await site.time.advance(1_000);
  const after = await ana.request("samples", { after: news.last });
  expect([after.online.at(-1), after.links.at(-1)]).toEqual([2, 3]);
  expect((await ana.request("stats", {})).users).toBe(2);
});

test("shows an announcement to all users, across restarts, until it is withdrawn", async () => {
  const { site, ana, ben } = await lab();
  await operating(ana);
  const longest = "x".repeat(ANNOUNCEMENT_BYTES_MAX);
  expect(await ana.refusal("announce", { text: `${longest}x` })).toBe("too-large");
  await ana.request("announce", { text: longest });
  await site.quiet();
  const [announced] = ben.all("announced");
  expect(announced).toMatchObject({ text: longest, by: "ana" });
  await site.restart();
  const dan = await site.member("dan");
  await site.quiet();
  expect(dan.all("announced")).toEqual(announced === undefined ? [] : [announced]);
  const again = await operating(await site.again(ana, "ana"));
  await again.request("announce", { text: "" });
  await site.quiet();
  expect(dan.all("announced").at(-1)?.text).toBe("");
  const before = site.registry.head;
  await again.request("announce", { text: "" });
  expect(site.registry.head).toBe(before);
  await site.restart();
  expect((await site.member("eli")).all("announced")).toEqual([]);
});

const open = () => Site.open({ operatorLink: LINK, roomPassword: "room" });

test("makes the first user of the operator link an operator, also after a restart", async () => {
  const site = await open();
  const ana = await site.greeted();
  await ana.request("admit", { secret: LINK });
  await ana.request("register", ana.registration("ana"));
  await ana.request("operate", { token: LINK });
  await ana.request("clients", {});
  await site.restart();
  await (await site.again(ana, "ana")).request("clients", {});
});

test("binds the operator link to its first user", async () => {
  const site = await open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  const [first, second] = await Promise.all([
    ana.refusal("operate", { token: LINK }).catch(() => "granted"),
    ben.refusal("operate", { token: LINK }).catch(() => "granted"),
  ]);
  expect([first, second]).toEqual(["granted", "login-refused"]);
  const stranger = await site.greeted();
  expect(await stranger.refusal("admit", { secret: LINK })).toBe("room-password-wrong");
  const { head } = site.registry;
  await ana.request("operate", { token: LINK });
  expect(site.registry.head).toBe(head);
});

test("does not grant the rights of the operator link again after they were removed", async () => {
  const site = await open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  await ana.request("operate", { token: LINK });
  await ana.request("grant", { user: "ben", on: true });
  await ben.request("grant", { user: "ana", on: false });
  expect(await ana.refusal("operate", { token: LINK })).toBe("login-refused");
  expect(await ana.refusal("clients", {})).toBe("not-allowed");
});

test("lists the user of the operator link as operator", async () => {
  const site = await open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  const roles = async () => {
    const { users } = await ben.request("who", { room: "lobby" });
    const { role } = await ben.request("whois", { user: "ana" });
    return [users.find(({ user }) => user === "ana")?.role, role];
  };
  expect(await roles()).toEqual(["member", "member"]);
  await ana.request("operate", { token: LINK });
  expect(await roles()).toEqual(["operator", "operator"]);
  await ana.request("logout", {});
  expect((await ben.request("whois", { user: "ana" })).role).toBe("operator");
});

test("expires the operator link after an hour", async () => {
  const site = await open();
  const ana = await site.member("ana");
  await site.time.advance(OPERATOR_LINK_MS);
  const back = await site.again(ana, "ana");
  expect(await back.refusal("operate", { token: LINK })).toBe("login-refused");
});

const QUERIES = Object.keys(REQUESTS)
  .map((kind) => kind as RequestKind)
  .filter((kind) => requestRow(kind).needsAccount === false);

test("answers queries to the operator token without an account", async () => {
  const { site, ana } = await lab({ roomPassword: "room" });
  await operating(ana);
  await ana.request("ban", { address: "192.0.2.7", on: true });
  await ana.request("invite", {});
  const head = site.registry.head;
  const monitor = await site.greeted();
  await monitor.request("admit", { secret: TOKEN });
  for (const kind of QUERIES) await monitor.request(kind, {});
  expect((await monitor.request("bans", {})).bans).toHaveLength(1);
  expect((await monitor.request("invites", {})).invites).toHaveLength(1);
  expect((await monitor.request("accounts", {})).total).toBe(3);
  const { clients } = await monitor.request("clients", {});
  expect(clients.find(({ user }) => user === undefined)?.operator).toBe(true);
  for (let i = 0; i < MESSAGES_BEFORE_LOGIN_MAX; i++) {
    await site.time.advance(LOGIN_TIMEOUT_MS / 2);
    await monitor.request("stats", {});
  }
  expect(site.registry.head).toBe(head);
  expect(await monitor.refusal("clock", { accept: true })).toBe("not-logged-in");
  expect(await monitor.refusal("registration", { closed: true })).toBe("not-logged-in");
  expect(await monitor.refusal("announce", { text: "x" })).toBe("not-logged-in");
  expect(await monitor.refusal("watch", { on: true })).toBe("not-logged-in");
});

test.each([["room"], [LINK], [undefined]])(
  "refuses queries before log-in with the secret %p",
  async (secret) => {
    const site = await open();
    const guest = await site.greeted();
    if (secret !== undefined) await guest.request("admit", { secret });
    for (const kind of QUERIES) expect(await guest.refusal(kind, {})).toBe("not-logged-in");
  },
);

test("forgets the operator token after a wrong secret", async () => {
  const { site } = await lab({ roomPassword: "room" });
  const guest = await site.greeted();
  await guest.request("admit", { secret: TOKEN });
  await guest.request("stats", {});
  expect(await guest.refusal("admit", { secret: "wrong" })).toBe("room-password-wrong");
  expect(await guest.refusal("stats", {})).toBe("not-logged-in");
});

labTest("does not show who votes", async ({ site, ana, ben, eve }) => {
  await operating(ana);
  const poll = { options: 2, anonymous: true };
  const { seq } = await site.wait(ben.post("Which?\n1. one\n2. two", "lab", undefined, { poll }));
  const shown = async () => {
    const { clients } = await ana.request("clients", {});
    const counters = clients.map(({ since: _, roundTripMs: __, ...client }) => client);
    return counters.filter(({ user }) => user === "ben" || user === "eve");
  };
  const [ofBen = {}, ofEve = {}] = await shown();
  await eve.request("vote", { seq, choices: [1] });
  await eve.refusal("vote", { seq, choices: [3] });
  const [laterBen = {}, laterEve = {}] = await shown();
  expect(changes(ofEve, laterEve)).toEqual(changes(ofBen, laterBen));
});

/** Differences of the fields that are numbers. */
function changes(before: object, after: object): Record<string, number> {
  const earlier = new Map(Object.entries(before));
  const numbers = Object.entries(after).filter(([, value]) => typeof value === "number");
  return Object.fromEntries(numbers.map(([key, value]) => [key, value - earlier.get(key)]));
}
