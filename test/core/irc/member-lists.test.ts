import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import { PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import { MemberLists } from "../../../src/core/irc/member-lists.ts";
import type { Registry } from "../../../src/core/rooms/accounts.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";

function start(count: number) {
  const members = new Set(Array.from({ length: count }, (_, i) => `user-${i}` as UserId));
  const room = { members, moderators: new Set(["user-1"]), name: "lab" } as unknown as Room;
  let asked = 0;
  const registry = {
    namesVersion: 1,
    nameOf: (id: string) => {
      asked++;
      return id;
    },
    policy: { isOperator: (id: string) => id === "user-2" },
  };
  const lists = new MemberLists(registry as unknown as Registry);
  return { room, registry, lists, asked: () => asked };
}

test("marks moderators and operators, and adds hosts on request", () => {
  const { room, lists } = start(4);
  expect(lists.of(room, false, 0)).toEqual(["user-0 @user-1 @user-2 user-3"]);
  expect(lists.of(room, true, 0)[0]).toStartWith("user-0!user-0@chat @user-1!user-1@chat ");
  expect(lists.of({ ...room, members: new Set() } as unknown as Room, false, 0)).toEqual([]);
});

test("splits long lists into lines of fewer than 400 characters", () => {
  const { room, lists } = start(200);
  const lines = lists.of(room, false, 0);
  expect(lines.every((line) => line.length < 400)).toBe(true);
  expect(lines.join(" ").split(" ")).toHaveLength(200);
});

test("shares the list of a large room for a second, unless members or names change", () => {
  const { room, registry, lists, asked } = start(PRESENCE_MEMBERS_MAX + 1);
  const computed = (now: number) => {
    const before = asked();
    lists.of(room, false, now);
    return asked() > before;
  };
  expect([computed(0), computed(999), computed(1_000), computed(1_001)]).toEqual([
    ...[true, false, true, false],
  ]);
  room.members.delete("user-7" as UserId);
  expect([computed(1_002), computed(1_003)]).toEqual([true, true]);
  room.members.add("user-8000" as UserId);
  registry.namesVersion++;
  expect([computed(1_004), computed(1_005)]).toEqual([true, false]);
});
