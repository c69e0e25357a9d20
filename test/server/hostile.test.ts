import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { Packr } from "msgpackr/pack";
import {
  LINKS_BEFORE_LOGIN_MAX,
  LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  NESTING_MAX,
  REQUESTS_IN_FLIGHT_MAX,
  SILENCE_MAX_MS,
} from "../../src/base/limits.ts";
import { rejection } from "../rejection.ts";
import { randomOf } from "../worlds/disk-world.ts";
import type { Guest } from "./guest.ts";
import { Site } from "./site.ts";

const foreign = new Packr({ useRecords: false, variableMapSize: true });
const pack = (value: unknown) => new Uint8Array(foreign.pack(value));
const hex = (text: string) => Uint8Array.fromHex(text);
const post = pack({
  kind: "post",
  ref: 900,
  outbox: "AAAAAAAAAAA",
  counter: 1,
  to: "lobby",
  body: { text: "hi" },
});

/** The others talk on as if nothing had happened. */
async function expectUnharmed(site: Site, isAt = 2): Promise<void> {
  const [ana, ben] = [await site.member(`ana${isAt}`), await site.member(`ben${isAt}`)];
  await site.wait(ana.say("still here"));
  await site.quiet();
  expect(ben.texts().at(-1)).toBe("still here");
}

describe("whoever breaks the rules is closed, and nobody else", () => {
  const policy: [string, Uint8Array, string][] = [
    ["no msgpack", hex("c1"), "frame-malformed"],
    ["nothing at all", new Uint8Array(0), "frame-malformed"],
    ["a message cut short", post.subarray(0, -1), "frame-malformed"],
    ["something behind its end", hex("81a46b696e64a470696e6700"), "frame-malformed"],
    ["nesting", hex("91".repeat(NESTING_MAX + 1)), "frame-malformed"],
    ["a million arrays", new Uint8Array(1_000_000).fill(0x91), "frame-malformed"],
    ["an array of four thousand million", hex("ddffffffff"), "frame-malformed"],
    ["bad UTF-8", hex("81a46b696e64a2c328"), "frame-malformed"],
    ["an extension", hex("c70100ff"), "frame-malformed"],
    ["no map", pack([1, 2, 3]), "frame-malformed"],
    ["a request without a ref", pack({ kind: "who" }), "frame-malformed"],
    ["an answer", pack({ kind: "ok", ref: 1 }), "out-of-order"],
    ["a fault", pack({ kind: "fault", code: "x", message: "y" }), "out-of-order"],
    ["a record", pack({ kind: "record", head: new Uint8Array(3) }), "out-of-order"],
    [
      "a second hello",
      pack({ kind: "hello", versions: [1], client: "x", nonce: new Uint8Array(32) }),
      "out-of-order",
    ],
  ];

  test.each(policy)("a member: %s", async (_name, bytes, code) => {
    const site = await Site.open();
    const eve = await site.member("eve");
    eve.raw(bytes);
    expect((await eve.untilEnded()).fault?.code as string).toBe(code);
    await expectUnharmed(site);
  });

  test.each(policy.slice(0, 10))("a stranger: %s", async (_name, bytes, _code) => {
    const site = await Site.open();
    const eve = await site.connect();
    eve.raw(bytes);
    await eve.untilEnded();
    expect(site.server.clientCount).toBe(0);
    await expectUnharmed(site);
  });

  test.each([
    ["a request", post],
    ["an unknown request", pack({ kind: "teleport", ref: 1 })],
    ["a ping", pack({ kind: "ping" })],
  ])("before the greeting: %s", async (_name, bytes) => {
    const site = await Site.open();
    const eve = await site.connect();
    eve.raw(bytes);
    expect((await eve.untilEnded()).fault).toBeDefined();
    await expectUnharmed(site);
  });

  test("sizes, at the bound, before log-in and after", async () => {
    const site = await Site.open();
    const sized = (size: number) => {
      const empty = pack({ kind: "weather", pad: new Uint8Array(70_000) }).length - 70_000;
      const small = pack({ kind: "weather", pad: new Uint8Array(1_000) }).length - 1_000;
      return pack({ kind: "weather", pad: new Uint8Array(size - (size > 66_000 ? empty : small)) });
    };
    const stranger = await site.greeted();
    expect(sized(MESSAGE_BEFORE_LOGIN_BYTES_MAX)).toHaveLength(MESSAGE_BEFORE_LOGIN_BYTES_MAX);
    stranger.raw(sized(MESSAGE_BEFORE_LOGIN_BYTES_MAX));
    await site.quiet();
    expect(stranger.ended).toBeUndefined();
    stranger.raw(sized(MESSAGE_BEFORE_LOGIN_BYTES_MAX + 1));
    expect((await stranger.untilEnded()).fault?.code).toBe("too-large");

    const eve = await site.member("eve");
    eve.raw(sized(MESSAGE_BYTES_MAX));
    await site.quiet();
    expect(eve.ended).toBeUndefined();
    eve.raw(sized(MESSAGE_BYTES_MAX + 1));
    expect((await eve.untilEnded()).fault?.code).toBe("too-large");
    await expectUnharmed(site);
  });

  test("a ref in use is not to be used again, well-formed or not", async () => {
    for (const second of [post, pack({ kind: "post", ref: 900 })]) {
      const site = await Site.open();
      const eve = await site.member("eve");
      eve.raw(post);
      site.isTight = true;
      eve.raw(second);
      expect((await eve.untilEnded()).fault?.code).toBe("out-of-order");
    }
  });
});

