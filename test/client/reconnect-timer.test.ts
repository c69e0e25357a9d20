import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { RECONNECT_MAX_MS, RECONNECT_PENDING_MAX_MS } from "../../src/base/limits.ts";
import { ReconnectTimer } from "../../src/client/connection-loop.ts";
import { VirtualClock } from "./virtual-clock.ts";

const CONNECTION_LOST = new Fault("link-closed", "the connection was lost");
const FIRST_MAXIMUM_DELAY = 9; // 250 ms doubled nine times exceeds the maximum.

class Room {
  readonly clock = new VirtualClock();
  readonly calledAt: number[] = [];
  readonly redial: ReconnectTimer;

  constructor(chance = 255) {
    const entropy = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(chance);
    this.redial = new ReconnectTimer({ clock: this.clock, entropy });
  }

  wait(isAwaited: boolean, fault = CONNECTION_LOST): number {
    return this.redial.schedule(fault, isAwaited, () => this.calledAt.push(this.clock.now()));
  }

  grownWeary(): void {
    for (let i = 0; i < FIRST_MAXIMUM_DELAY; i++) this.wait(false);
  }
}

describe("the delay between two attempts", () => {
  test.each([
    [false, RECONNECT_MAX_MS],
    [true, RECONNECT_PENDING_MAX_MS],
  ])("with pending work %p is at most %i ms and at least half of that", async (is, maxMs) => {
    for (const chance of [0, 255]) {
      const room = new Room(chance);
      room.grownWeary();
      const waitMs = room.wait(is);
      expect(waitMs).toBeGreaterThan(maxMs * (chance === 0 ? 0.49 : 0.99));
      expect(waitMs).toBeLessThanOrEqual(maxMs * (chance === 0 ? 0.5 : 1));
      await room.clock.advance(waitMs - 1);
      expect(room.calledAt).toEqual([]);
      await room.clock.advance(1);
      expect(room.calledAt).toEqual([waitMs]);
    }
  });

  test("is shortened once by new work", async () => {
    const room = new Room();
    room.grownWeary();
    room.wait(false);
    await room.clock.advance(10_000);
    for (let i = 0; i < 50; i++) {
      room.redial.expedite();
      await room.clock.advance(100);
    }
    await room.clock.advance(RECONNECT_MAX_MS);
    const [at = 0, ...more] = room.calledAt;
    expect(at).toBeGreaterThan(10_000 + RECONNECT_PENDING_MAX_MS / 2);
    expect(at).toBeLessThanOrEqual(10_000 + RECONNECT_PENDING_MAX_MS);
    expect(more).toEqual([]);
  });

  test("respects the delay that the server requested", async () => {
    const room = new Room();
    const busy = new Fault("too-many", "come later", { retryAfterMs: 40_000 });
    expect(room.wait(true, busy)).toBe(40_000);
    room.redial.expedite();
    await room.clock.advance(39_999);
    expect(room.calledAt).toEqual([]);
    await room.clock.advance(1);
    expect(room.calledAt).toEqual([40_000]);
  });
});
