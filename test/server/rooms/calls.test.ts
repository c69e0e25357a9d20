import { expect, test } from "bun:test";
import * as v from "valibot";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  CALLS_MAX,
  FIRST_RECORDS,
  INBOX_ROOMS_MAX,
  READ_NOTICE_INTERVAL_MS,
  UNREAD_COUNTED_MAX,
} from "../../../src/base/limits.ts";
import { queryInbox } from "../../../src/client/link/queries.ts";
import { CALLS, Calls } from "../../../src/core/calls/calls.ts";
import { readInbox } from "../../../src/core/client/inbox.ts";
import { MessageCount } from "../../../src/core/rooms/message-count.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { PostBody } from "../../../src/wire/messages.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { siteWith } from "../site.ts";
import { lab } from "../site-lab.ts";

const TOKEN = "T".repeat(43);

const user = (name: string) => name as UserId;
const reader = (name: string) => ({ id: user(name), ignored: new Set<UserId>() });
const room = (name: string) => name as RoomId;

function say(by: Guest, text: string, fields: Partial<PostBody>, to = "lobby") {
  return by.post(text, to, undefined, fields);
}

/** Returns the account's calls as reason and seq, and the entry of the room. */
async function inboxOf(guest: Guest, name = "lobby") {
  const { rooms, calls, ...rest } = await guest.request("inbox", {});
  const room = rooms.find((one) => (one.name ?? `@${one.with}`) === name);
  return {
    ...rest,
    room,
    unread: room?.unread ?? 0,
    count: room?.calls ?? 0,
    calls: calls.map(({ reason, seq }) => `${reason} ${seq}`),
  };
}

test("omits mentions that name nobody, and keeps those of everyone", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const mentions = ["nur", "ana", "everyone"];
  await site.wait(say(ben, "@nur @ana @everyone", { mentions, everyone: "all" }));
  await site.quiet();
  expect(ana.records.at(-1)?.body?.["mentions"]).toEqual(["ana", "everyone"]);
});

test("lists what calls an account, each message once", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const own = (await site.wait(ana.post("mine"))).seq;
  await ana.request("prefs-set", { room: "everywhere", keywords: ["release"] });
  await site.wait(ben.post("nothing for her"));
  const mention = (await site.wait(say(ben, "@ana the release", { mentions: ["ana"] }))).seq;
  const reply = (await site.wait(say(ben, "an answer", { re: own }))).seq;
  const keyword = (await site.wait(ben.post("the Release is out"))).seq;
  const all = (await site.wait(say(ben, "@all here", { everyone: "all" }))).seq;
  await site.wait(say(ben, "quiet", { mentions: ["ana"], notice: true }));
  await site.quiet();
  const inbox = await inboxOf(ana);
  expect(inbox.calls).toEqual([
    `mention ${mention}`,
    `reply ${reply}`,
    `keyword ${keyword}`,
    `everyone ${all}`,
  ]);
  expect(inbox).toMatchObject({ unread: 6, count: 4 });
  expect(inbox.room?.last).toBeGreaterThan(inbox.room?.first ?? 0);
  expect(inbox.records.length).toBe(5);
  expect(await inboxOf(ben)).toMatchObject({ unread: 1, calls: [] });
});

test("drops calls that were read, erased, called off, or by an ignored person", async () => {
  const { site, ana, ben, carl } = await siteWith(["ana", "ben", "carl"]);
  const post = async (by: Guest) => (await site.wait(say(by, "@ana", { mentions: ["ana"] }))).seq;
  const [read, erased, edited, byCarl, left] = [
    await post(ben),
    await post(ben),
    await post(ben),
    await post(carl),
    await post(ben),
  ];
  await site.quiet();
  await ben.request("erase", { seq: erased });
  await ben.request("edit", { seq: edited, text: "nobody" });
  expect((await inboxOf(ana)).calls).toEqual([read, byCarl, left].map((seq) => `mention ${seq}`));
  await ana.request("ignore", { user: "carl", on: true });
  expect((await inboxOf(ana)).calls).toEqual([read, left].map((seq) => `mention ${seq}`));
  const n = ana.records.find(({ head }) => head.seq === read)?.head.n ?? 0;
  await ana.request("read", { room: ana.roomId(), n });
  expect((await inboxOf(ana)).calls).toEqual([`mention ${left}`]);
});

