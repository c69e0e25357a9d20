import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { OutboxId, UserId } from "../../../src/base/ids.ts";
import { OUTBOXES_HELD_MAX, POST_RATES_MAX } from "../../../src/base/limits.ts";
import { Presence } from "../../../src/core/rooms/presence.ts";
import { ANA, BEN, BOX, OTHER_BOX } from "../ledger.ts";

const by = (session: number) => ({ session, user: ANA });
const present = (session: number, user: UserId) => ({ session, user, isPresent: true });
const BUSY = new Fault("too-many", "busy", { retryAfterMs: 100 });

describe("presence", () => {
  test("begins with the first session and ends with the last", () => {
    const presence = new Presence();
    expect(presence.enter(present(1, ANA), 0)).toBe(true);
    expect(presence.enter(present(2, ANA), 0)).toBe(false);
    expect(presence.enter(present(3, BEN), 0)).toBe(true);
    expect(presence.leave(1)).toBeUndefined();
    expect(presence.isOnline(ANA)).toBe(true);
    expect(presence.leave(2)).toBe(ANA);
    expect(presence.isOnline(ANA)).toBe(false);
    expect(presence.isOnline(BEN)).toBe(true);
    expect(presence.leave(2)).toBeUndefined();
  });
});

describe("waiting posts", () => {
  test("share the account's rate over its sessions", () => {
    const presence = new Presence(1, 2);
    presence.enter(present(1, ANA), 0);
    presence.enter(present(2, ANA), 0);
    expect(presence.acceptPost(by(1), BOX, 1, 0)).toBeUndefined();
    expect(presence.acceptPost(by(2), OTHER_BOX, 1, 0)).toBeUndefined();
    expect(presence.acceptPost(by(2), OTHER_BOX, 2, 0)?.code).toBe("too-fast");
    presence.leave(1);
    presence.leave(2);
    presence.enter(present(3, ANA), 0);
    expect(presence.acceptPost(by(3), BOX, 2, 0)?.code).toBe("too-fast");
    presence.enter(present(4, BEN), 0);
    expect(presence.acceptPost(by(4), BOX, 1, 0)).toBeUndefined();
  });

  test("remember a limited number of rates", () => {
    const presence = new Presence(1, 1);
    const user = (number: number) => `u${number}` as UserId;
    for (let i = 0; i <= POST_RATES_MAX; i++) {
      presence.enter(present(i, user(i)), 0);
      presence.acceptPost(by(i), BOX, 1, 0);
      presence.leave(i);
    }
    presence.enter(present(-1, user(1)), 0);
    presence.enter(present(-2, user(0)), 0);
    expect(presence.acceptPost(by(-1), BOX, 2, 0)?.code).toBe("too-fast");
    expect(presence.acceptPost(by(-2), BOX, 2, 0)).toBeUndefined();
  });

  test("charge large posts several tokens, at most the burst", () => {
    const presence = new Presence(1, 4);
    presence.enter(present(1, ANA), 0);
    expect(presence.acceptPost(by(1), BOX, 1, 0, 1)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 2, 0, 2)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 3, 0, 2)?.retryAfterMs).toBe(1_000);
    expect(presence.acceptPost(by(1), BOX, 3, 1_000, 2)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 4, 5_000, 100)).toBeUndefined();
  });

  test("share the rate with other requests", () => {
    const presence = new Presence(1, 4);
    presence.enter(present(1, ANA), 0);
    expect(presence.charge(ANA, 3, 0)).toBeUndefined();
    expect(presence.charge(ANA, 3, 0)).toMatchObject({ code: "too-fast", retryAfterMs: 2_000 });
    expect(presence.charge(BEN, 3, 0)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 1, 0)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 2, 0)?.code).toBe("too-fast");
  });

  test("are rate-limited but never blocked without a session", () => {
    const presence = new Presence(1, 2);
    const program = { session: undefined, user: ANA };
    presence.enter(present(1, ANA), 0);
    expect(presence.acceptPost(by(1), BOX, 1, 0)).toBeUndefined();
    expect(presence.acceptPost(program, OTHER_BOX, 1, 0)).toBeUndefined();
    expect(presence.acceptPost(program, OTHER_BOX, 2, 0)?.code).toBe("too-fast");
    expect(presence.acceptPost(program, OTHER_BOX, 3, 1_000)).toBeUndefined();
    expect([undefined, 1, 2].map((id) => presence.isConnected(id))).toEqual([true, true, false]);
  });

  test("are refused without a session", () => {
    expect(new Presence().acceptPost(by(1), BOX, 1, 0)?.code).toBe("not-logged-in");
  });

  test("are refused beyond the burst, and block later posts", () => {
    const presence = new Presence(1_000, 2);
    presence.enter(present(1, ANA), 0);
    expect(presence.acceptPost(by(1), BOX, 1, 0)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 2, 0)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 3, 0)).toMatchObject({
      code: "too-fast",
      retryAfterMs: 1,
    });
    expect(presence.acceptPost(by(1), BOX, 4, 1_000)).toMatchObject({ code: "too-fast" });
    expect(presence.blockingFault(1, BOX, 4)?.code).toBe("too-fast");
    expect(presence.blockingFault(1, BOX, 3)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 3, 1_000)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 4, 1_000)).toBeUndefined();
  });

  test("block only that outbox on that link", () => {
    const presence = new Presence();
    for (const client of [1, 2]) presence.enter(present(client, ANA), 0);
    presence.held(1, BOX, 5, BUSY);
    expect(presence.acceptPost(by(1), BOX, 6, 0)).toBe(BUSY);
    expect(presence.acceptPost(by(1), OTHER_BOX, 6, 0)).toBeUndefined();
    expect(presence.acceptPost(by(2), BOX, 6, 0)).toBeUndefined();
  });

  test("resume with the lowest refused counter", () => {
    const presence = new Presence();
    presence.enter(present(1, ANA), 0);
    presence.held(1, BOX, 5, BUSY);
    presence.held(1, BOX, 4, BUSY);
    presence.held(1, BOX, 6, BUSY);
    presence.held(1, BOX, 4, new Fault("banned", "no"));
    expect(presence.acceptPost(by(1), BOX, 5, 0)).toBe(BUSY);
    expect(presence.acceptPost(by(1), BOX, 4, 0)).toBeUndefined();
    expect(presence.acceptPost(by(1), BOX, 5, 0)).toBeUndefined();
  });

  test("are unblocked once the post is settled", () => {
    const presence = new Presence();
    presence.enter(present(1, ANA), 0);
    presence.held(1, BOX, 5, BUSY);
    presence.unblock(1, BOX, 4);
    presence.unblock(1, OTHER_BOX, 5);
    presence.unblock(2, BOX, 5);
    expect(presence.acceptPost(by(1), BOX, 6, 0)).toBe(BUSY);
    presence.unblock(1, BOX, 5);
    expect(presence.acceptPost(by(1), BOX, 6, 0)).toBeUndefined();
  });

  test("limit the number of blocked outboxes", () => {
    const presence = new Presence();
    presence.enter(present(1, ANA), 0);
    const box = (i: number) => `${i}`.padStart(11, "x") as OutboxId;
    for (let i = 0; i <= OUTBOXES_HELD_MAX; i++) presence.held(1, box(i), 1, BUSY);
    expect(presence.blockingFault(1, box(0), 2)).toBeUndefined();
    expect(presence.blockingFault(1, box(1), 2)).toBe(BUSY);
    presence.held(9, BOX, 1, BUSY);
    expect(presence.blockingFault(9, BOX, 2)).toBeUndefined();
  });
});
