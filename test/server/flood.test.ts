import { expect, test } from "bun:test";
import { Packr } from "msgpackr/pack";
import {
  FLOOD_REFUSED_MS,
  IDLE_MESSAGES_BURST,
  MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  MESSAGES_AFTER_CLOSE_MAX,
  MESSAGES_BEFORE_LOGIN_MAX,
  PASSWORD_CHECKS_MAX,
  PASSWORD_CHECKS_QUEUED_MAX,
  RECEIVED_BYTES_BURST,
} from "../../src/base/limits.ts";
import type { Guest } from "./guest.ts";
import { Site, siteWith } from "./site.ts";
import { heldPasswords, siteTest } from "./site-lab.ts";

const foreign = new Packr({ useRecords: false, variableMapSize: true });
const pack = (value: unknown) => new Uint8Array(foreign.pack(value));

function answersTo(guest: Guest): () => number {
  let count = 0;
  guest.takes = () => {
    count++;
    return true;
  };
  return () => count;
}

const FLOODS = {
  "unknown requests": (ref: number) => ({ kind: "teleport", ref }),
  "requests that members may send": (ref: number) => ({ kind: "who", ref }),
  "wrong log-ins": (ref: number) => ({
    kind: "login",
    ref,
    user: "ana",
    password: "wrong",
    deviceKey: new Uint8Array(32),
  }),
  pings: () => ({ kind: "ping" }),
  "unknown notices": () => ({ kind: "weather" }),
};

test.each(Object.entries(FLOODS))("closes an unauthenticated flood of %s", async (_, message) => {
  const site = await Site.open();
  await site.member("ana", "password");
  const eve = await site.greeted();
  const answers = answersTo(eve);
  for (let ref = 1; ref <= 10 * MESSAGES_BEFORE_LOGIN_MAX; ref++) eve.raw(pack(message(ref)));
  await eve.untilEnded();
  await site.time.advance(60_000);
  expect(answers()).toBeLessThanOrEqual(MESSAGES_BEFORE_LOGIN_MAX);
  expect(site.server.clientCount).toBe(1);
});

siteTest("does not answer an oversized message before log-in", async (site) => {
  const sendSize = async (sizeBytes: number) => {
    const eve = await site.greeted();
    eve.raw(new Uint8Array(sizeBytes));
    await eve.untilEnded();
    return eve.ended?.fault?.code;
  };
  expect(await sendSize(MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX)).toBe("too-large");
  expect(await sendSize(MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX + 1)).toBe("link-closed");
});

test.each(["pings", "unknown requests"] as const)(
  "closes a member's flood of %s, and refuses the account for a while",
  async (kind) => {
    const { site, ana, eve } = await siteWith(["ana", "eve"]);
    const answers = answersTo(eve);
    for (let sent = 0; sent <= IDLE_MESSAGES_BURST + 1_000 && eve.ended === undefined; ) {
      for (let i = 0; i < 500; i++) eve.raw(pack(FLOODS[kind](++sent)));
      await site.time.advance(1);
    }
    await eve.untilEnded();
    expect(answers()).toBeLessThan(IDLE_MESSAGES_BURST + 1_000);
    await site.wait(ana.post("still here"));
    // Others of the address, such as a class, are let in.
    expect(site.server.sessions.accept({ ...eve.link.remote, port: 4_000 })).toBe(true);

    const other = await site.greeted("10.0.0.9", eve.keys);
    const fault = await other.refused("login", other.signedLogin("eve"));
    expect(fault.code).toBe("too-fast");
    expect(fault.retryAfterMs).toBeLessThanOrEqual(FLOOD_REFUSED_MS);
    await site.time.advance(FLOOD_REFUSED_MS);
    await other.request("login", other.signedLogin("eve"));
  },
);

test("closes a member who queues too much, without running it early", async () => {
  const { site, ana, eve } = await siteWith(["ana", "eve"]);
  const fields = { kind: "post", outbox: "AAAAAAAAAAA", to: "lobby" };
  for (let counter = 1; counter <= 5_000; counter++) {
    eve.raw(pack({ ...fields, ref: counter, counter, body: { text: "flood" } }));
  }
  await eve.untilEnded();
  await site.quiet();
  expect(ana.texts().length).toBeLessThan(100);
  expect(site.server.sessions.scheduler.queuedCount).toBe(0);
});

