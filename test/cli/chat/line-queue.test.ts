import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { LineQueue } from "../../../src/cli/chat/line-queue.ts";
import { rejection } from "../../rejection.ts";

function queueOf(...lines: readonly (string | Fault)[]) {
  let read = 0;
  const queue = new LineQueue(async () => {
    const line = lines[read++];
    if (line instanceof Fault) throw line;
    return line;
  });
  return { queue, count: () => read };
}

test("returns the lines in order, and the faults of the input at their place", async () => {
  const { queue } = queueOf("one", new Fault("text-invalid", "not text"), "two");
  expect(await queue.next()).toBe("one");
  expect((await rejection(queue.next())).message).toBe("not text");
  expect(await queue.next()).toBe("two");
  expect(await queue.next()).toBeUndefined();
});

test("reports QUIT before it is the next line", async () => {
  const { queue } = queueOf("/who", "text", " QUIT ");
  await queue.quit;
  expect(await queue.next()).toBe("/who");
});

test("reads a limited number of lines ahead", async () => {
  const { queue, count } = queueOf(...Array.from({ length: 3_000 }, (_, at) => `line ${at}`));
  await new Promise((resolve) => setImmediate(resolve));
  expect(count()).toBe(1_000);
  for (let at = 0; at < 3_000; at++) expect(await queue.next()).toBe(`line ${at}`);
  expect(await queue.next()).toBeUndefined();
});
