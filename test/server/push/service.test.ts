import { describe, expect, test } from "bun:test";
import {
  PUSH_AWAY_MS,
  PUSH_DEVICES_MAX,
  PUSH_FRESH_MS,
  PUSH_GATHER_MS,
  PUSH_READ_CHARS,
  PUSH_ROOM_EVERY_MS,
  PUSH_SEALED_EVERY_MS,
  PUSH_SUBSCRIBES_BURST,
  PUSH_SUBSCRIBES_PER_MINUTE,
  PUSH_WATCH_MS,
} from "../../../src/base/limits-page.ts";
import type { Guest } from "../guest.ts";
import { letIn, sealedLab, sealedPost } from "../sealed/sealed-lab.ts";
import { Sites } from "../siblings/sites.ts";
import { Site, type SiteOptions } from "../site.ts";
import { browserAt, FakePushService, ok, PUSH_KEY } from "./push-service.ts";

const ANA = "https://push.example.org/ana";
const BEN = "https://push.example.org/ben";
/** A little later than what is gathered. */
const SOON_MS = PUSH_GATHER_MS + 1_000;

interface Lab {
  readonly site: Site;
  readonly push: FakePushService;
  readonly ana: Guest;
  readonly ben: Guest;
}

/** Ana takes pushes, and her page is closed. */
async function lab(options: SiteOptions = {}): Promise<Lab> {
  const push = new FakePushService();
  const site = await Site.open({ push, ...options });
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  await ana.ask("push-subscribe", browserAt(ANA));
  await left(ana);
  return { site, push, ana, ben };
}

async function left(guest: Guest): Promise<void> {
  guest.hangUp();
  await guest.untilEnded();
  await guest.site.quiet();
}

async function says({ site, ben }: Lab, text: string, to = "lobby"): Promise<number> {
  const { seq } = await site.wait(ben.say(text, to));
  await site.time.advance(SOON_MS);
  return seq;
}