test("still counts an answer whose mention was edited out, also after a restart", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const { seq: own } = await site.wait(ana.post("mine"));
  const { seq } = await site.wait(say(ben, "@ana yes", { mentions: ["ana"], re: own }));
  await site.quiet();
  expect((await inboxOf(ana)).calls).toEqual([`mention ${seq}`]);
  await site.restart();
  const [anaAgain, benAgain] = [await site.again(ana, "ana"), await site.again(ben, "ben")];
  await benAgain.request("edit", { seq, text: "yes" });
  expect((await inboxOf(anaAgain)).calls).toEqual([`reply ${seq}`]);
});

test("tells clients of an answer to a message that they may not have loaded", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const { seq: own } = await site.wait(ana.post("mine"));
  const answered = async () => (await site.wait(say(ben, "yes", { re: own }))).seq;
  const first = await answered();
  await site.quiet();
  const count = ana.all("room").length;
  for (let i = 0; i < FIRST_RECORDS; i++) await site.wait(ben.post(`${i}`));
  const second = await answered();
  await site.quiet();
  const notices = ana.all("room").slice(count);
  expect(notices).toHaveLength(1);
  expect(notices[0]?.calls?.map(({ seq }) => seq)).toEqual([first, second]);
  expect(ana.notices.at(-1)).toBe(notices[0] as never);
});

test("finds a member by a former name, and nobody who is no member", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { operatorToken: TOKEN });
  await ana.request("join", { room: "cellar", create: true });
  await site.wait(say(ana, "@ben", { mentions: ["ben"] }, "cellar"));
  const olga = await site.member("olga");
  await olga.request("operate", { token: TOKEN });
  await olga.request("rename", { user: "ana", to: "anna" });
  const { seq } = await site.wait(say(ben, "@ana", { mentions: ["ana"] }));
  const again = await site.again(ana, "anna");
  expect((await inboxOf(again)).calls).toEqual([`mention ${seq}`]);
  expect((await inboxOf(ben, "cellar")).calls).toEqual([]);
});

test("counts replies in a followed thread until the thread was read", async () => {
  const { site, ana, ben, carl } = await siteWith(["ana", "ben", "carl"]);
  const root = (await site.wait(ana.post("root"))).seq;
  const reply = (await site.wait(say(ben, "one", { re: root, thread: true }))).seq;
  const mention = (await site.wait(say(ben, "@ana", { re: root, thread: true, mentions: ["ana"] })))
    .seq;
  await site.quiet();
  const inbox = await inboxOf(ana);
  expect(inbox).toMatchObject({ unread: 0, count: 2 });
  expect(inbox.calls).toEqual([`thread ${reply}`, `mention ${mention}`]);
  expect(inbox.threads).toEqual([{ room: ana.roomId(), seq: root, unread: 2, last: mention }]);
  expect((await inboxOf(carl)).calls).toEqual([]);
  await ana.request("read", { room: ana.roomId(), n: 1_000_000 });
  expect((await inboxOf(ana)).count).toBe(2);
  await ana.request("follow", { room: ana.roomId(), seq: root, on: true, read: mention });
  expect((await inboxOf(ana)).room).toBeUndefined();
});

for (const hasFile of [true, false]) {
  test(`knows its calls after a crash ${hasFile ? "with" : "without"} its file`, async () => {
    const { site, ana, ben } = await siteWith(["ana", "ben"]);
    const first = (await site.wait(say(ben, "@ana", { mentions: ["ana"] }))).seq;
    if (hasFile) await site.restart();
    const other = await site.member("carl");
    const second = (await site.wait(say(other, "@all", { everyone: "all" }))).seq;
    await site.restartAfterCrash();
    const inbox = await inboxOf(await site.again(ana, "ana"));
    expect(inbox.calls).toEqual([`mention ${first}`, `everyone ${second}`]);
  });
}

