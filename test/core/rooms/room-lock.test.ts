import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RoomLock } from "../../../src/core/rooms/room-lock.ts";

const KEY = "room";

describe("a gate", () => {
  test("posts go together, a change goes alone, in the order in which they came", () => {
    const lock = new RoomLock<string>();
    expect(lock.enter(KEY, "post 1", false)).toBe(true);
    expect(lock.enter(KEY, "post 2", false)).toBe(true);
    expect(lock.enter(KEY, "leave", true)).toBe(false);
    expect(lock.enter(KEY, "post 3", false)).toBe(false);
    expect(lock.enter(KEY, "post 4", false)).toBe(false);
    expect(lock.waiting(KEY)).toBe(3);
    expect(lock.done(KEY)).toEqual([]);
    expect(lock.done(KEY)).toEqual(["leave"]);
    expect(lock.done(KEY)).toEqual(["post 3", "post 4"]);
    expect(lock.waiting(KEY)).toBe(0);
    expect(lock.enter(KEY, "post 5", false)).toBe(true);
  });

  test("done where nothing goes on is nothing", () => {
    expect(new RoomLock<string>().done(KEY)).toEqual([]);
  });
});

test("whatever comes and goes: first come, first served, and changes alone", () => {
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
        for (const command of lock.done(KEY)) start(command);
      };
      let id = 0;
      for (const kind of kinds) {
        if (kind === "done") {
          if (running.length > 0) finish();
        } else {
          const command = { id: id++, exclusive: kind === "change" };
          if (lock.enter(KEY, command, command.exclusive)) start(command);
        }
      }
      while (running.length > 0) finish();
      expect(last).toBe(id - 1);
    }),
  );
});