describe("a push", () => {
  test("tells little of what calls a user whose page is closed", async () => {
    const here = await lab();
    await says(here, "nobody's name");
    expect(here.push.came).toEqual([]);
    await says(here, `@ana are you\nthere? ${"long ".repeat(100)}`);
    await says(here, "a secret; a short one", "@ana");
    const [called, direct] = here.push.shown(ANA);
    expect(called).toMatchObject({ at: "lobby", from: "ben" });
    const text = String(called?.["text"]);
    expect(text).toMatch(/^@ana are you there\? long .*\u2026$/);
    expect(text.length).toBeLessThan(200);
    expect(direct).toMatchObject({ at: "@ben", from: "ben", text: "a secret, a short one" });
    const topics = here.push.came.map(({ topic }) => topic);
    expect(new Set(topics).size).toBe(2);
    for (const topic of topics) expect(topic).toMatch(/^[\w-]{1,32}$/);
  });

  test("shows what is said without its marks", async () => {
    const here = await lab();
    await says(here, "**look**, `@ana`: see\n> _this_ @ana");
    expect(here.push.shown(ANA)).toMatchObject([{ text: "look, @ana: see this @ana" }]);
  });

  test("calls whom the message names, without reading a long text for names", async () => {
    const here = await lab();
    const long = `${"x ".repeat(PUSH_READ_CHARS)}@ana`;
    await says(here, long);
    expect(here.push.came).toEqual([]);
    const post = { outbox: "BBBBBBBBBBA", to: "lobby", counter: 1 };
    await here.ben.ask("post", { ...post, body: { text: long, mentions: ["ana"] } });
    await here.site.time.advance(SOON_MS);
    expect(here.push.came).toHaveLength(1);
    await here.ben.ask("post", { ...post, counter: 2, body: { text: "@ana", mentions: [] } });
    await here.site.time.advance(PUSH_ROOM_EVERY_MS);
    expect(here.push.came).toHaveLength(1);
  });

  test("goes to whoever is answered, and to no author of what it is about", async () => {
    const here = await lab();
    const ana = await here.site.again(here.ana, "ana");
    const { seq } = await here.site.wait(ana.say("a question"));
    await left(ana);
    const post = { outbox: "BBBBBBBBBBA", to: "lobby", counter: 1 };
    await here.ben.ask("post", { ...post, body: { text: "an answer", re: seq } });
    await here.ben.ask("post", { ...post, counter: 2, body: { text: "@ben myself" } });
    await here.site.time.advance(SOON_MS);
    expect(here.push.shown(ANA)).toMatchObject([{ from: "ben", text: "an answer" }]);
    expect(here.push.came).toHaveLength(1);
  });

  test("counts what came meanwhile, and does not come twice for one look", async () => {
    const here = await lab();
    await here.site.wait(here.ben.say("@ana one"));
    await here.site.wait(here.ben.say("@ana two"));
    await here.site.time.advance(SOON_MS);
    await says(here, "@ana three");
    expect(here.push.shown(ANA)).toMatchObject([{ text: "@ana two", count: 2 }]);
    await here.site.time.advance(PUSH_ROOM_EVERY_MS);
    expect(here.push.shown(ANA).slice(1)).toMatchObject([{ text: "@ana three" }]);
  });

  test("is not for a user who is online, unless the page was asleep", async () => {
    const here = await lab();
    const ana = await here.site.again(here.ana, "ana");
    await says(here, "@ana you are there");
    await here.site.time.advance(PUSH_WATCH_MS);
    expect(here.push.came).toEqual([]);
    await says(here, "@ana you were there");
    await left(ana);
    await here.site.time.advance(SOON_MS);
    expect(here.push.shown(ANA)).toMatchObject([{ text: "@ana you were there" }]);
  });

  test("goes to the phone of a user whose terminal is in, and untouched", async () => {
    const here = await lab();
    const phone = await here.site.again(here.ana, "ana");
    await phone.ask("passwd", { password: "secret" });
    await left(phone);
    const terminal = await here.site.greeted();
    await terminal.ask("login", terminal.passwordLogin("ana", "secret"));
    await here.site.quiet();
    // Just come in: they are there.
    await says(here, "@ana one");
    expect(here.push.came).toEqual([]);
    await here.site.time.advance(PUSH_AWAY_MS);
    expect(here.push.shown(ANA)).toMatchObject([{ text: "@ana one" }]);
    // Away for long: nobody waits to find that out.
    await here.site.time.advance(PUSH_ROOM_EVERY_MS);
    await says(here, "@ana two");
    expect(here.push.shown(ANA).slice(1)).toMatchObject([{ text: "@ana two" }]);
    // Whoever does anything has seen what came, and is there again.
    await here.site.time.advance(PUSH_ROOM_EVERY_MS);
    const room = terminal.all("room").find(({ name }) => name === "lobby")?.room ?? "";
    const acts = [
      () => here.site.wait(terminal.say("here I am")),
      () => terminal.ask("typing", { room, on: true }),
      () => terminal.ask("read", { room, n: 1 }),
    ];
    for (const act of acts) {
      await act();
      await says(here, "@ana three");
      await act();
      await here.site.time.advance(PUSH_WATCH_MS);
      expect(here.push.came).toHaveLength(2);
    }
    // The page of that very phone is open, and tells by itself.
    const open = await here.site.again(here.ana, "ana");
    await here.site.time.advance(PUSH_AWAY_MS);
    await says(here, "@ana four");
    await here.site.time.advance(PUSH_WATCH_MS);
    expect(here.push.came).toHaveLength(2);
    await left(open);
    await here.site.stop();
  });

  test("is not for a user who reads at another server of the cluster", async () => {
    const push = new FakePushService();
    const sites = await Sites.open(2, { push });
    const [here, there] = [sites.site(0), sites.site(1)];
    const [ana, ben] = [await here.member("ana"), await here.member("ben")];
    const [{ head } = { head: undefined }] = ana.records;
    here.skewMs = (head?.time ?? 0) - here.clock.unixMs(); // The stream's clock is another one.
    await ana.ask("passwd", { password: "secret" });
    await ana.ask("push-subscribe", browserAt(ANA));
    await left(ana);
    const terminal = await there.greeted();
    await terminal.ask("login", terminal.passwordLogin("ana", "secret"));
    await here.time.advance(PUSH_AWAY_MS);
    const room = terminal.all("room").find(({ name }) => name === "lobby")?.room ?? "";
    await terminal.ask("read", { room, n: 1 });
    await here.wait(ben.say("@ana one"));
    await here.time.advance(SOON_MS);
    expect(push.came).toEqual([]);
    await here.time.advance(PUSH_AWAY_MS);
    expect(push.shown(ANA)).toMatchObject([{ text: "@ana one" }]);
    await sites.stop();
  });

  test("is counted, with what became of it", async () => {
    const here = await lab({ operatorToken: "operator-token" });
    await says(here, "@ana one");
    here.push.answer = () => ok(410);
    await here.site.time.advance(PUSH_ROOM_EVERY_MS);
    await says(here, "@ana two");
    const metrics = here.site.server.http.operator?.metrics() ?? "";
    for (const row of ["sent_total 1", "failed_total 1", "dropped_total 0"]) {
      expect(metrics).toContain(`\nchat_pushes_${row}\n`);
    }
    expect(metrics).toContain("\nchat_push_devices 0\n");
    expect(metrics).toContain("\nchat_pushes_waiting 0\n");
    await here.site.stop();
  });

  test("is not for what was read, or is nobody's any more", async () => {
    const here = await lab();
    const called = await here.site.wait(here.ben.say("@ana read elsewhere"));
    const other = await here.site.again(here.ana, "ana");
    const room = other.all("room").find(({ name }) => name === "lobby")?.room ?? "";
    await other.ask("read", { room, n: called.n });
    await left(other);
    await here.site.time.advance(SOON_MS);
    expect(here.push.came).toEqual([]);
    const { seq } = await here.site.wait(here.ben.say("@ana a mistake"));
    await here.ben.ask("erase", { seq });
    await here.site.time.advance(SOON_MS);
    expect(here.push.shown(ANA)).toHaveLength(1);
    expect(JSON.stringify(here.push.came)).not.toContain("mistake");
  });

  test("is not for a room that the user has muted", async () => {
    const here = await lab();
    const ana = await here.site.again(here.ana, "ana");
    const room = ana.all("room").find(({ name }) => name === "lobby")?.room ?? "";
    await ana.ask("prefs-set", { room, muted: 0 });
    await left(ana);
    await says(here, "@ana hear me");
    expect(here.push.came).toEqual([]);
    await says(here, "hear me", "@ana");
    expect(here.push.came).toHaveLength(1);
  });

  test("is not for words of someone who is ignored, nor of a room that was left", async () => {
    const here = await lab();
    const ana = await here.site.again(here.ana, "ana");
    await ana.ask("ignore", { user: "ben", on: true });
    await left(ana);
    await says(here, "@ana hear me");
    await says(here, "hear me", "@ana");
    const again = await here.site.again(here.ana, "ana");
    await again.ask("ignore", { user: "ben", on: false });
    await left(again);
    await here.ben.ask("join", { room: "cellar", create: true });
    await says(here, "@ana you are not here", "cellar");
    expect(here.push.came).toEqual([]);
  });

  test("of a sealed room says that there is something, and nothing else", async () => {
    const push = new FakePushService();
    const sealed = await sealedLab({ push });
    const { site, ana, ben } = sealed;
    await letIn(sealed);
    await ben.ask("push-subscribe", browserAt(BEN));
    await left(ben);
    await ana.ask("post", sealedPost(1));
    await ana.ask("post", sealedPost(1));
    await site.time.advance(SOON_MS);
    expect(push.shown(BEN)).toEqual([{ tag: "sealed" }]);
    await ana.ask("post", sealedPost(1));
    await site.time.advance(PUSH_ROOM_EVERY_MS + SOON_MS);
    expect(push.came).toHaveLength(1);
    await site.time.advance(PUSH_SEALED_EVERY_MS);
    expect(push.came).toHaveLength(2);
  });
});

