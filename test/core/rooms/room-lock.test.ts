import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { UserId } from "../../../src/base/ids.ts";
import { type Claim, type LockMode, RoomLock } from "../../../src/core/rooms/room-lock.ts";

const KEY = "room";
const [ANA, BEN] = ["uAAAAAAAAAAA", "uBBBBBBBBBBB"] as UserId[];

function claim(mode: LockMode, user = ANA, command = mode as string): Claim<string> {
  return { command, mode, user };
}

describe("room lock", () => {
  test("runs posts together and a change alone, in order", () => {
    const lock = new RoomLock<string>();
    const [post, change, mine] = [claim("post"), claim("exclusive", BEN), claim("post", BEN)];
    expect(lock.acquire(KEY, post)).toBe(true);
    expect(lock.acquire(KEY, post)).toBe(true);
    expect(lock.acquire(KEY, change)).toBe(false);
    expect(lock.acquire(KEY, mine)).toBe(false);
    expect(lock.acquire(KEY, post)).toBe(false);
    expect(lock.waiting(KEY)).toBe(3);
    expect(lock.release(KEY, post)).toEqual([]);
    expect(lock.release(KEY, post)).toEqual([change]);
    expect(lock.release(KEY, change)).toEqual([mine, post]);
    expect(lock.waiting(KEY)).toBe(0);
    expect(lock.acquire(KEY, mine)).toBe(true);
  });

  test("runs an own change beside other users' commands, after the user's posts", () => {
    const lock = new RoomLock<string>();
    const [own, other] = [claim("own"), claim("own", BEN)];
    expect(lock.acquire(KEY, claim("post"))).toBe(true);
    expect(lock.acquire(KEY, other)).toBe(true);
    expect(lock.acquire(KEY, own)).toBe(false);
    expect(lock.runningOwn(KEY)).toBe(1);
    expect(lock.release(KEY, claim("post"))).toEqual([own]);
    expect(lock.runningOwn(KEY)).toBe(2);
    expect(lock.acquire(KEY, claim("post"))).toBe(false);
    expect(lock.release(KEY, other)).toEqual([]);
    expect(lock.release(KEY, own)).toEqual([claim("post")]);
    expect(lock.release(KEY, claim("post"))).toEqual([]);
    expect([lock.isIdle(KEY), lock.runningOwn(KEY)]).toEqual([true, 0]);
  });

  test("asserts that only a running command releases it", () => {
    expect(() => new RoomLock<string>().release(KEY, claim("post"))).toThrow("running command");
  });
});

test("serves any sequence in order, and no two commands that exclude each other", () => {
  const mode = fc.constantFrom<LockMode[]>("post", "own", "exclusive");
  const begun = fc.record({ mode, user: fc.constantFrom(ANA, BEN) });
  const steps = fc.array(fc.oneof(begun, fc.constant("done" as const)), { maxLength: 100 });
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.nat()), (all, choices) => {
      const lock = new RoomLock<string>();
      const running: Claim<string>[] = [];
      let [last, id] = [-1, 0];
      const start = (next: Claim<string>) => {
        expect(Number(next.command)).toBe(++last);
        for (const other of running) {
          expect([next.mode, other.mode]).not.toContain("exclusive");
          if (next.user === other.user) expect([next.mode, other.mode]).not.toContain("own");
        }
        running.push(next);
      };
      const finish = () => {
        const chosen = (choices.next().value ?? 0) % running.length;
        for (const done of running.splice(chosen, 1)) lock.release(KEY, done).forEach(start);
      };
      for (const step of all) {
        if (step !== "done") {
          const next = claim(step.mode, step.user, `${id++}`);
          if (lock.acquire(KEY, next)) start(next);
        } else if (running.length > 0) {
          finish();
        }
      }
      while (running.length > 0) finish();
      expect(last).toBe(id - 1);
      expect(lock.isIdle(KEY)).toBe(true);
    }),
  );
});