test("closes a member who sends large messages faster than allowed", async () => {
  const { site, ana, eve } = await siteWith(["ana", "eve"]);
  const large = pack({ kind: "teleport", ref: 1, pad: new Uint8Array(MESSAGE_BYTES_MAX - 64) });
  let sent = 0;
  for (; sent < 100 && eve.ended === undefined; sent++) {
    eve.raw(large);
    await site.time.advance(1);
  }
  expect(sent * large.length).toBeLessThan(2 * RECEIVED_BYTES_BURST);
  await site.wait(ana.post("still here"));
});

siteTest("refuses the address of a flood for a while, except loopback", async (site) => {
  const flood = async (host: string) => {
    const eve = await site.greeted(host);
    for (let i = 0; i < 100; i++) eve.raw(pack({ kind: "ping" }));
    await eve.untilEnded();
  };
  await flood("10.0.0.6");
  await flood("127.0.0.1");
  const port = 4_000;
  expect(site.server.sessions.accept({ host: "10.0.0.6", port })).toBe(false);
  expect(site.server.sessions.accept({ host: "10.0.0.7", port })).toBe(true);
  expect(site.server.sessions.accept({ host: "127.0.0.1", port })).toBe(true);
  await site.time.advance(FLOOD_REFUSED_MS);
  expect(site.server.sessions.accept({ host: "10.0.0.6", port })).toBe(true);
});

test("neither decodes nor answers messages after deciding to close", async () => {
  const { site, eve } = await siteWith(["eve"]);
  const answers = answersTo(eve);
  eve.raw(Uint8Array.of(0xc1));
  for (let i = 0; i < 1_000; i++) eve.raw(pack({ kind: "ping" }));
  await site.quiet();
  expect(answers()).toBeLessThanOrEqual(1);
  expect(site.server.clientCount).toBe(0);
});

test("drops a connection that floods while it is being closed", async () => {
  const { site, eve } = await siteWith(["eve"]);
  const end = site.farEnd(eve);
  const release = (eve.link as typeof end).peer.peer.stall();
  end.close();
  for (let i = 0; i <= MESSAGES_AFTER_CLOSE_MAX; i++) eve.raw(pack({ kind: "ping" }));
  await site.time.advance(10);
  expect(end.send(new Uint8Array(1))).toBe(false);
  release();
  await site.quiet();
  expect(eve.all("bye")).toEqual([]);
  expect((await eve.untilEnded()).fault?.code).toBe("link-closed");
});

test("prevents one address from using up all password checks", async () => {
  const { passwords, waiting } = heldPasswords();
  const site = await Site.open({ passwords });
  await site.member("ana", "password");
  const count = PASSWORD_CHECKS_MAX + PASSWORD_CHECKS_QUEUED_MAX + 10;
  for (let i = 0; i < count; i++) {
    const eve = await site.greeted("127.0.0.1"); // Loopback has no limit.
    void eve.send("login", eve.passwordLogin(`nobody${i}`, "wrong"));
  }
  await site.time.advance(10);
  expect(waiting).toHaveLength(1);
  const ana = await site.greeted("10.0.0.8");
  const login = ana.send("login", ana.passwordLogin("ana", "password"));
  await site.until("the check of ana", () => waiting[1]);
  waiting[1]?.();
  expect((await site.wait(login)).user as string).toBe("ana");
});

test("skips password checks of disconnected clients", async () => {
  const { passwords, waiting } = heldPasswords();
  const site = await Site.open({ passwords });
  for (let i = 0; i < 10; i++) {
    const eve = await site.greeted("127.0.0.1");
    void eve.send("login", eve.passwordLogin(`nobody${i}`, "wrong"));
    await site.time.advance(1);
    eve.hangUp();
    await site.time.advance(1);
  }
  for (const go of waiting) go();
  await site.quiet();
  expect(waiting).toHaveLength(1);
});
