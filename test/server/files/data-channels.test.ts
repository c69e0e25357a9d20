import { expect, test } from "bun:test";
import {
  DATA_CHANNELS_PER_ACCOUNT_MAX,
  DATA_CHANNELS_PER_SESSION_MAX,
  TICKET_MS,
  UDP_SEPARATE_CHANNELS_PER_ACCOUNT_MAX,
} from "../../../src/base/limits.ts";
import { channelOf, channelWith, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { overUdpAtServer } from "../memory-udp.ts";
import { siteWith } from "../site.ts";
import { labTest, operating, siteTest } from "../site-lab.ts";

const TINY = new TestFile("tiny", 10);

async function online(guest: Guest): Promise<string[]> {
  const { users } = await guest.request("who", {});
  return users.filter((one) => one.online).map(({ user }) => user);
}

test("opens one channel per ticket", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const { ticket } = await ana.request("ticket", {});
  await channelWith(ana, ticket);
  const second = await site.greeted("10.0.0.3", ana.keys);
  expect(await second.refusal("lane", { ticket })).toBe("login-refused");
});

test("rejects an expired ticket", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const { ticket } = await ana.request("ticket", {});
  const late = await site.greeted("10.0.0.3", ana.keys);
  await site.time.advance(TICKET_MS);
  expect(await late.refusal("lane", { ticket })).toBe("login-refused");
});

siteTest(
  "limits the channels of an account that have UDP connections of their own",
  async (site) => {
    const ana = await site.member("ana");
    const open = async (isChannel: boolean) => {
      const { ticket } = await ana.request("ticket", {});
      const channel = await site.connect("10.0.0.2", ana.keys);
      overUdpAtServer(channel.link, { isChannel });
      await channel.greet();
      return { channel, ticket };
    };
    const channels: Guest[] = [];
    for (let i = 0; i < UDP_SEPARATE_CHANNELS_PER_ACCOUNT_MAX; i++) {
      const { channel, ticket } = await open(false);
      await channel.request("lane", { ticket });
      channels.push(channel);
    }
    const next = await open(false);
    expect(await next.channel.refusal("lane", { ticket: next.ticket })).toBe("too-many");
    const stream = await open(true);
    await stream.channel.request("lane", { ticket: stream.ticket });
    channels[0]?.hangUp();
    await site.quiet();
    const last = await open(false);
    await last.channel.request("lane", { ticket: last.ticket });
  },
);

siteTest("closes a link that guesses tickets", async (site) => {
  const stranger = await site.greeted();
  for (let i = 0; i < 3; i++) {
    expect(await stranger.refusal("lane", { ticket: `guess${i}` })).toBe("login-refused");
  }
  await stranger.untilEnded();
});

siteTest("limits tickets per session and per account", async (site) => {
  const first = await site.member("ana", "pass");
  const sessions = [first];
  for (let i = 1; i < DATA_CHANNELS_PER_ACCOUNT_MAX / DATA_CHANNELS_PER_SESSION_MAX; i++) {
    sessions.push(await site.again(first, "ana"));
  }
  const lane = await channelOf(first);
  for (const [i, session] of sessions.entries()) {
    for (let j = i === 0 ? 1 : 0; j < DATA_CHANNELS_PER_SESSION_MAX; j++)
      await session.request("ticket", {});
    expect(await session.refusal("ticket", {})).toBe("too-many");
  }
  const another = await site.again(first, "ana");
  const fault = await another.refused("ticket", {});
  expect(fault).toMatchObject({ code: "too-many", retryAfterMs: 1_000 });
  lane.hangUp();
  await site.quiet();
  await another.request("ticket", {});
  expect(await another.refusal("ticket", {})).toBe("too-many");
  await site.time.advance(TICKET_MS);
  for (let i = 0; i < DATA_CHANNELS_PER_SESSION_MAX; i++) await another.request("ticket", {});
});

test("serves file transfers only on data channels, and nothing else there", async () => {
  const { ana } = await siteWith(["ana"]);
  const lane = await channelOf(ana);
  expect(await lane.refusal("rooms", {})).toBe("out-of-order");
  expect(await lane.refusal("ticket", {})).toBe("out-of-order");
  expect(await ana.refusal("offer", TINY.offer())).toBe("out-of-order");
  const { ticket } = await ana.request("ticket", {});
  expect(await ana.refusal("lane", { ticket })).toBe("already-logged-in");
});

test("keeps data channels out of presence and message delivery", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const lane = await channelOf(ana);
  await site.wait(ben.post("hello"));
  await site.quiet();
  expect(lane.notices.map(({ kind }) => kind)).toEqual(["welcome"]);
  ana.hangUp();
  await lane.untilEnded();
  await site.quiet();
  expect(await online(ben)).toEqual(["ben"]);
  expect(site.server.clientCount).toBe(1);
});

labTest(
  "closes data channels with their session, at log-out or a ban",
  async ({ ana, ben, eve }) => {
    await operating(ana);
    const [bens, eves] = [await channelOf(ben), await channelOf(eve)];
    await ben.request("logout", {});
    expect((await bens.untilEnded()).fault?.code).toBe("link-closed");
    await ana.request("ban", { user: "eve", on: true });
    await eves.untilEnded();
    expect(eve.ended?.fault?.code).toBe("banned");
  },
);
