import { expect, test } from "bun:test";
import { CALLS_SEARCHED_CHARS } from "../../../src/base/limits.ts";
import {
  PUSH_AWAY_MS,
  PUSH_BATCH_MS,
  PUSH_DEVICES_MAX,
  PUSH_FRESH_MS,
  PUSH_ROOM_INTERVAL_MS,
  PUSH_SEALED_INTERVAL_MS,
  PUSH_SUBSCRIBES_BURST,
  PUSH_SUBSCRIBES_PER_MINUTE,
  PUSH_WATCH_MS,
} from "../../../src/base/limits-page.ts";
import { EVERYWHERE } from "../../../src/core/rooms/prefs.ts";
import { fixtureTest } from "../../fixture-test.ts";
import type { Guest } from "../guest.ts";
import { letIn, sealedLab, sealedPost } from "../sealed/sealed-lab.ts";
import { Sites } from "../siblings/sites.ts";
import { Site, type SiteOptions, siteWith } from "../site.ts";
import { browserAt, FakePushService, ok, PUSH_KEY } from "./push-service.ts";

const ANA = "https://push.example.org/ana";
const BEN = "https://push.example.org/ben";
const SOON_MS = PUSH_BATCH_MS + 1_000;

interface Lab {
  readonly site: Site;
  readonly push: FakePushService;
  readonly ana: Guest;
  readonly ben: Guest;
}

async function lab(options: SiteOptions = {}): Promise<Lab> {
  const push = new FakePushService();
  const { site, ana, ben } = await siteWith(["ana", "ben"], { push, ...options });
  await ana.request("push-subscribe", browserAt(ANA));
  await left(ana);
  return { site, push, ana, ben };
}

async function left(guest: Guest): Promise<void> {
  guest.hangUp();
  await guest.untilEnded();
  await guest.site.quiet();
}

async function postText({ site, ben }: Lab, text: string, to = "lobby"): Promise<number> {
  const { seq } = await site.wait(ben.post(text, to));
  await site.time.advance(SOON_MS);
  return seq;
}

const labTest = fixtureTest(() => lab());

labTest("notifies a user whose page is closed, with a short text", async (here) => {
  await postText(here, "nobody's name");
  expect(here.push.came).toEqual([]);
  await postText(here, `@ana are you\nthere? ${"long ".repeat(100)}`);
  await postText(here, "a secret; a short one", "@ana");
  const [called, direct] = here.push.displayed(ANA);
  expect(called).toMatchObject({ at: "lobby", from: "ben" });
  const text = String(called?.["text"]);
  expect(text).toMatch(/^@ana are you there\? long .*\u2026$/);
  expect(text.length).toBeLessThan(200);
  expect(direct).toMatchObject({ at: "@ben", from: "ben", text: "a secret, a short one" });
  const topics = here.push.came.map(({ topic }) => topic);
  expect(new Set(topics).size).toBe(2);
  for (const topic of topics) expect(topic).toMatch(/^[\w-]{1,32}$/);
});

labTest("notifies a member whom a moderator calls on, and nobody of other hands", async (here) => {
  const { site, ben, push } = here;
  const ana = await site.again(here.ana, "ana");
  await ben.request("join", { room: "math", create: true });
  await ana.request("join", { room: "math" });
  await ana.request("hand", { room: "math", on: true });
  await left(ana);
  await ben.request("hand", { room: "math", on: true });
  await site.time.advance(SOON_MS);
  expect(push.came).toEqual([]);
  await ben.request("hand", { room: "math", user: "ana", on: false, call: true });
  await site.time.advance(SOON_MS);
  expect(push.displayed(ANA)).toMatchObject([{ at: "math", from: "ben", text: "\u270b" }]);
});

