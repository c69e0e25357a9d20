import { expect, test } from "bun:test";
import { Packr } from "msgpackr/pack";
import {
  IDLE_BEFORE_LOGIN_MS,
  LINKS_BEFORE_LOGIN_MAX,
  LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  NESTING_MAX,
  PAGE_BYTES_MAX,
  REQUESTS_IN_FLIGHT_MAX,
} from "../../src/base/limits.ts";
import { rejection } from "../rejection.ts";
import { randomOf } from "../worlds/disk-world.ts";
import type { Guest } from "./guest.ts";
import { Site, siteWith } from "./site.ts";
import { siteTest } from "./site-lab.ts";

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

async function expectUnharmed(site: Site, isAt = 2): Promise<void> {
  const [ana, ben] = [await site.member(`ana${isAt}`), await site.member(`ben${isAt}`)];
  await site.wait(ana.post("still here"));
  await site.quiet();
  expect(ben.texts().at(-1)).toBe("still here");
}

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
  ["a record", pack({ kind: "records", records: [{ head: new Uint8Array(3) }] }), "out-of-order"],
  [
    "a second hello",
    pack({ kind: "hello", versions: [3], client: "x", nonce: new Uint8Array(32) }),
    "out-of-order",
  ],
];

test.each(policy)("closes a member that sends %s", async (_name, bytes, code) => {
  const { site, eve } = await siteWith(["eve"]);
  eve.raw(bytes);
  expect((await eve.untilEnded()).fault?.code as string).toBe(code);
  await expectUnharmed(site);
});

test.each(policy.slice(0, 10))(
  "closes an unauthenticated client that sends %s",
  async (_name, bytes, _code) => {
    const site = await Site.open();
    const eve = await site.connect();
    eve.raw(bytes);
    await eve.untilEnded();
    expect(site.server.clientCount).toBe(0);
    await expectUnharmed(site);
  },
);

test.each([
  ["a request", post],
  ["an unknown request", pack({ kind: "teleport", ref: 1 })],
  ["a ping", pack({ kind: "ping" })],
])("closes a client that sends %s before the greeting", async (_name, bytes) => {
  const site = await Site.open();
  const eve = await site.connect();
  eve.raw(bytes);
  expect((await eve.untilEnded()).fault).toBeDefined();
  await expectUnharmed(site);
});