test("of those at the door the oldest goes when there are too many", async () => {
  const site = await Site.open();
  const [ana, lane] = [await site.member("ana"), await site.member("ben")];
  const strangers: Guest[] = [];
  for (let i = 0; i < LINKS_BEFORE_LOGIN_MAX; i++) {
    strangers.push(await site.connect(`10.${4 + (i >> 8)}.${i & 255}.1`));
  }
  await ana.ask("logout", {}); // Back at the door, as the youngest.
  expect((await strangers[0]?.untilEnded())?.fault?.code).toBe("too-many");
  await strangers[1]?.greet();
  await strangers[1]?.ask("register", strangers[1].registration("eve"));
  await site.connect("10.99.0.1");
  await site.quiet();
  expect(strangers.filter(({ ended }) => ended !== undefined)).toHaveLength(1);
  await site.connect("10.99.0.2");
  expect((await strangers[2]?.untilEnded())?.fault?.code).toBe("too-many");
  await ana.ask("login", ana.signedLogin("ana"));
  expect([ana.ended, lane.ended, strangers[1]?.ended]).toEqual([undefined, undefined, undefined]);
});

describe("what is only refused", () => {
  test("unknown requests and wrong fields are answered, unknown notices not", async () => {
    const site = await Site.open();
    const eve = await site.member("eve");
    eve.raw(pack({ kind: "weather", rain: true }));
    expect((await eve.refused("teleport" as "who", {})).code).toBe("kind-unknown");
    const body = { text: "x".repeat(65_537) };
    const wide = { outbox: "AAAAAAAAAAA", counter: 1, to: "lobby", body };
    expect((await eve.refused("post", wide)).code).toBe("too-large");
    const broken = { ...wide, counter: -1, body: { text: "x" } };
    expect((await eve.refused("post", broken)).code).toBe("frame-malformed");
    expect((await eve.refused("post", { ...broken, counter: 1, outbox: "x" })).code).toBe(
      "frame-malformed",
    );
    expect((await eve.refused("post", { ...wide, body: { text: "" } })).code).toBe("text-invalid");
    expect((await eve.refused("admit", { secret: "x" })).code).toBe("already-logged-in");
    const stranger = await site.greeted();
    for (const ask of [stranger.refused("who", {}), stranger.refused("rooms", {})]) {
      expect((await ask).code).toBe("not-logged-in");
    }
  });

  test("requests beyond those that may be in flight; each is answered once", async () => {
    const site: Site = await Site.open({
      reading: () => new Promise((go) => void site.clock.after(20, go)),
    });
    const eve = await site.member("eve");
    const answers: { kind: string; ref: number; code?: string }[] = [];
    eve.takes = (bytes) => {
      const answer = foreign.unpack(bytes) as (typeof answers)[number];
      if (answer.ref === undefined) return false;
      answers.push(answer);
      return true;
    };
    const last = 1_000 + REQUESTS_IN_FLIGHT_MAX;
    for (let ref = 1_001; ref <= last + 1; ref++) eve.raw(pack({ kind: "history", limit: 1, ref }));
    await site.time.advance(5);
    expect(answers).toMatchObject([{ kind: "fault", ref: last + 1, code: "too-many" }]);
    await site.until("all answers", () => answers.length > REQUESTS_IN_FLIGHT_MAX || undefined);
    await site.quiet();
    const refs = answers.map(({ ref }) => ref).sort((one, other) => one - other);
    expect(refs).toEqual(Array.from({ length: REQUESTS_IN_FLIGHT_MAX + 1 }, (_, i) => 1_001 + i));
    expect(eve.ended).toBeUndefined();
  });

  test("posts faster than allowed wait, in their order", async () => {
    const site = await Site.open({ postsPerSecond: 10, postsBurst: 3 });
    const eve = await site.member("eve");
    const posts = [1, 2, 3, 4, 5].map((text) => eve.say(`${text}`).catch((fault) => fault));
    const outcomes = await site.wait(Promise.all(posts));
    expect(outcomes.map((outcome) => outcome.code)).toEqual([
      undefined,
      undefined,
      undefined,
      "too-fast",
      "too-fast",
    ]);
    expect(outcomes[3].retryAfterMs).toBeGreaterThan(0);
    expect(eve.ended).toBeUndefined();
  });
});

