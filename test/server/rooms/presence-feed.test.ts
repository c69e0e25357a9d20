import { expect, test } from "bun:test";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  PRESENCE_ACCOUNTS_MAX,
  PRESENCE_INTERVAL_MS,
  PRESENCE_MEMBERS_MAX,
} from "../../../src/base/limits.ts";
import { EVERYWHERE } from "../../../src/core/rooms/prefs.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { FanOut } from "../../../src/server/rooms/broadcast.ts";
import { PresenceFeed } from "../../../src/server/rooms/presence-feed.ts";
import { decode } from "../../../src/wire/codec.ts";
import type { NoticeOf } from "../../../src/wire/messages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const user = (i: number) => `u${i}` as UserId;

function open(members: number) {
  const clock = new VirtualClock();
  const names = { nameOf: (id: UserId | "server") => `n${id}` as never };
  const fanOut = new FanOut(clock, names);
  const notices: { topic: string; notice: NoticeOf<"presences"> }[] = [];
  fanOut.add({
    transport: "memory",
    port: 1,
    publish: (topic, bytes) => {
      const incoming = decode(bytes);
      if (incoming.kind !== "message") throw new Error("no message");
      notices.push({ topic, notice: incoming.message as NoticeOf<"presences"> });
    },
    stop: () => Promise.resolve(),
  });
  const room = {
    id: "r1" as RoomId,
    members: new Set(Array.from({ length: members }, (_, i) => user(i))),
  } as unknown as Room;
  const prefs = new Map([[EVERYWHERE, { status: "away" }]]);
  const registry = { ...names, get: (id: UserId) => ({ name: `n${id}`, prefs: { rooms: prefs } }) };
  const feed = new PresenceFeed({
    clock,
    registry: registry as never,
    rooms: { roomsOf: () => new Set([room]) },
    fanOut,
  });
  const nextNotices = async () => {
    await clock.advance(PRESENCE_INTERVAL_MS);
    fanOut.flush();
    return notices.splice(0);
  };
  return { room, feed, fanOut, told: nextNotices, clock };
}

test("sends one notice per room and interval", async () => {
  const { room, feed, told } = open(4);
  for (let i = 0; i < 3; i++) feed.change(room, user(i), true);
  feed.change(room, user(3), false);
  const [one, ...more] = await told();
  expect(one?.notice.online).toEqual(["nu0", "nu1", "nu2"]);
  expect(one?.notice.offline).toEqual(["nu3"]);
  expect(more).toEqual([]);
  expect(await told()).toEqual([]);
});

test("omits an account that returned or left the room", async () => {
  const { room, feed, told } = open(3);
  feed.change(room, user(0), false);
  feed.change(room, user(0), true);
  feed.change(room, user(1), true);
  room.members.delete(user(1));
  expect(await told()).toEqual([]);
});

test("reports an account that came and left as offline", async () => {
  const { room, feed, told } = open(1);
  feed.change(room, user(0), true);
  feed.change(room, user(0), false);
  expect((await told()).map(({ notice }) => [notice.online, notice.offline])).toEqual([
    [[], ["nu0"]],
  ]);
});

test("names each account with a new status once", async () => {
  const { feed, told } = open(2);
  const bodyBytes = Buffer.from(JSON.stringify({ room: EVERYWHERE, status: "away" }));
  const record = { head: { kind: "prefs", room: user(1) }, bodyBytes };
  for (let n = 0; n < 3; n++) feed.onAccountRecord(record as never);
  const [one, ...more] = await told();
  expect(one?.notice).toMatchObject({
    online: [],
    offline: [],
    statuses: [{ user: "nu1", status: "away" }],
  });
  expect(more).toEqual([]);
});

test("splits the notices of a full room, and skips a larger one", async () => {
  const full = open(PRESENCE_MEMBERS_MAX);
  for (const id of full.room.members) full.feed.change(full.room, id, true);
  const named = (await full.told()).flatMap(({ notice }) => {
    expect(notice.online.length).toBeLessThanOrEqual(PRESENCE_ACCOUNTS_MAX);
    return notice.online;
  });
  expect(named).toHaveLength(PRESENCE_MEMBERS_MAX);
  const large = open(PRESENCE_MEMBERS_MAX + 1);
  large.feed.change(large.room, user(0), true);
  expect(await large.told()).toEqual([]);
});