labTest("notifies the users that a message mentions", async (here) => {
  const long = `${"x ".repeat(CALLS_SEARCHED_CHARS)}@ana`;
  await postText(here, long);
  expect(here.push.came).toEqual([]);
  const post = { outbox: "BBBBBBBBBBA", to: "lobby", counter: 1 };
  await here.ben.request("post", { ...post, body: { text: long, mentions: ["ana"] } });
  await here.site.time.advance(SOON_MS);
  expect(here.push.came).toHaveLength(1);
  await here.ben.request("post", { ...post, counter: 2, body: { text: "@ana", mentions: [] } });
  await here.site.time.advance(PUSH_ROOM_INTERVAL_MS);
  expect(here.push.came).toHaveLength(1);
});

labTest(
  "notifies all of a message to everyone, and nobody of one to those online",
  async (here) => {
    const post = { outbox: "BBBBBBBBBBA", to: "lobby" };
    const body = (everyone: "all" | "here") => ({ text: "@x", mentions: [], everyone });
    await here.ben.request("post", { ...post, counter: 1, body: body("here") });
    await here.site.time.advance(SOON_MS);
    expect(here.push.came).toEqual([]);
    await here.ben.request("post", { ...post, counter: 2, body: body("all") });
    await here.site.time.advance(SOON_MS);
    expect(here.push.displayed(ANA)).toMatchObject([{ from: "ben", text: "@x" }]);
  },
);

labTest("notifies users of their keywords, but not in a muted room", async (here) => {
  const ana = await here.site.again(here.ana, "ana");
  await ana.request("prefs-set", { room: EVERYWHERE, keywords: ["bus"] });
  await left(ana);
  await postText(here, "the bus is late");
  await postText(here, "you are busy");
  await here.site.time.advance(SOON_MS);
  expect(here.push.displayed(ANA)).toMatchObject([{ from: "ben", text: "the bus is late" }]);
  const again = await here.site.again(here.ana, "ana");
  await again.request("prefs-set", { room: again.roomId(), muted: 0 });
  await left(again);
  await postText(here, "the bus is here");
  await here.site.time.advance(PUSH_ROOM_INTERVAL_MS);
  expect(here.push.came).toHaveLength(1);
});

labTest("notifies nobody of a notice", async (here) => {
  const ana = await here.site.again(here.ana, "ana");
  const { seq } = await here.site.wait(ana.post("a question"));
  await left(ana);
  const post = { outbox: "BBBBBBBBBBA", to: "lobby", counter: 1 };
  const text = "@ana build 7 passed";
  const notice = { text, notice: true, re: seq, mentions: ["ana"] };
  await here.ben.request("post", { ...post, body: notice });
  await here.ben.request("post", { ...post, to: "@ana", counter: 2, body: notice });
  await here.site.time.advance(SOON_MS);
  expect(here.push.came).toEqual([]);
  await here.ben.request("post", { ...post, counter: 3, body: { text } });
  await here.site.time.advance(SOON_MS);
  expect(here.push.displayed(ANA)).toMatchObject([{ from: "ben", text }]);
});

labTest("notifies the author of the original message of a reply", async (here) => {
  const ana = await here.site.again(here.ana, "ana");
  const { seq } = await here.site.wait(ana.post("a question"));
  await left(ana);
  const post = { outbox: "BBBBBBBBBBA", to: "lobby", counter: 1 };
  await here.ben.request("post", { ...post, body: { text: "an answer", re: seq } });
  await here.ben.request("post", { ...post, counter: 2, body: { text: "@ben myself" } });
  await here.site.time.advance(SOON_MS);
  expect(here.push.displayed(ANA)).toMatchObject([{ from: "ben", text: "an answer" }]);
  expect(here.push.came).toHaveLength(1);
});

labTest("notifies those who follow a thread of its replies", async (here) => {
  const { site, ben } = here;
  const { seq } = await site.wait(ben.post("a question"));
  const { seq: other } = await site.wait(ben.post("another"));
  const ana = await site.again(here.ana, "ana");
  await ana.request("follow", { room: ana.roomId(), seq, on: true, read: seq });
  await left(ana);
  const post = { outbox: "BBBBBBBBBBA", to: "lobby" };
  const bodies = [
    { text: "elsewhere", re: other, thread: true },
    { text: "an answer", re: seq, thread: true },
  ];
  for (const [i, body] of bodies.entries())
    await ben.request("post", { ...post, counter: i + 1, body });
  await site.time.advance(SOON_MS);
  expect(here.push.displayed(ANA)).toMatchObject([{ from: "ben", text: "an answer" }]);
  expect(here.push.came).toHaveLength(1);
});

