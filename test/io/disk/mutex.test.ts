import { expect, test } from "bun:test";
import { Mutex } from "../../../src/io/disk/mutex.ts";
import { rejection } from "../../rejection.ts";

test("runs tasks in order, even after failures", async () => {
  const turns = new Mutex();
  const log: string[] = [];
  const gates = [0, 1, 2].map(() => Promise.withResolvers<number>());
  const ends = gates.map(({ promise }, i) =>
    turns.run(() => {
      log.push(`begins ${i}`);
      return promise.finally(() => log.push(`ends ${i}`));
    }),
  );
  gates[2]?.resolve(2);
  gates[0]?.reject(new Error("a disk"));
  expect((await rejection(ends[0])).message).toContain("a disk");
  gates[1]?.resolve(1);
  expect(await Promise.all(ends.slice(1))).toEqual([1, 2]);
  expect(log).toEqual(["begins 0", "ends 0", "begins 1", "ends 1", "begins 2", "ends 2"]);
});
