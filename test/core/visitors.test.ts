import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { OutboxId, UserId } from "../../src/base/ids.ts";
import { OUTBOXES_HELD_MAX, PACES_MAX, POST_CHARS } from "../../src/base/limits.ts";
import { Visitors } from "../../src/core/visitors.ts";
import { ANA, BEN, BOX, OTHER_BOX } from "./ledger.ts";

const BUSY = new Fault("too-many", "busy", { retryAfterMs: 100 });

describe("presence", () => {
  test("an account is in with its first session and out with its last", () => {
    const visitors = new Visitors();
    expect(visitors.arrive(1, ANA, 0)).toBe(true);
    expect(visitors.arrive(2, ANA, 0)).toBe(false);
    expect(visitors.arrive(3, BEN, 0)).toBe(true);
    expect(visitors.depart(1)).toBeUndefined();
    expect(visitors.isOnline(ANA)).toBe(true);
    expect(visitors.depart(2)).toBe(ANA);
    expect(visitors.isOnline(ANA)).toBe(false);
    expect(visitors.isOnline(BEN)).toBe(true);
    expect(visitors.depart(2)).toBeUndefined();
  });
});

describe("posts that must wait", () => {
  test("sessions of one account share its pace, and a new one does not renew it", () => {
    const visitors = new Visitors(1, 2);
    visitors.arrive(1, ANA, 0);
    visitors.arrive(2, ANA, 0);
    expect(visitors.hold(1, BOX, 1, 0)).toBeUndefined();
    expect(visitors.hold(2, OTHER_BOX, 1, 0)).toBeUndefined();
    expect(visitors.hold(2, OTHER_BOX, 2, 0)?.code).toBe("too-fast");
    visitors.depart(1);
    visitors.depart(2);
    visitors.arrive(3, ANA, 0);
    expect(visitors.hold(3, BOX, 2, 0)?.code).toBe("too-fast");
    visitors.arrive(4, BEN, 0);
    expect(visitors.hold(4, BOX, 1, 0)).toBeUndefined();
  });

  test("the paces that are remembered are bounded", () => {
    const visitors = new Visitors(1, 1);
    const user = (number: number) => `u${number}` as UserId;
    for (let i = 0; i <= PACES_MAX; i++) {
      visitors.arrive(i, user(i), 0);
      visitors.hold(i, BOX, 1, 0);
      visitors.depart(i);
    }
    visitors.arrive(-1, user(1), 0);
    visitors.arrive(-2, user(0), 0);
    expect(visitors.hold(-1, BOX, 2, 0)?.code).toBe("too-fast");
    expect(visitors.hold(-2, BOX, 2, 0)).toBeUndefined(); // The oldest was forgotten.
  });

  test("a long text counts as several, and one beyond the burst takes all of it", () => {
    const visitors = new Visitors(1, 4);
    visitors.arrive(1, ANA, 0);
    expect(visitors.hold(1, BOX, 1, 0, POST_CHARS)).toBeUndefined();
    expect(visitors.hold(1, BOX, 2, 0, POST_CHARS + 1)).toBeUndefined();
    expect(visitors.hold(1, BOX, 3, 0, 2 * POST_CHARS)?.retryAfterMs).toBe(1_000);
    expect(visitors.hold(1, BOX, 3, 1_000, 2 * POST_CHARS)).toBeUndefined();
    expect(visitors.hold(1, BOX, 4, 5_000, 100 * POST_CHARS)).toBeUndefined();
    expect(visitors.hold(1, BOX, 5, 5_000)?.code).toBe("too-fast");
  });

  test("whoever is not in posts nothing", () => {
    expect(new Visitors().hold(1, BOX, 1, 0)?.code).toBe("not-logged-in");
  });

  test("beyond the burst they come too fast, and those after them wait behind", () => {
    const visitors = new Visitors(1_000, 2);
    visitors.arrive(1, ANA, 0);
    expect(visitors.hold(1, BOX, 1, 0)).toBeUndefined();
    expect(visitors.hold(1, BOX, 2, 0)).toBeUndefined();
    expect(visitors.hold(1, BOX, 3, 0)).toMatchObject({ code: "too-fast", retryAfterMs: 1 });
    expect(visitors.hold(1, BOX, 4, 1_000)).toMatchObject({ code: "too-fast" });
    expect(visitors.waitsBehind(1, BOX, 4)?.code).toBe("too-fast");
    expect(visitors.waitsBehind(1, BOX, 3)).toBeUndefined();
    expect(visitors.hold(1, BOX, 3, 1_000)).toBeUndefined();
    expect(visitors.hold(1, BOX, 4, 1_000)).toBeUndefined();
  });

  test("only that outbox on that link is held", () => {
    const visitors = new Visitors();
    for (const peer of [1, 2]) visitors.arrive(peer, ANA, 0);
    visitors.held(1, BOX, 5, BUSY);
    expect(visitors.hold(1, BOX, 6, 0)).toBe(BUSY);
    expect(visitors.hold(1, OTHER_BOX, 6, 0)).toBeUndefined();
    expect(visitors.hold(2, BOX, 6, 0)).toBeUndefined();
  });

  test("the lowest refused counter is the one that must come again", () => {
    const visitors = new Visitors();
    visitors.arrive(1, ANA, 0);
    visitors.held(1, BOX, 5, BUSY);
    visitors.held(1, BOX, 4, BUSY);
    visitors.held(1, BOX, 6, BUSY);
    expect(visitors.hold(1, BOX, 5, 0)).toBe(BUSY);
    expect(visitors.hold(1, BOX, 4, 0)).toBeUndefined();
    expect(visitors.hold(1, BOX, 5, 0)).toBeUndefined();
  });

  test("one that is settled otherwise keeps nobody waiting", () => {
    const visitors = new Visitors();
    visitors.arrive(1, ANA, 0);
    visitors.held(1, BOX, 5, BUSY);
    visitors.release(1, BOX, 4);
    visitors.release(1, OTHER_BOX, 5);
    visitors.release(2, BOX, 5);
    expect(visitors.hold(1, BOX, 6, 0)).toBe(BUSY);
    visitors.release(1, BOX, 5);
    expect(visitors.hold(1, BOX, 6, 0)).toBeUndefined();
  });

  test("as many outboxes as the bound says", () => {
    const visitors = new Visitors();
    visitors.arrive(1, ANA, 0);
    const box = (i: number) => `${i}`.padStart(11, "x") as OutboxId;
    for (let i = 0; i <= OUTBOXES_HELD_MAX; i++) visitors.held(1, box(i), 1, BUSY);
    expect(visitors.waitsBehind(1, box(0), 2)).toBeUndefined();
    expect(visitors.waitsBehind(1, box(1), 2)).toBe(BUSY);
    visitors.held(9, BOX, 1, BUSY); // Nobody is there: nothing happens.
    expect(visitors.waitsBehind(9, BOX, 2)).toBeUndefined();
  });
});
