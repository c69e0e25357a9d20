import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { UserId } from "../../../src/base/ids.ts";
import { type Claim, type LockMode, RoomLock } from "../../../src/core/rooms/room-lock.ts";

const KEY = "room";
const ANA = "uAAAAAAAAAAA" as UserId;
const BEN = "uBBBBBBBBBBB" as UserId;
const EVE = "uEEEEEEEEEEE" as UserId;

function claim(mode: LockMode, user = ANA, command = mode as string): Claim<string> {
  return { command, mode, user };
}

describe("room lock", () => {
  test("runs posts together and a change alone", () => {
    const lock = new RoomLock<string>();
    const [post, change, mine] = [claim("post"), claim("exclusive", BEN), claim("post", BEN)];
    expect(lock.acquire(KEY, post)).toBe(true);
    expect(lock.acquire(KEY, post)).toBe(true);
    expect(lock.acquire(KEY, change)).toBe(false);
    expect(lock.acquire(KEY, mine)).toBe(false);
    expect(lock.acquire(KEY, post)).toBe(false);
    expect([lock.waiting(KEY, ANA), lock.waiting(KEY, BEN)]).toEqual([1, 2]);
    expect(lock.release(KEY, post)).toEqual([]);
    expect(lock.release(KEY, post)).toEqual([change]);
    expect(lock.release(KEY, change)).toEqual([mine, post]);
    expect([lock.waiting(KEY, ANA), lock.waiting(KEY, BEN)]).toEqual([0, 0]);
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

  test("lets other users pass those whose own changes wait", () => {
    const lock = new RoomLock<string>();
    expect(lock.acquire(KEY, claim("own", EVE, "first"))).toBe(true);
    for (let i = 0; i < 100; i++) expect(lock.acquire(KEY, claim("own", EVE, `${i}`))).toBe(false);
    for (const mode of ["post", "own"] as const) {
      expect(lock.acquire(KEY, claim(mode))).toBe(true);
      expect(lock.release(KEY, claim(mode))).toEqual([]);
    }
    expect(lock.release(KEY, claim("own", EVE, "first"))).toEqual([claim("own", EVE, "0")]);
  });

  test.each([1, 100])("alternates shared commands with the exclusive ones of %i users", (count) => {
    const lock = new RoomLock<string>();
    const eve = (i: number) => claim("exclusive", `u${i % count}` as UserId, `${i}`);
    for (let i = 0; i < 100; i++) expect(lock.acquire(KEY, eve(i))).toBe(i === 0);
    expect(lock.acquire(KEY, claim("post"))).toBe(false);
    expect(lock.acquire(KEY, claim("own", BEN))).toBe(false);
    expect(lock.release(KEY, eve(0))).toEqual([claim("post"), claim("own", BEN)]);
    // The next post of the same outbox.
    expect(lock.acquire(KEY, claim("post"))).toBe(true);
    lock.endTurn();
    expect(lock.acquire(KEY, claim("post"))).toBe(false);
    expect(lock.release(KEY, claim("own", BEN))).toEqual([]);
    expect(lock.release(KEY, claim("post"))).toEqual([]);
    expect(lock.release(KEY, claim("post"))).toEqual([eve(1)]);
    expect(lock.acquire(KEY, claim("post", BEN))).toBe(false);
    expect(lock.release(KEY, eve(1))).toEqual([claim("post"), claim("post", BEN)]);
  });

  test("ends a turn whose commands are all refused", () => {
    const lock = new RoomLock<string>();
    const [first, second] = [claim("exclusive", EVE), claim("exclusive", BEN)];
    for (const each of [first, second]) lock.acquire(KEY, each);
    expect(lock.acquire(KEY, claim("post"))).toBe(false);
    expect(lock.release(KEY, first)).toEqual([claim("post")]);
    expect(lock.release(KEY, claim("post"))).toEqual([second]);
    expect(lock.acquire(KEY, claim("post"))).toBe(false);
    lock.endTurn();
    expect(lock.release(KEY, second)).toEqual([claim("post")]);
  });

  test("runs the exclusive commands of users in turn", () => {
    const lock = new RoomLock<string>();
    const users = [EVE, EVE, EVE, BEN, BEN, ANA] as const;
    const [first, ...others] = users.map((user, i) => claim("exclusive", user, `${i}`));
    if (first === undefined) throw new Error("the list is not empty");
    expect(lock.acquire(KEY, first)).toBe(true);
    for (const other of others) expect(lock.acquire(KEY, other)).toBe(false);
    const order: string[] = [];
    for (let next = [first]; next.length > 0; ) {
      const [running] = next;
      if (running === undefined) break;
      order.push(running.command);
      next = [...lock.release(KEY, running)];
    }
    expect(order).toEqual(["0", "3", "5", "1", "4", "2"]);
  });

  test("queues a command that needs another mode before its user's others", () => {
    const lock = new RoomLock<string>();
    const [own, next] = [claim("own"), claim("own", ANA, "next")];
    expect(lock.acquire(KEY, own)).toBe(true);
    expect(lock.acquire(KEY, next)).toBe(false);
    expect(lock.acquire(KEY, claim("post", BEN))).toBe(true);
    expect(lock.requeue(KEY, own, "exclusive")).toEqual([]);
    const exclusive = { ...own, mode: "exclusive" } as const;
    expect(lock.release(KEY, claim("post", BEN))).toEqual([exclusive]);
    expect(lock.release(KEY, exclusive)).toEqual([next]);
    expect(lock.requeue(KEY, next, "post")).toEqual([{ ...next, mode: "post" }]);
  });

  test("asserts that only a running command releases it", () => {
    expect(() => new RoomLock<string>().release(KEY, claim("post"))).toThrow("running command");
  });
});

const modes = fc.constantFrom<LockMode[]>("post", "own", "exclusive");
const begun = fc.record({ mode: modes, user: fc.constantFrom(ANA, BEN, EVE) });
const steps = fc.array(fc.oneof(begun, fc.constant("done" as const)), { maxLength: 100 });

test("serves each user in order and in turn, and no two commands that exclude each other", () => {
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.nat()), (all, choices) => {
      const lock = new RoomLock<string>();
      const running: Claim<string>[] = [];
      const queued = new Map<UserId, { readonly next: Claim<string>; passed: number }[]>();
      let id = 0;
      const start = (next: Claim<string>) => {
        for (const other of running) {
          expect([next.mode, other.mode]).not.toContain("exclusive");
          if (next.user === other.user) expect([next.mode, other.mode]).not.toContain("own");
        }
        running.push(next);
        if (next.mode !== "exclusive") return;
        for (const [user, [first]] of queued)
          if (first !== undefined && user !== next.user) first.passed++;
      };
      const resume = (next: Claim<string>) => {
        const first = queued.get(next.user)?.shift();
        expect(first?.next).toEqual(next);
        // At the head of its user's queue, a shared command waits for one exclusive command, and an
        // exclusive command for one of each other user.
        expect(first?.passed).toBeLessThanOrEqual(next.mode === "exclusive" ? 2 : 1);
        start(next);
      };
      const finish = () => {
        const chosen = (choices.next().value ?? 0) % running.length;
        for (const done of running.splice(chosen, 1)) lock.release(KEY, done).forEach(resume);
      };
      for (const step of all) {
        if (step !== "done") {
          const next = claim(step.mode, step.user, `${id++}`);
          const queue = queued.get(step.user) ?? [];
          queued.set(step.user, queue);
          if (lock.acquire(KEY, next)) {
            expect(queue).toEqual([]);
            start(next);
          } else queue.push({ next, passed: 0 });
        } else if (running.length > 0) {
          finish();
        }
        if ((choices.next().value ?? 0) % 2 === 0) lock.endTurn();
      }
      lock.endTurn();
      while (running.length > 0) finish();
      expect([...queued.values()].flat()).toEqual([]);
      expect(lock.isIdle(KEY)).toBe(true);
    }),
  );
});