test("sends a room's unread calls with the room", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const { seq } = await site.wait(say(ben, "@ana", { mentions: ["ana"] }));
  await site.quiet();
  const n = ana.records.find(({ head }) => head.seq === seq)?.head.n;
  const again = await site.again(ana, "ana");
  expect(again.all("room").find(({ room }) => room === ana.roomId())?.calls).toEqual([
    { seq, n: n ?? 0 },
  ]);
});

test("lists invitations, and a raised hand that was called", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  await ana.request("join", { room: "cellar", create: true, password: "a long password" });
  await ana.request("join", { room: "lab", create: true });
  await ben.request("join", { room: "lab" });
  await ana.request("invite-user", { room: "cellar", user: "ben" });
  await ben.request("hand", { room: "lab", on: true });
  await ana.request("hand", { room: "lab", user: "ben", on: false, call: true });
  await site.quiet();
  const inbox = await inboxOf(ben, "lab");
  expect(inbox.invitations).toEqual([{ room: "cellar", by: "ana" }]);
  expect(inbox.room).toMatchObject({ unread: 0, calls: 1, called: "ben" });
});

test("keeps the newest calls of a flood, and those of other rooms", () => {
  const calls = new Calls();
  const call = (seq: number) => ({ seq, n: seq, reason: "mention", by: user("mallory") }) as const;
  calls.add(room("quiet"), user("ana"), call(1));
  for (let seq = 2; seq < CALLS_MAX * 1.2; seq++) {
    calls.add(room("flood"), user(`u${seq % 1_000}`), call(seq));
  }
  expect(calls.size).toBeLessThanOrEqual(CALLS_MAX);
  expect(calls.of(user("ana"), room("quiet")).length).toBe(1);
  const copy = new Calls();
  copy.load(v.parse(CALLS, JSON.parse(calls.format())));
  expect(copy.format()).toBe(calls.format());
  copy.head = CALLS_MAX * 2;
  copy.limit(0);
  expect(copy.size).toBe(0);
});

test("lists the rooms of a large inbox in pages, with the records of all", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { operatorToken: TOKEN });
  await ben.request("operate", { token: TOKEN });
  const names = Array.from({ length: INBOX_ROOMS_MAX + 2 }, (_, i) => `room${i}`);
  for (const name of names) {
    await ben.request("join", { room: name, create: true });
    await ana.request("join", { room: name });
    await site.wait(say(ben, "@ana", { mentions: ["ana"] }, name));
  }
  const pages = await queryInbox((kind, fields) => ana.request(kind, fields));
  expect(pages.map(({ rooms, more }) => [rooms.length, more])).toEqual([
    [INBOX_ROOMS_MAX, true],
    [2, false],
  ]);
  const inbox = readInbox(pages, sha256, "ana");
  expect(inbox).toMatchObject({ callCount: names.length, unread: names.length });
  const [last] = pages.flatMap(({ rooms }) => rooms);
  await ana.request("leave", { room: last?.name ?? "" });
  const lost = await ana.request("inbox", { after: last?.room });
  expect([lost.rooms, lost.more]).toEqual([[], false]);
});