describe("where pushes go", () => {
  test("is not known to a server that pushes nothing", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    expect((await ana.refused("push-key", {})).code).toBe("not-allowed");
    expect((await ana.refused("push-subscribe", browserAt(ANA))).code).toBe("not-allowed");
  });

  test("is of each device, told to that one alone, and there again after a start", async () => {
    const push = new FakePushService();
    const site = await Site.open({ push });
    const ana = await site.member("ana");
    expect(await ana.ask("push-key", {})).toEqual({ key: PUSH_KEY, subscribed: false });
    await ana.ask("push-subscribe", browserAt(ANA));
    expect(await ana.ask("push-key", {})).toMatchObject({ subscribed: true });
    const ben = await site.member("ben");
    expect(await ben.ask("push-key", {})).toMatchObject({ subscribed: false });
    expect((await ben.refused("push-subscribe", browserAt("http://10.0.0.1/"))).code).toBe(
      "not-allowed",
    );
    await left(ana);
    await site.restart();
    const again = await site.greeted(undefined, ben.keys);
    await again.ask("login", again.signedLogin("ben"));
    await site.wait(again.say("after a restart", "@ana"));
    await site.time.advance(SOON_MS);
    expect(push.shown(ANA)).toMatchObject([{ text: "after a restart" }]);
  });

  test("ends with the log-out, and when the device or the account is removed", async () => {
    for (const how of [
      "push-unsubscribe",
      "logout",
      "forget",
      "revoke",
      "reset",
      "unregister",
    ] as const) {
      const here = await lab({ operatorToken: "the operator's token" });
      const ana = await here.site.again(here.ana, "ana");
      if (how === "push-unsubscribe") await ana.ask(how, {});
      if (how === "logout") await ana.ask("logout", {});
      if (how === "forget") {
        const other = await here.site.greeted();
        await other.ask("register", other.registration("carl"));
        await ana.ask("passwd", { password: "so that another device may come" });
        await ana.ask("logout", { forget: true });
      }
      if (how === "revoke") {
        await ana.ask("passwd", { password: "enough of one" });
        const other = await here.site.greeted();
        await other.ask("login", other.passwordLogin("ana", "enough of one"));
        const { devices } = await other.ask("devices", {});
        const device = devices.find(({ current }) => !current)?.device ?? "";
        await other.ask("revoke", { device });
        await left(other);
      }
      if (how === "reset") {
        const operator = await here.site.member("olga");
        await operator.ask("operate", { token: "the operator's token" });
        const { token } = await operator.ask("reset", { user: "ana", signOut: true });
        const other = await here.site.greeted();
        await other.ask("recover", { token, password: "another one" });
      }
      if (how === "unregister") await ana.ask("unregister", {});
      if (ana.ended === undefined) await left(ana);
      await here.site.restart();
      const ben = await here.site.again(here.ben, "ben");
      if (how !== "unregister") await here.site.wait(ben.say("are you there?", "@ana"));
      await here.site.wait(ben.say("@ana hello?"));
      await here.site.time.advance(SOON_MS);
      expect([how, here.push.came]).toEqual([how, []]);
    }
  });

  test("is over when a push service says so", async () => {
    for (const status of [404, 410]) {
      const here = await lab();
      here.push.answer = () => ({ status, retryAfter: undefined });
      await says(here, "@ana one");
      await here.site.time.advance(PUSH_ROOM_EVERY_MS);
      await says(here, "@ana two");
      expect(here.push.came).toHaveLength(1);
      const ana = await here.site.again(here.ana, "ana");
      expect(await ana.ask("push-key", {})).toMatchObject({ subscribed: false });
    }
  });

  test("is the last account's that used the browser", async () => {
    const here = await lab();
    // The same key of a browser, and so the same device.
    const carl = await here.site.greeted(undefined, here.ana.keys);
    await carl.ask("register", carl.registration("carl"));
    await left(carl);
    await says(here, "@ana and @carl");
    expect(here.push.came).toEqual([]);
    // Another device says the same endpoint: it is another account's from now on.
    const ana = await here.site.again(here.ana, "ana");
    await ana.ask("push-subscribe", browserAt(ANA));
    await here.ben.ask("push-subscribe", browserAt(ANA));
    expect(await ana.ask("push-key", {})).toMatchObject({ subscribed: false });
  });

  test("is said so often in a minute, and by so many devices of an account", async () => {
    const push = new FakePushService();
    const site = await Site.open({ push });
    const ana = await site.member("ana", "one for all devices");
    for (let i = 0; i < PUSH_SUBSCRIBES_BURST; i++) {
      await ana.ask("push-subscribe", browserAt(`${ANA}${i}`));
    }
    const fault = await ana.refused("push-subscribe", browserAt(ANA));
    expect([fault.code, (fault.retryAfterMs ?? 0) > 0]).toEqual(["too-fast", true]);
    // The same one again, as after each log-in, costs nothing.
    for (let i = 0; i < 50; i++) {
      await ana.ask("push-subscribe", browserAt(`${ANA}${PUSH_SUBSCRIBES_BURST - 1}`));
    }
    for (let i = 0; i < PUSH_DEVICES_MAX; i++) {
      await site.time.advance(60_000 / PUSH_SUBSCRIBES_PER_MINUTE);
      const other = await site.greeted();
      await other.ask("login", other.passwordLogin("ana", "one for all devices"));
      await other.ask("push-subscribe", browserAt(`${ANA} device ${i}`));
      await left(other);
    }
    expect(await ana.ask("push-key", {})).toMatchObject({ subscribed: false });
    await left(ana);
    const ben = await site.member("ben");
    await site.wait(ben.say("to all of them", "@ana"));
    await site.time.advance(SOON_MS);
    expect(push.came).toHaveLength(PUSH_DEVICES_MAX);
  });
});

