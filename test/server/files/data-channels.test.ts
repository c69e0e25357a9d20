import { describe, expect, test } from "bun:test";
import {
  LANES_PER_ACCOUNT_MAX,
  LANES_PER_SESSION_MAX,
  TICKET_MS,
} from "../../../src/base/limits.ts";
import { channelOf, channelWith, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";
import { lab, operating } from "../site-lab.ts";

const TINY = new TestFile("tiny", 10);

async function online(guest: Guest): Promise<string[]> {
  const { users } = await guest.ask("who", {});
  return users.filter((one) => one.online).map(({ user }) => user);
}

describe("a ticket", () => {
  test("opens one lane, once", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const { ticket } = await ana.ask("ticket", {});
    await channelWith(ana, ticket);
    const second = await site.greeted("10.0.0.3", ana.keys);
    expect((await second.refused("lane", { ticket })).code).toBe("login-refused");
    await site.stop();
  });

  test("is void after its time", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const { ticket } = await ana.ask("ticket", {});
    const late = await site.greeted("10.0.0.3", ana.keys);
    await site.time.advance(TICKET_MS);
    expect((await late.refused("lane", { ticket })).code).toBe("login-refused");
    await site.stop();
  });

  test("cannot be guessed for long", async () => {
    const site = await Site.open();
    const stranger = await site.greeted();
    for (let i = 0; i < 3; i++) {
      const fault = await stranger.refused("lane", { ticket: `guess${i}` });
      expect(fault.code).toBe("login-refused");
    }
    await stranger.untilEnded();
    await site.stop();
  });

  test("goes with its session", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const { ticket } = await ana.ask("ticket", {});
    const lane = await site.greeted("10.0.0.3", ana.keys);
    await ana.ask("logout", {});
    expect((await lane.refused("lane", { ticket })).code).toBe("login-refused");
    await site.stop();
  });

  test("is not given without end to one session, nor to one account", async () => {
    const site = await Site.open();
    const first = await site.member("ana", "pass");
    const sessions = [first];
    for (let i = 1; i < LANES_PER_ACCOUNT_MAX / LANES_PER_SESSION_MAX; i++) {
      sessions.push(await site.again(first, "ana"));
    }
    const lane = await channelOf(first);
    for (const [i, session] of sessions.entries()) {
      for (let j = i === 0 ? 1 : 0; j < LANES_PER_SESSION_MAX; j++) await session.ask("ticket", {});
      expect((await session.refused("ticket", {})).code).toBe("too-many");
    }
    const another = await site.again(first, "ana");
    const fault = await another.refused("ticket", {});
    expect(fault).toMatchObject({ code: "too-many", retryAfterMs: 1_000 });
    lane.hangUp();
    await site.quiet();
    await another.ask("ticket", {});
    expect((await another.refused("ticket", {})).code).toBe("too-many");
    await site.time.advance(TICKET_MS);
    for (let i = 0; i < LANES_PER_SESSION_MAX; i++) await another.ask("ticket", {});
    await site.stop();
  });
});

describe("a lane", () => {
  test("carries files and nothing else, and only a lane does", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    expect((await lane.refused("rooms", {})).code).toBe("out-of-order");
    expect((await lane.refused("ticket", {})).code).toBe("out-of-order");
    expect((await ana.refused("offer", TINY.offer())).code).toBe("out-of-order");
    const { ticket } = await ana.ask("ticket", {});
    expect((await ana.refused("lane", { ticket })).code).toBe("already-logged-in");
    await site.stop();
  });

  test("is nobody who is online, and is told no words", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const lane = await channelOf(ana);
    await site.wait(ben.say("hello"));
    await site.quiet();
    expect(lane.notices.map(({ kind }) => kind)).toEqual(["welcome"]);
    ana.hangUp();
    await lane.untilEnded();
    await site.quiet();
    expect(await online(ben)).toEqual(["ben"]);
    expect(site.server.clientCount).toBe(1);
    await site.stop();
  });

  test("ends with its session: log-out, ban, another device that signs it out", async () => {
    const { site, ana, ben, eve } = await lab();
    await operating(ana);
    const [bens, eves] = [await channelOf(ben), await channelOf(eve)];
    await ben.ask("logout", {});
    expect((await bens.untilEnded()).fault?.code).toBe("link-closed");
    await ana.ask("ban", { user: "eve", on: true });
    await eves.untilEnded();
    expect(eve.ended?.fault?.code).toBe("banned");
    await site.stop();
  });

  test("is counted as a link of its address as long as it lasts", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    for (let i = 0; i < 20; i++) await channelOf(ana); // More than may be entering at once.
    expect(site.server.clientCount).toBe(21);
    await ana.ask("logout", {});
    await site.quiet();
    expect(site.server.clientCount).toBe(1);
    await site.stop();
  });

  test("of a server without files refuses them", async () => {
    const site = await Site.open({ files: "none" });
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    expect((await lane.refused("offer", TINY.offer())).code).toBe("not-allowed");
    TINY.send(lane, 0);
    await site.wait(ana.say("still here"));
    await site.stop();
  });
});