labTest("counts messages, and waits before the next push", async (here) => {
  await here.site.wait(here.ben.post("@ana one"));
  await here.site.wait(here.ben.post("@ana two"));
  await here.site.time.advance(SOON_MS);
  await postText(here, "@ana three");
  expect(here.push.displayed(ANA)).toMatchObject([{ text: "@ana two", count: 2 }]);
  await here.site.time.advance(PUSH_ROOM_INTERVAL_MS);
  expect(here.push.displayed(ANA).slice(1)).toMatchObject([{ text: "@ana three" }]);
});

labTest("skips a user who is online, unless the page was asleep", async (here) => {
  const ana = await here.site.again(here.ana, "ana");
  await postText(here, "@ana you are there");
  await here.site.time.advance(PUSH_WATCH_MS);
  expect(here.push.came).toEqual([]);
  await postText(here, "@ana you were there");
  await left(ana);
  await here.site.time.advance(SOON_MS);
  expect(here.push.displayed(ANA)).toMatchObject([{ text: "@ana you were there" }]);
});

labTest("notifies the phone of a user whose terminal is idle", async (here) => {
  const phone = await here.site.again(here.ana, "ana");
  await phone.request("passwd", { password: "secret" });
  await left(phone);
  const terminal = await here.site.byPassword("ana", "secret");
  await here.site.quiet();
  await postText(here, "@ana one");
  expect(here.push.came).toEqual([]);
  await here.site.time.advance(PUSH_AWAY_MS);
  expect(here.push.displayed(ANA)).toMatchObject([{ text: "@ana one" }]);
  await here.site.time.advance(PUSH_ROOM_INTERVAL_MS);
  await postText(here, "@ana two");
  expect(here.push.displayed(ANA).slice(1)).toMatchObject([{ text: "@ana two" }]);
  await here.site.time.advance(PUSH_ROOM_INTERVAL_MS);
  const room = terminal.roomId();
  const acts = [
    () => here.site.wait(terminal.post("here I am")),
    () => terminal.request("typing", { room, on: true }),
    () => terminal.request("read", { room, n: 1 }),
  ];
  for (const act of acts) {
    await act();
    await postText(here, "@ana three");
    await act();
    await here.site.time.advance(PUSH_WATCH_MS);
    expect(here.push.came).toHaveLength(2);
  }
  const open = await here.site.again(here.ana, "ana");
  await here.site.time.advance(PUSH_AWAY_MS);
  await postText(here, "@ana four");
  await here.site.time.advance(PUSH_WATCH_MS);
  expect(here.push.came).toHaveLength(2);
  await left(open);
});

labTest("skips read and erased messages", async (here) => {
  const called = await here.site.wait(here.ben.post("@ana read elsewhere"));
  const other = await here.site.again(here.ana, "ana");
  const room = other.roomId();
  await other.request("read", { room, n: called.n });
  await left(other);
  await here.site.time.advance(SOON_MS);
  expect(here.push.came).toEqual([]);
  const { seq } = await here.site.wait(here.ben.post("@ana a mistake"));
  await here.ben.request("erase", { seq });
  await here.site.time.advance(SOON_MS);
  expect(here.push.came).toEqual([]);
});

labTest("skips a call that was read behind a gap", async (here) => {
  await here.site.wait(here.ben.post("nobody's name"));
  const called = await here.site.wait(here.ben.post("@ana read elsewhere"));
  const other = await here.site.again(here.ana, "ana");
  await other.request("read", { room: other.roomId(), n: 1, calls: [called.n] });
  await left(other);
  await here.site.time.advance(SOON_MS);
  expect(here.push.came).toEqual([]);
});