test("what a device does not want any more is not there after a crash either", async () => {
  const { site, push, ana, ben } = await lab();
  const again = await site.again(ana, "ana");
  await again.ask("push-unsubscribe", {});
  site.disk.losePower();
  await site.restartAfterCrash();
  const back = await site.again(ana, "ana");
  expect(await back.ask("push-key", {})).toMatchObject({ subscribed: false });
  await left(back);
  await says({ site, push, ana, ben: await site.again(ben, "ben") }, "@ana are you there?");
  expect(push.came).toEqual([]);
});

test("of several servers one pushes, the one at which the device was last", async () => {
  const push = new FakePushService();
  const sites = await Sites.open(3, { push });
  const [first, second, third] = [sites.site(0), sites.site(1), sites.site(2)];
  const ana = await first.member("ana");
  const [{ head } = { head: undefined }] = ana.records;
  const skewMs = (head?.time ?? 0) - first.clock.unixMs();
  await ana.ask("push-subscribe", browserAt(ANA));
  const ben = await third.member("ben");
  const again = await second.again(ana, "ana");
  await again.ask("push-subscribe", browserAt(ANA));
  await left(ana);
  // Their clocks are so far ahead of the stream's that all of it looks like the past.
  for (const site of [first, second, third]) site.skewMs = skewMs + PUSH_FRESH_MS;
  await left(again);
  await third.wait(ben.say("long ago", "@ana"));
  await third.time.advance(SOON_MS);
  expect(push.came).toEqual([]);
  for (const site of [first, second, third]) site.skewMs = skewMs;
  const present = await second.again(ana, "ana");
  await third.wait(ben.say("you are there", "@ana"));
  await third.time.advance(SOON_MS);
  expect(push.came).toEqual([]); // Online at the second.
  await left(present);
  await third.time.advance(SOON_MS);
  expect(push.shown(ANA)).toHaveLength(1);
  await third.time.advance(PUSH_ROOM_EVERY_MS);
  await third.wait(ben.say("and now?", "@ana"));
  await third.time.advance(SOON_MS);
  expect(push.shown(ANA)).toMatchObject([{}, { text: "and now?" }]);
  // Signed out at one, it is at none.
  const last = await third.again(ana, "ana");
  await last.ask("logout", {});
  await third.time.advance(PUSH_ROOM_EVERY_MS);
  await third.wait(ben.say("still there?", "@ana"));
  await third.time.advance(SOON_MS);
  expect(push.came).toHaveLength(2);
});