test("sums up the unread messages of a room, without erased and ignored ones", async () => {
  const { site, ana, ben, eve } = await lab();
  const read = (await site.wait(ana.post("mine", "lab"))).n;
  await ben.request("read", { room: ana.roomId("lab"), n: read });
  const post = async (by: Guest, text: string, fields: Partial<PostBody> = {}) =>
    (await site.wait(say(by, text, fields, "lab"))).seq;
  const first = await post(ana, "@ben", { mentions: ["ben"] });
  const poll = await post(ana, "Q?\n1. a\n2. b", { poll: { options: 2 } });
  await post(ana, 'no "poll":{"options":2}');
  await post(ana, "in a thread", { re: first, thread: true });
  await post(ben, "by the reader");
  await post(eve, "of a reader");
  const erased = await post(eve, "later erased");
  const lane = await channelOf(eve);
  await new TestFile("photo", 10, "photo.JPG").upload(lane, ["lab"]);
  await new TestFile("notes", 10, "notes.pdf").upload(lane, ["lab"]);
  await eve.request("erase", { seq: erased });
  await site.quiet();
  const seqOf = (name: string) => {
    const isNamed = (body: unknown) => JSON.stringify(body).includes(name);
    return ben.records.find(({ body }) => isNamed(body))?.head.seq ?? 0;
  };
  const fields = { room: ana.roomId("lab") };
  const { since, ...answer } = await ben.request("unread", fields);
  const seqs = (messages: readonly { seq: number }[]) => messages.map(({ seq }) => seq);
  expect(since).toBe(ben.records.find(({ head }) => head.seq === first)?.head.time);
  expect(answer).toMatchObject({ unread: 6, read, authors: 2, first: { seq: first } });
  expect(answer.last?.seq).toBe(seqOf("notes.pdf"));
  expect(answer.people).toEqual([
    { user: "ana", unread: 3 },
    { user: "eve", unread: 3 },
  ]);
  expect(answer.moderators.map(({ user, messages }) => [user, messages.length])).toEqual([
    ["ana", 3],
  ]);
  expect(seqs(answer.calls)).toEqual([first]);
  expect(seqs(answer.photos)).toEqual([seqOf("photo.JPG")]);
  expect(seqs(answer.files)).toEqual([seqOf("notes.pdf")]);
  expect(seqs(answer.polls)).toEqual([poll]);
  await ben.request("ignore", { user: "eve", on: true });
  const without = await ben.request("unread", fields);
  expect([without.unread, without.authors, without.photos]).toEqual([3, 1, []]);
  await ben.request("read", { ...fields, n: 1_000_000 });
  expect(await ben.request("unread", fields)).toMatchObject({ unread: 0, people: [], calls: [] });
  expect((await ben.request("unread", { ...fields, after: read })).unread).toBe(3);
  await ben.request("leave", { room: "lab" });
  expect(await ben.refusal("unread", fields)).toBe("not-member");
  expect(await ben.refusal("unread", { room: "rAAAAAAAAAAA" })).toBe("not-member");
});

test("sums up at most the newest messages", () => {
  const count = new MessageCount();
  const total = UNREAD_COUNTED_MAX + 500;
  for (let n = 2; n < total + 2; n++) count.add(n, user(`u${n % 3}`), n);
  const listed = count.listOthers(reader("u0"), 1);
  expect(listed.length).toBe(count.countOthers(reader("u0"), 1));
  expect(count.listOthers(reader("ana"), 1).length).toBe(UNREAD_COUNTED_MAX);
  expect(count.listOthers(reader("ana"), total).map(({ n }) => n)).toEqual([total + 1]);
});

test("counts a call that was read behind a gap on no device, also after a restart", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const room = ana.roomId();
  const device = await site.again(ana, "ana");
  for (let i = 0; i < 3; i++) await site.wait(ben.post(`${i}`));
  const own = await site.wait(say(ben, "@ana", { mentions: ["ana"] }));
  const all = await site.wait(say(ben, "@all", { everyone: "all" }));
  const left = await site.wait(say(ben, "@ana", { mentions: ["ana"] }));
  await site.quiet();
  const beyond = 1_000_000;
  await ana.request("read", { room, n: 1, calls: [own.n, all.n, beyond] });
  await site.time.advance(READ_NOTICE_INTERVAL_MS + 50);
  const readCalls = [own.n, all.n];
  expect(device.all("read").at(-1)).toMatchObject({ unread: 6, readCalls });
  const only = [`mention ${left.seq}`];
  expect(await inboxOf(ana)).toMatchObject({ unread: 6, count: 1, calls: only });
  expect((await inboxOf(ben)).calls).toEqual([]);
  await site.restart();
  const again = await site.again(ana, "ana");
  expect((await inboxOf(again)).calls).toEqual(only);
  const listed = again.all("room").find((one) => one.room === room);
  expect(listed).toMatchObject({ calls: [{ seq: left.seq, n: left.n }], readCalls });
  await again.request("read", { room, n: all.n });
  expect((await inboxOf(again)).calls).toEqual(only);
});
