import { expect, test } from "bun:test";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  TYPING_INTERVAL_MS,
  TYPING_MEMBERS_MAX,
  TYPING_MS,
  TYPING_NAMED_MAX,
} from "../../../src/base/limits.ts";
import type { Account } from "../../../src/core/rooms/accounts.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { Feed } from "../../../src/server/kernel/feed.ts";
import type { SiblingMessage } from "../../../src/server/kernel/siblings.ts";
import { TypingFeed } from "../../../src/server/rooms/typing-feed.ts";
import type { ClientConnection } from "../../../src/server/session/client-connection.ts";
import type { MemberState } from "../../../src/server/session/connection-state.ts";
import { Peers } from "../../../src/server/session/peers.ts";
import type { LogRecord } from "../../../src/wire/record.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const user = (i: number) => `u${i}` as UserId;

function open(members: number) {
  const clock = new VirtualClock();
  const roomOf = (id: string) =>
    ({
      id: id as RoomId,
      members: new Set(Array.from({ length: members }, (_, i) => user(i))),
      muted: new Map(),
      moderators: new Set([user(0)]),
      rules: {},
    }) as unknown as Room;
  const rooms = new Map(["r1", "r2"].map((id) => [id as RoomId, roomOf(id)]));
  const notices: string[] = [];
  const forwarded: string[] = [];
  const feed = new TypingFeed({
    clock,
    rooms,
    feed: new Feed(),
    peers: new Peers(),
    registry: { nameOf: (id: string) => `n${id}`, policy: { isOperator: () => false } },
    fanOut: {
      publish: (room: Room, { users }: { readonly users: readonly string[] }) =>
        notices.push(`${room.id} ${users}`),
    },
    siblings: {
      publish: ({ user, room, on }: Extract<SiblingMessage, { kind: "typing" }>) =>
        forwarded.push(`${user} ${room} ${on}`),
    },
  } as never);
  const setTyping = (i: number, room: string, on = true) =>
    feed.setTyping({ id: user(i) } as Account, { room, on });
  const post = (i: number, room: string, kind = "text") => {
    const head = { kind, by: user(i) };
    feed.onRecord(rooms.get(room as RoomId) as Room, { head } as unknown as LogRecord);
  };
  const nextNotices = async (ms = TYPING_INTERVAL_MS) => {
    await clock.advance(ms);
    return notices.splice(0);
  };
  return { clock, feed, rooms, ask: setTyping, say: post, told: nextNotices, forwarded };
}

test("notifies immediately, then at intervals, and expires", async () => {
  const { clock, ask, told } = open(5);
  ask(0, "r1");
  expect(await told(0)).toEqual(["r1 nu0"]);
  await clock.advance(1);
  ask(1, "r1");
  ask(2, "r1");
  expect(await told(TYPING_INTERVAL_MS - 2)).toEqual([]);
  expect(await told(1)).toEqual(["r1 nu2,nu1,nu0"]);
  expect(await told(TYPING_MS - TYPING_INTERVAL_MS)).toEqual(["r1 nu2,nu1"]);
  expect(await told(TYPING_INTERVAL_MS)).toEqual(["r1 "]);
  expect(await told(TYPING_MS * 3)).toEqual([]);
});

test("names the latest users regardless of refreshes", async () => {
  const { ask, told, forwarded } = open(TYPING_MEMBERS_MAX);
  for (let i = 0; i < 50; i++) ask(i, "r1");
  for (let i = 0; i < 200; i++) ask(49, "r1");
  const [first, ...more] = await told(0);
  expect(first?.slice(3).split(",")).toEqual(["nu49", "nu48", "nu47", "nu46"]);
  expect(first?.split(",").length).toBe(TYPING_NAMED_MAX);
  expect(more).toEqual([]);
  expect(forwarded.length).toBe(50);
  for (let i = 0; i < 200; i++) ask(7, "r1", i % 2 === 0);
  expect((await told()).length).toBe(1);
});

test("ends typing with the message, without a notice", async () => {
  const { ask, say, told } = open(3);
  ask(0, "r1");
  await told();
  say(0, "r1", "reaction");
  expect(await told()).toEqual([]);
  say(0, "r1");
  expect(await told(TYPING_MS)).toEqual([]);
  // Other readers are notified, because the limit on names may have hidden this one.
  ask(0, "r1");
  ask(1, "r1");
  await told();
  say(1, "r1");
  expect(await told()).toEqual(["r1 nu0"]);
});

test("limits typing to one room per user and ends it with the last session", async () => {
  const { ask, feed, told } = open(3);
  ask(0, "r1");
  await told();
  ask(0, "r2");
  expect(await told()).toEqual(["r1 ", "r2 nu0"]);
  feed.onLogout({} as ClientConnection, { account: { id: user(0) } } as MemberState);
  expect(await told()).toEqual(["r2 "]);
  ask(0, "r1", false);
  expect(await told()).toEqual([]);
  ask(1, "r1");
  feed.stop();
  expect(await told(TYPING_MS)).toEqual([]);
});

test("accepts typing of members at other servers", async () => {
  const { feed, rooms, told, forwarded } = open(3);
  feed.setRemoteTyping(user(0), "r1" as RoomId, true);
  feed.setRemoteTyping(user(9), "r1" as RoomId, true);
  feed.setRemoteTyping(user(1), "r9" as RoomId, true);
  expect(await told()).toEqual(["r1 nu0"]);
  rooms.get("r1" as RoomId)?.members.delete(user(0));
  feed.setRemoteTyping(user(1), "r1" as RoomId, true);
  expect(await told()).toEqual(["r1 nu1"]);
  expect(forwarded).toEqual([]);
});

test("refuses users who may not post, and sealed rooms", () => {
  const { ask, rooms } = open(3);
  const room = rooms.get("r1" as RoomId) as Room;
  expect(() => ask(9, "r1")).toThrow("not a member");
  expect(() => ask(0, "r7")).toThrow("not a member");
  room.muted.set(user(0), undefined);
  expect(() => ask(0, "r1")).toThrow("you are muted");
  room.isSealed = true;
  expect(() => ask(1, "r1")).toThrow("encrypted rooms have no typing");
});

test.each(["private", "moderators"] as const)(
  "shows only moderators as typing in a room with the rule post %s",
  async (post) => {
    const { rooms, ask, told, forwarded } = open(3);
    const room = rooms.get("r1" as RoomId);
    if (room !== undefined) Object.assign(room.rules, { post });
    ask(1, "r1");
    expect(await told()).toEqual([]);
    ask(0, "r1");
    expect(await told()).toEqual(["r1 nu0"]);
    expect(forwarded).toEqual(["u0 r1 true"]);
  },
);
