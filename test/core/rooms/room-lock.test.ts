import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RoomLock } from "../../../src/core/rooms/room-lock.ts";

const KEY = "room";

describe("room lock", () => {
  test("runs posts together and a change alone, in order", () => {
    const lock = new RoomLock<string>();
    expect(lock.acquire(KEY, "post 1", false)).toBe(true);
    expect(lock.acquire(KEY, "post 2", false)).toBe(true);
    expect(lock.acquire(KEY, "leave", true)).toBe(false);
    expect(lock.acquire(KEY, "post 3", false)).toBe(false);
    expect(lock.acquire(KEY, "post 4", false)).toBe(false);
    expect(lock.waiting(KEY)).toBe(3);
    expect(lock.release(KEY)).toEqual([]);
    expect(lock.release(KEY)).toEqual([{ command: "leave", exclusive: true }]);
    const posts = ["post 3", "post 4"].map((command) => ({ command, exclusive: false }));
    expect(lock.release(KEY)).toEqual(posts);
    expect(lock.waiting(KEY)).toBe(0);
    expect(lock.acquire(KEY, "post 5", false)).toBe(true);
  });

  test("ignores a release without a command", () => {
    expect(new RoomLock<string>().release(KEY)).toEqual([]);
  });
});

test("serves any sequence in order, with changes alone", () => {
  const steps = fc.array(fc.constantFrom("post", "change", "done"), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (kinds) => {
      const lock = new RoomLock<{ id: number; exclusive: boolean }>();
      const running: { id: number; exclusive: boolean }[] = [];
      let last = -1;
      const start = (command: { id: number; exclusive: boolean }) => {
        expect(command.id).toBe(last + 1);
        last = command.id;
        running.push(command);
        if (running.some(({ exclusive: alone }) => alone)) expect(running).toHaveLength(1);
      };
      const finish = () => {
        running.shift();
        for (const { command } of lock.release(KEY)) start(command);
      };
      let id = 0;
      for (const kind of kinds) {
        if (kind === "done") {
          if (running.length > 0) finish();
        } else {
          const command = { id: id++, exclusive: kind === "change" };
          if (lock.acquire(KEY, command, command.exclusive)) start(command);
        }
      }
      while (running.length > 0) finish();
      expect(last).toBe(id - 1);
    }),
  );
});
