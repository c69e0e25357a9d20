import { describe, expect, test } from "bun:test";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  PUSH_ACCOUNT_BURST,
  PUSH_ACCOUNT_INTERVAL_MS,
  PUSH_BATCH_MS,
  PUSH_CHECK_INTERVAL_MS,
  PUSH_ROOM_INTERVAL_MS,
  PUSH_ROOMS_MAX,
  PUSH_SEALED_INTERVAL_MS,
  PUSH_WAIT_MS_MAX,
  PUSH_WATCH_MS,
} from "../../../src/base/limits-page.ts";
import {
  type PushCandidate,
  type PushRecipients,
  PushSchedule,
} from "../../../src/core/push/schedule.ts";
import { fixtureTest } from "../../fixture-test.ts";

const [ANA, BEN, LOBBY] = ["ana" as UserId, "ben" as UserId, "lobby" as RoomId];
const AWAY: PushRecipients = { isUnread: () => true, isOnline: () => false, isAway: () => false };
const THERE: PushRecipients = { ...AWAY, isOnline: () => true };

function calling(seq: number, more: Partial<PushCandidate> = {}): PushCandidate {
  const preview = { from: "ben", text: `text ${seq}` };
  return { room: LOBBY, seq, n: seq, by: BEN, isSealed: false, preview, ...more };
}

function taken(due: PushSchedule, now: number, judge = AWAY): string[] {
  return due.takeDue(now, judge).map(({ latest, count }) => `${latest.preview?.text} of ${count}`);
}

const scheduleTest = fixtureTest(() => new PushSchedule());

describe("due pushes", () => {
  scheduleTest("wait briefly and combine later messages", (due) => {
    expect(due.deadline).toBe(undefined);
    due.add(ANA, calling(1), 0);
    due.add(ANA, calling(2), 1_000);
    due.add(ANA, calling(2), 1_000);
    expect(due.deadline).toBe(PUSH_BATCH_MS);
    expect(taken(due, PUSH_BATCH_MS - 1)).toEqual([]);
    expect(taken(due, PUSH_BATCH_MS)).toEqual(["text 2 of 2"]);
    expect(taken(due, PUSH_BATCH_MS)).toEqual([]);
  });

  scheduleTest("leave out messages that were read or erased meanwhile", (due) => {
    for (const seq of [1, 2, 3]) due.add(ANA, calling(seq), 0);
    const isUnread = (_: UserId, { seq }: PushCandidate) => seq === 2;
    expect(taken(due, PUSH_BATCH_MS, { ...AWAY, isUnread })).toEqual(["text 2 of 1"]);
    for (let seq = 4; seq < 204; seq++) due.add(ANA, calling(seq), PUSH_BATCH_MS);
    expect(taken(due, 2 * PUSH_ROOM_INTERVAL_MS)).toEqual(["text 203 of 99"]);
  });

  test("are limited per room, and more for sealed rooms", () => {
    for (const isSealed of [false, true]) {
      const due = new PushSchedule();
      due.add(ANA, calling(1, { isSealed }), 0);
      due.takeDue(PUSH_BATCH_MS, AWAY);
      due.add(ANA, calling(2, { isSealed }), PUSH_BATCH_MS + 1);
      const next = PUSH_BATCH_MS + (isSealed ? PUSH_SEALED_INTERVAL_MS : PUSH_ROOM_INTERVAL_MS);
      expect(due.deadline).toBe(next);
      expect(taken(due, next - 1)).toEqual([]);
      expect(taken(due, next)).toEqual(["text 2 of 1"]);
    }
  });

  scheduleTest("are limited per account over all rooms", (due) => {
    const room = (i: number) => `room ${i}` as RoomId;
    for (let i = 0; i <= PUSH_ACCOUNT_BURST; i++) due.add(ANA, calling(i, { room: room(i) }), 0);
    expect(taken(due, PUSH_BATCH_MS)).toHaveLength(PUSH_ACCOUNT_BURST);
    const next = PUSH_BATCH_MS + PUSH_ACCOUNT_INTERVAL_MS;
    expect(due.deadline).toBe(next);
    expect(taken(due, next)).toHaveLength(1);
  });

  scheduleTest("are sent to a user who is online but away", (due) => {
    due.add(ANA, calling(1), 0);
    expect(taken(due, PUSH_BATCH_MS, THERE)).toEqual([]);
    const judge = { ...THERE, isAway: () => true };
    expect(taken(due, PUSH_BATCH_MS + PUSH_CHECK_INTERVAL_MS, judge)).toEqual(["text 1 of 1"]);
  });

  scheduleTest("are dropped when read, and delayed for an active user", (due) => {
    due.add(ANA, calling(1), 0);
    expect(taken(due, PUSH_BATCH_MS, { ...AWAY, isUnread: () => false })).toEqual([]);
    expect(taken(due, PUSH_WATCH_MS)).toEqual([]);
    due.add(ANA, calling(2), 0);
    expect(taken(due, PUSH_BATCH_MS, THERE)).toEqual([]);
    expect(due.deadline).toBe(PUSH_BATCH_MS + PUSH_CHECK_INTERVAL_MS);
    expect(taken(due, PUSH_WATCH_MS - 1)).toEqual(["text 2 of 1"]);
    due.add(ANA, calling(3, { room: "other" as RoomId }), 0);
    expect(taken(due, PUSH_WATCH_MS, THERE)).toEqual([]);
    expect(taken(due, PUSH_WATCH_MS + PUSH_CHECK_INTERVAL_MS)).toEqual([]);
  });

  scheduleTest("expire if they could not be sent for long", (due) => {
    due.add(ANA, calling(1), 0);
    expect(taken(due, PUSH_WAIT_MS_MAX)).toEqual([]);
    expect(taken(due, PUSH_WAIT_MS_MAX + 1)).toEqual([]);
  });

  scheduleTest("are limited and forgotten when no longer needed", (due) => {
    for (let i = 0; i <= PUSH_ROOMS_MAX; i++) {
      due.add(ANA, calling(i, { room: `room ${i}` as RoomId }), 0);
    }
    const seen = new Set<string>();
    let last = 0;
    for (let at = due.deadline; at !== undefined; at = due.deadline) {
      expect(at).toBeGreaterThanOrEqual(last);
      last = at;
      for (const { latest } of due.takeDue(at, AWAY)) seen.add(latest.room);
    }
    expect(seen.size).toBe(PUSH_ROOMS_MAX);
    expect(seen.has("room 0")).toBe(false);
    due.add(ANA, calling(1), 0);
    due.forget(ANA);
    expect(due.deadline).toBe(undefined);
  });
});
