import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { DAY_MS } from "../../../src/base/time.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { dueWork } from "../../../src/core/model/due.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import type { RoomRules } from "../../../src/wire/messages.ts";
import { record, scene } from "../model-scene.ts";

const ESSAY = "essay" as RoomId;
const BOX = "box" as RoomId;
const NOW = 100 * DAY_MS;

function assignment(rules: RoomRules, ...more: readonly ModelEvent[]) {
  const { model } = scene(
    { kind: "room", room: ESSAY, name: "essay", n: 1, skipped: 0, read: 1, rules },
    ...more,
  );
  return dueWork(model, NOW).map(({ room, dueUnixMs, isHandedIn }) => [
    room.target,
    (dueUnixMs - NOW) / DAY_MS,
    isHandedIn,
  ]);
}

function handedIn(change: Partial<ChatRecord>): ModelEvent[] {
  const room = { kind: "room", name: "essay@ana", id: BOX, topic: "" } as const;
  return [
    { kind: "room", room: BOX, name: "essay@ana", n: 1, skipped: 0, read: 1 },
    { kind: "record", record: { ...record(9, change), n: 1, room } as ChatRecord },
  ];
}

const dueIn = (days: number): RoomRules => ({ post: "private", due: NOW + days * DAY_MS });

test("lists an assignment until it is handed in, and for two weeks after it was due", () => {
  for (const [days, isListed] of [
    [1, true],
    [0, true],
    [-1, true],
    [-14, true],
    [-15, false],
  ] as const)
    expect([days, assignment(dueIn(days))]).toEqual([
      days,
      isListed ? [["essay", days, false]] : [],
    ]);
  const own = handedIn({ from: "ana", body: { text: "my essay" } });
  expect(assignment(dueIn(1), ...own)).toEqual([["essay", 1, true]]);
  expect(assignment(dueIn(-1), ...own)).toEqual([]);
});

test("counts neither questions nor the words of moderators as work", () => {
  for (const change of [
    { from: "ana", body: { text: "May I write about cats?" } },
    { from: "ben", body: { text: "Please write" } },
    { from: "ana", state: "erased" },
  ] as const)
    expect(assignment(dueIn(1), ...handedIn(change))).toEqual([["essay", 1, false]]);
});

test("omits rooms without a due date, and rooms that are no assignments", () => {
  expect(assignment({ post: "private" })).toEqual([]);
  expect(assignment({ post: "everyone", due: NOW + DAY_MS })).toEqual([]);
});
