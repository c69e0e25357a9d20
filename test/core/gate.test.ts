import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Gate } from "../../src/core/gate.ts";

const KEY = "room";

describe("a gate", () => {
  test("posts go together, a change goes alone, in the order in which they came", () => {
    const gate = new Gate<string>();
    expect(gate.enter(KEY, "post 1", false)).toBe(true);
    expect(gate.enter(KEY, "post 2", false)).toBe(true);
    expect(gate.enter(KEY, "leave", true)).toBe(false);
    expect(gate.enter(KEY, "post 3", false)).toBe(false);
    expect(gate.enter(KEY, "post 4", false)).toBe(false);
    expect(gate.waiting(KEY)).toBe(3);
    expect(gate.done(KEY)).toEqual([]);
    expect(gate.done(KEY)).toEqual(["leave"]);
    expect(gate.done(KEY)).toEqual(["post 3", "post 4"]);
    expect(gate.waiting(KEY)).toBe(0);
  });

  test("rooms do not wait for each other", () => {
    const gate = new Gate<string>();
    expect(gate.enter("one", "change", true)).toBe(true);
    expect(gate.enter("two", "change", true)).toBe(true);
    expect(gate.enter("two", "post", false)).toBe(false);
    expect(gate.done("one")).toEqual([]);
    expect(gate.done("two")).toEqual(["post"]);
  });

  test("after a change nothing waits for nothing", () => {
    const gate = new Gate<string>();
    gate.enter(KEY, "change", true);
    expect(gate.done(KEY)).toEqual([]);
    expect(gate.enter(KEY, "post", false)).toBe(true);
    expect(gate.enter(KEY, "post", false)).toBe(true);
  });

  test("done where nothing goes on is nothing", () => {
    expect(new Gate<string>().done(KEY)).toEqual([]);
  });
});

test("whatever comes and goes: first come, first served, and changes alone", () => {
  const steps = fc.array(fc.constantFrom("post", "change", "done"), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (kinds) => {
      const gate = new Gate<{ id: number; alone: boolean }>();
      const running: { id: number; alone: boolean }[] = [];
      let last = -1;
      const start = (work: { id: number; alone: boolean }) => {
        expect(work.id).toBe(last + 1);
        last = work.id;
        running.push(work);
        if (running.some(({ alone }) => alone)) expect(running).toHaveLength(1);
      };
      const finish = () => {
        running.shift();
        for (const work of gate.done(KEY)) start(work);
      };
      let id = 0;
      for (const kind of kinds) {
        if (kind === "done") {
          if (running.length > 0) finish();
        } else {
          const work = { id: id++, alone: kind === "change" };
          if (gate.enter(KEY, work, work.alone)) start(work);
        }
      }
      while (running.length > 0) finish();
      expect(last).toBe(id - 1);
    }),
  );
});