siteTest("limits the size of a message, before log-in and after", async (site) => {
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

test("drops the oldest of too many links that have not logged in", async () => {
  const { site, ana, ben: lane } = await siteWith(["ana", "ben"]);
  const strangers: Guest[] = [];
  for (let i = 0; i < LINKS_BEFORE_LOGIN_MAX; i++) {
    strangers.push(await site.connect(`10.${4 + (i >> 8)}.${i & 255}.1`));
  }
  await ana.request("logout", {});
  expect((await strangers[0]?.untilEnded())?.fault?.code).toBe("too-many");
  await strangers[1]?.greet();
  await strangers[1]?.request("register", strangers[1].registration("eve"));
  await site.connect("10.99.0.1");
  await site.quiet();
  expect(strangers.filter(({ ended }) => ended !== undefined)).toHaveLength(1);
  await site.connect("10.99.0.2");
  expect((await strangers[2]?.untilEnded())?.fault?.code).toBe("too-many");
  await ana.request("login", ana.signedLogin("ana"));
  expect([ana.ended, lane.ended, strangers[1]?.ended]).toEqual([undefined, undefined, undefined]);
});

test("answers unknown requests and wrong fields, and ignores unknown notices", async () => {
  const { site, eve } = await siteWith(["eve"]);
  eve.raw(pack({ kind: "weather", rain: true }));
  expect(await eve.refusal("teleport" as "who", {})).toBe("kind-unknown");
  const body = { text: "x".repeat(65_537) };
  const wide = { outbox: "AAAAAAAAAAA", counter: 1, to: "lobby", body };
  expect(await eve.refusal("post", wide)).toBe("too-large");
  const broken = { ...wide, counter: -1, body: { text: "x" } };
  expect(await eve.refusal("post", broken)).toBe("frame-malformed");
  expect(await eve.refusal("post", { ...broken, counter: 1, outbox: "x" })).toBe("frame-malformed");
  expect(await eve.refusal("post", { ...wide, body: { text: "" } })).toBe("text-invalid");
  expect(await eve.refusal("admit", { secret: "x" })).toBe("already-logged-in");
  const stranger = await site.greeted();
  for (const refusal of [stranger.refused("who", {}), stranger.refused("rooms", {})]) {
    expect((await refusal).code).toBe("not-logged-in");
  }
});

test("refuses requests beyond the limit in flight, and answers each once", async () => {
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

test("answers other clients between the requests of a busy client", async () => {
  const { site, ana, eve } = await siteWith(["ana", "eve"]);
  let answered = 0;
  eve.takes = (bytes) => {
    if ((foreign.unpack(bytes) as { ref?: number }).ref === undefined) return false;
    answered++;
    return true;
  };
  for (let ref = 1_001; ref <= 2_000; ref++) eve.raw(pack({ kind: "who", ref }));
  const before = await site.wait(ana.send("who", {}).then(() => answered));
  await site.until("all answers", () => answered >= 1_000 || undefined);
  expect(before).toBeLessThan(200);
  expect([eve.ended, site.server.sessions.scheduler.queuedCount]).toEqual([undefined, 0]);
});

test("reads the next page once the session has received the last one", async () => {
  let read = 0;
  const { site, eve } = await siteWith(["eve"], { reading: () => Promise.resolve(void read++) });
  for (let i = 0; i < 40; i++) await site.wait(eve.post("x".repeat(60_000)));
  await site.quiet();
  const before = read;
  const release = (eve.link as ReturnType<Site["farEnd"]>).stall();
  for (let ref = 1_001; ref <= 1_100; ref++) eve.raw(pack({ kind: "history", limit: 4, ref }));
  await site.time.advance(5_000);
  expect(read - before).toBeLessThan(4);
  expect(site.farEnd(eve).queuedBytes()).toBeLessThan(3 * PAGE_BYTES_MAX);
  eve.takes = () => true;
  release();
  await site.until("the rest", () => read - before === 100 || undefined);
  expect(eve.ended).toBeUndefined();
});

siteTest("limits the links of one address that have not logged in", async (site) => {
  const crowd = [];
  for (let i = 0; i < LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX; i++) {
    crowd.push(await site.greeted("10.9.9.9"));
  }
  expect((await rejection(site.connect("10.9.9.9"))).message).toContain("no more");
  await site.greeted("10.9.9.8");
  const [first, second] = crowd;
  await first?.request("register", first.registration("ana"));
  await site.greeted("10.9.9.9");
  expect((await rejection(site.connect("10.9.9.9"))).message).toContain("no more");
  second?.hangUp();
  await site.quiet();
  await site.greeted("10.9.9.9");
});

siteTest("a link that idles before a log-in gives its place to its address", async (site) => {
  const crowd = [];
  for (let i = 0; i < LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX; i++) {
    crowd.push(await site.greeted("10.9.9.9"));
  }
  const stranger = await site.greeted("10.9.9.8");
  await site.time.advance(IDLE_BEFORE_LOGIN_MS);
  const [oldest, second, third] = crowd;
  await second?.request("admit", { secret: "no" }).catch(() => undefined);
  await site.greeted("10.9.9.9");
  await site.greeted("10.9.9.9");
  await site.quiet();
  expect([oldest, second, third, stranger].map((link) => link?.ended?.fault?.code)).toEqual([
    "too-many",
    undefined,
    "too-many",
    undefined,
  ]);
});

test.each([1, 2, 3])("survives any bytes in any phase, seed %i", async (seed) => {
  const site = await Site.open({ seed });
  const random = randomOf(seed);
  const kinds = ["hello", "admit", "login", "post", "join", "logout", "history", "ping", "ok"];
  for (let i = 0; i < 60; i++) {
    const host = `10.4.${seed}.${i}`;
    const eve = i % 3 === 0 ? await site.connect(host) : await site.greeted(host);
    if (i % 3 === 2) await eve.request("register", eve.registration(`e${i}`));
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