test("omits a text erased between two tries", async () => {
  const failures = 3;
  const here = await lab();
  let tries = 0;
  here.push.answer = () => ok(tries++ < failures ? 503 : 201);
  const { seq } = await here.site.wait(here.ben.post("@ana a mistake"));
  await here.site.time.advance(SOON_MS);
  const before = here.push.came.length;
  await here.site.wait(here.ben.request("erase", { seq }));
  await here.site.time.advance(60 * 60_000);
  const after = here.push.came.slice(before);
  expect(after.length).toBeGreaterThan(0);
  expect(JSON.stringify(after)).not.toContain("mistake");
});

test("skips a reply that is erased while its target is looked up", async () => {
  let isHeld = false;
  const [reading, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const here = await lab({
    operatorToken: "token",
    afterReading: async () => {
      if (!isHeld) return;
      isHeld = false;
      reading.resolve();
      await released.promise;
    },
  });
  const ana = await here.site.again(here.ana, "ana");
  const { seq: answered } = await here.site.wait(ana.post("a question"));
  await left(ana);
  await here.ben.request("operate", { token: "token" });
  const eve = await here.site.member("eve");
  isHeld = true;
  const body = { text: "a mistake", re: answered };
  const post = { outbox: "CCCCCCCCCCC", counter: 1, to: "lobby", body };
  const { seq } = await here.site.wait(eve.request("post", post));
  await here.site.wait(reading.promise);
  await here.site.wait(here.ben.request("erase", { seq }));
  released.resolve();
  await here.site.time.advance(SOON_MS);
  expect(here.push.came).toEqual([]);
});

labTest("skips a muted room", async (here) => {
  const ana = await here.site.again(here.ana, "ana");
  const room = ana.roomId();
  await ana.request("prefs-set", { room, muted: 0 });
  await left(ana);
  await postText(here, "@ana hear me");
  expect(here.push.came).toEqual([]);
  await postText(here, "hear me", "@ana");
  expect(here.push.came).toHaveLength(1);
});

labTest("pushes nothing while the user does not want to be disturbed", async (here) => {
  const ana = await here.site.again(here.ana, "ana");
  await ana.request("prefs-set", { room: EVERYWHERE, muted: 0 });
  await left(ana);
  await postText(here, "@ana hear me");
  await postText(here, "hear me", "@ana");
  expect(here.push.came).toEqual([]);
});

labTest("pushes each message of a room if its level is `all`", async (here) => {
  const ana = await here.site.again(here.ana, "ana");
  await ana.request("prefs-set", { room: ana.roomId(), notify: "all" });
  await left(ana);
  await postText(here, "nobody is called");
  await here.site.time.advance(PUSH_ROOM_INTERVAL_MS);
  await here.site.wait(here.ben.post("@ana is called"));
  await here.site.time.advance(SOON_MS);
  expect(here.push.came).toHaveLength(2);
});

labTest("pushes only mentions in a conversation if its level is `mentions`", async (here) => {
  await postText(here, "hello", "@ana");
  expect(here.push.came).toHaveLength(1);
  const ana = await here.site.again(here.ana, "ana");
  await ana.request("prefs-set", { room: ana.roomId("ben"), notify: "mentions" });
  await left(ana);
  await here.site.time.advance(PUSH_ROOM_INTERVAL_MS);
  await postText(here, "nobody is called", "@ana");
  expect(here.push.came).toHaveLength(1);
  await postText(here, "@ana is called", "@ana");
  expect(here.push.came).toHaveLength(2);
});

labTest("skips ignored users, and rooms that the user left", async (here) => {
  const ana = await here.site.again(here.ana, "ana");
  await ana.request("ignore", { user: "ben", on: true });
  await left(ana);
  await postText(here, "@ana hear me");
  await postText(here, "hear me", "@ana");
  const again = await here.site.again(here.ana, "ana");
  await again.request("ignore", { user: "ben", on: false });
  await left(again);
  await here.ben.request("join", { room: "cellar", create: true });
  await postText(here, "@ana you are not here", "cellar");
  expect(here.push.came).toEqual([]);
  // Ignored before the push of a message was due.
  const third = await here.site.again(here.ana, "ana");
  await here.site.wait(here.ben.post("@ana hear me"));
  await third.request("ignore", { user: "ben", on: true });
  await left(third);
  await here.site.time.advance(SOON_MS);
  expect(here.push.came).toEqual([]);
});

test("reveals only that a sealed room has a message", async () => {
  const push = new FakePushService();
  const sealed = await sealedLab({ push });
  const { site, ana, ben } = sealed;
  await letIn(sealed);
  await ben.request("push-subscribe", browserAt(BEN));
  await left(ben);
  await ana.request("post", sealedPost(1));
  await ana.request("post", sealedPost(1));
  await site.time.advance(SOON_MS);
  expect(push.displayed(BEN)).toEqual([{ tag: "sealed", user: "ben" }]);
  await ana.request("post", sealedPost(1));
  await site.time.advance(PUSH_ROOM_INTERVAL_MS + SOON_MS);
  expect(push.came).toHaveLength(1);
  await site.time.advance(PUSH_SEALED_INTERVAL_MS);
  expect(push.came).toHaveLength(2);
});

test("keeps one subscription per device across a restart", async () => {
  const push = new FakePushService();
  const { site, ana } = await siteWith(["ana"], { push });
  expect(await ana.request("push-key", {})).toEqual({ key: PUSH_KEY, subscribed: false });
  await ana.request("push-subscribe", browserAt(ANA));
  expect(await ana.request("push-key", {})).toMatchObject({ subscribed: true });
  const ben = await site.member("ben");
  expect(await ben.request("push-key", {})).toMatchObject({ subscribed: false });
  expect(await ben.refusal("push-subscribe", browserAt("http://10.0.0.1/"))).toBe("not-allowed");
  await left(ana);
  await site.restart();
  const again = await site.greeted(undefined, ben.keys);
  await again.request("login", again.signedLogin("ben"));
  await site.wait(again.post("after a restart", "@ana"));
  await site.time.advance(SOON_MS);
  expect(push.displayed(ANA)).toMatchObject([{ text: "after a restart" }]);
});

test("drops a subscription at log-out, and with the device or account", async () => {
  const password = "enough for two devices";
  const ends: Record<string, (ana: Guest) => Promise<unknown>> = {
    unsubscribed: (ana) => ana.request("push-unsubscribe", {}),
    "logged out": (ana) => ana.request("logout", {}),
    forgotten: async (ana) => {
      await ana.request("passwd", { password });
      await ana.request("logout", { forget: true });
    },
    revoked: async (ana) => {
      await ana.request("passwd", { password });
      const other = await ana.site.byPassword("ana", password);
      const { devices } = await other.request("devices", {});
      const device = devices.find(({ current }) => !current)?.device ?? "";
      await other.request("revoke", { device });
      await left(other);
    },
    reset: async ({ site }) => {
      const operator = await site.member("olga");
      await operator.request("operate", { token: "the operator's token" });
      const { token } = await operator.request("reset", { user: "ana", signOut: true });
      await (await site.greeted()).request("recover", { token, password });
    },
    unregistered: (ana) => ana.request("unregister", {}),
  };
  for (const [name, end] of Object.entries(ends)) {
    const here = await lab({ operatorToken: "the operator's token" });
    const ana = await here.site.again(here.ana, "ana");
    await end(ana);
    if (ana.ended === undefined) await left(ana);
    await here.site.restart();
    const ben = await here.site.again(here.ben, "ben");
    if (name !== "unregistered") await here.site.wait(ben.post("are you there?", "@ana"));
    await here.site.wait(ben.post("@ana hello?"));
    await here.site.time.advance(SOON_MS);
    expect([name, here.push.came]).toEqual([name, []]);
  }
});

labTest("moves a subscription to the last account of the browser", async (here) => {
  const carl = await here.site.greeted(undefined, here.ana.keys);
  await carl.request("register", carl.registration("carl"));
  await left(carl);
  await postText(here, "@ana and @carl");
  expect(here.push.came).toEqual([]);
  const ana = await here.site.again(here.ana, "ana");
  await ana.request("push-subscribe", browserAt(ANA));
  await here.ben.request("push-subscribe", browserAt(ANA));
  expect(await ana.request("push-key", {})).toMatchObject({ subscribed: false });
});

test("limits subscriptions per minute and devices per account", async () => {
  const push = new FakePushService();
  const site = await Site.open({ push });
  const ana = await site.member("ana", "one for all devices");
  for (let i = 0; i < PUSH_SUBSCRIBES_BURST; i++) {
    await ana.request("push-subscribe", browserAt(`${ANA}${i}`));
  }
  const fault = await ana.refused("push-subscribe", browserAt(ANA));
  expect([fault.code, (fault.retryAfterMs ?? 0) > 0]).toEqual(["too-fast", true]);
  for (let i = 0; i < 50; i++) {
    await ana.request("push-subscribe", browserAt(`${ANA}${PUSH_SUBSCRIBES_BURST - 1}`));
  }
  for (let i = 0; i < PUSH_DEVICES_MAX; i++) {
    await site.time.advance(60_000 / PUSH_SUBSCRIBES_PER_MINUTE);
    const other = await site.byPassword("ana", "one for all devices");
    await other.request("push-subscribe", browserAt(`${ANA} device ${i}`));
    await left(other);
  }
  expect(await ana.request("push-key", {})).toMatchObject({ subscribed: false });
  await left(ana);
  const ben = await site.member("ben");
  await site.wait(ben.post("to all of them", "@ana"));
  await site.time.advance(SOON_MS);
  expect(push.came).toHaveLength(PUSH_DEVICES_MAX);
});

labTest("keeps a subscription removed after a crash", async ({ site, push, ana, ben }) => {
  const again = await site.again(ana, "ana");
  await again.request("push-unsubscribe", {});
  site.disk.losePower();
  await site.restartAfterCrash();
  const back = await site.again(ana, "ana");
  expect(await back.request("push-key", {})).toMatchObject({ subscribed: false });
  await left(back);
  await postText({ site, push, ana, ben: await site.again(ben, "ben") }, "@ana are you there?");
  expect(push.came).toEqual([]);
});

test("pushes only from the server of the cluster where the device last connected", async () => {
  const push = new FakePushService();
  const sites = await Sites.open(3, { push });
  const [first, second, third] = [sites.site(0), sites.site(1), sites.site(2)];
  const ana = await first.member("ana");
  const [{ head } = { head: undefined }] = ana.records;
  const skewMs = (head?.time ?? 0) - first.clock.unixMs();
  await ana.request("push-subscribe", browserAt(ANA));
  const ben = await third.member("ben");
  const again = await second.again(ana, "ana");
  await again.request("push-subscribe", browserAt(ANA));
  await left(ana);
  // Clocks are so far ahead of the stream's that all records seem old.
  for (const site of [first, second, third]) site.skewMs = skewMs + PUSH_FRESH_MS;
  await left(again);
  await third.wait(ben.post("long ago", "@ana"));
  await third.time.advance(SOON_MS);
  expect(push.came).toEqual([]);
  for (const site of [first, second, third]) site.skewMs = skewMs;
  const present = await second.again(ana, "ana");
  await third.wait(ben.post("you are there", "@ana"));
  await third.time.advance(SOON_MS);
  expect(push.came).toEqual([]);
  await left(present);
  await third.time.advance(SOON_MS);
  expect(push.displayed(ANA)).toHaveLength(1);
  await third.time.advance(PUSH_ROOM_INTERVAL_MS);
  await third.wait(ben.post("and now?", "@ana"));
  await third.time.advance(SOON_MS);
  expect(push.displayed(ANA)).toMatchObject([{}, { text: "and now?" }]);
  const last = await third.again(ana, "ana");
  await last.request("logout", {});
  await third.time.advance(PUSH_ROOM_INTERVAL_MS);
  await third.wait(ben.post("still there?", "@ana"));
  await third.time.advance(SOON_MS);
  expect(push.came).toHaveLength(2);
});