describe("whoever asks for much", () => {
  /** How much of it was answered when somebody else, who asked after all of it, was. */
  async function answeredBefore(
    site: Site,
    eve: Guest,
    flood: readonly object[],
    ask: () => Promise<unknown>,
  ): Promise<number> {
    let answered = 0;
    eve.takes = (bytes) => {
      if ((foreign.unpack(bytes) as { ref?: number }).ref === undefined) return false;
      answered++;
      return true;
    };
    for (const [i, fields] of flood.entries()) eve.raw(pack({ ...fields, ref: 1_001 + i }));
    let atThatTime = 0;
    const asked = ask().then(() => {
      atThatTime = answered;
    });
    await site.wait(asked);
    await site.until("all answers", () => answered >= flood.length || undefined);
    expect(eve.ended).toBeUndefined();
    return atThatTime;
  }

  test("is answered by turns, and others in between", async () => {
    const site = await Site.open();
    const [ana, eve] = [await site.member("ana"), await site.member("eve")];
    const flood = Array.from({ length: 1_000 }, () => ({ kind: "who" }));
    const before = await answeredBefore(site, eve, flood, () => ana.send("who", {}));
    expect(before).toBeLessThan(200);
    expect(site.server.scheduler.waiting).toBe(0);
  });

  test("and so is whoever says much: others need not wait for all of it", async () => {
    const site = await Site.open();
    const [ana, eve] = [await site.member("ana"), await site.member("eve")];
    const flood = Array.from({ length: 250 }, (_, i) => {
      const said = { outbox: "AAAAAAAAAAE", counter: i + 1, to: "lobby", body: { text: `${i}` } };
      return { kind: "post", ...said };
    });
    const before = await answeredBefore(site, eve, flood, () => ana.say("and me?"));
    expect(before).toBeLessThan(200);
    await site.quiet();
    const said = ana.texts().filter((text) => text !== "and me?");
    expect(said).toEqual(flood.map((_, i) => `${i}`));
  });

  test("pages of one session are read when those before them were taken", async () => {
    let read = 0;
    const site: Site = await Site.open({ reading: () => Promise.resolve(void read++) });
    const eve = await site.member("eve");
    for (let i = 0; i < 40; i++) await site.wait(eve.say("x".repeat(60_000)));
    await site.quiet();
    const before = read;
    const release = (eve.link as ReturnType<Site["farEnd"]>).stall();
    for (let ref = 1_001; ref <= 1_100; ref++) eve.raw(pack({ kind: "history", limit: 4, ref }));
    await site.time.advance(5_000);
    expect(read - before).toBeLessThan(20);
    expect(site.farEnd(eve).queuedBytes()).toBeLessThan(2 << 20);
    eve.takes = () => true;
    release();
    await site.until("the rest", () => read - before === 100 || undefined);
    expect(eve.ended).toBeUndefined();
  });

  /** Less than one for each link or question of a storm, more than the collector leaves over. */
  const KEPT = { Map: 100, Set: 100, Uint8Array: 100, Promise: 500 };

  test("leaves nothing behind", async () => {
    const site = await Site.open();
    const eve = await site.member("eve");
    await storm(site, eve);
    const first = countObjects();
    await storm(site, eve);
    const second = countObjects();
    for (const [kind, most] of Object.entries(KEPT)) {
      expect((second[kind] ?? 0) - (first[kind] ?? 0)).toBeLessThan(most);
    }
    expect(site.server.clientCount).toBe(1);
  });

  async function storm(site: Site, eve: Guest): Promise<void> {
    for (let i = 0; i < 100; i++) {
      const guest = i % 2 === 0 ? await site.connect() : await site.greeted();
      if (i % 3 === 0) guest.raw(hex("c1"));
      else guest.hangUp();
    }
    for (let i = 0; i < 30; i++) {
      const again = await site.again(eve, "eve");
      for (let j = 0; j < 40; j++) {
        void again.send("who", {});
        void again.send("history", { limit: 10, grep: "nothing" });
      }
      if (i % 2 === 0) await site.quiet();
      again.hangUp();
    }
    await site.time.advance(10_000);
    site.events.length = 0;
    eve.notices.length = 0;
  }

  function countObjects(): Readonly<Record<string, number>> {
    Bun.gc(true);
    return heapStats().objectTypeCounts;
  }
});

describe("links", () => {
  test("of one address that have not logged in, at the bound", async () => {
    const site = await Site.open();
    const crowd = [];
    for (let i = 0; i < LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX; i++) {
      crowd.push(await site.greeted("10.9.9.9"));
    }
    expect((await rejection(site.connect("10.9.9.9"))).message).toContain("no more");
    await site.greeted("10.9.9.8");
    const [first, second] = crowd;
    await first?.ask("register", first.registration("ana"));
    await site.greeted("10.9.9.9");
    expect((await rejection(site.connect("10.9.9.9"))).message).toContain("no more");
    second?.hangUp();
    await site.quiet();
    await site.greeted("10.9.9.9");
  });

  test("that fall silent are closed, and their accounts go offline", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    (ben.link as ReturnType<Site["farEnd"]>).other.stall(); // What ben sends arrives no more.
    for (let ms = 0; ms < SILENCE_MAX_MS + 5_000; ms += 1_000) {
      ana.raw(pack({ kind: "ping" }));
      await site.time.advance(1_000);
    }
    expect(ben.ended?.fault?.code).toBe("timeout");
    const { users } = await ana.ask("who", {});
    expect(users.map(({ online }) => online)).toEqual([true, false]);
  });
});

describe("any bytes, in any phase", () => {
  test.each([1, 2, 3])("never harm the server, seed %i", async (seed) => {
    const site = await Site.open({ seed });
    const random = randomOf(seed);
    const kinds = ["hello", "admit", "login", "post", "join", "logout", "history", "ping", "ok"];
    for (let i = 0; i < 60; i++) {
      const host = `10.4.${seed}.${i}`;
      const eve = i % 3 === 0 ? await site.connect(host) : await site.greeted(host);
      if (i % 3 === 2) await eve.ask("register", eve.registration(`e${i}`));
      for (let j = 0; j < 4; j++) {
        const kind = kinds[Math.floor(random() * kinds.length)];
        const values = [null, -1, "x", 2 ** 40, [], {}, new Uint8Array(32), true];
        const odd = () => values[Math.floor(random() * values.length)];
        const fields = { user: odd(), room: odd(), limit: odd(), to: odd(), secret: odd() };
        const bytes = pack({ kind, ref: 1 + j, ...fields });
        const at = Math.floor(random() * bytes.length);
        if (random() < 0.5) bytes[at] = Math.floor(random() * 256);
        eve.raw(bytes);
      }
    }
    await site.quiet();
    await expectUnharmed(site);
  });
});
