import { expect, test } from "bun:test";
import type { Channel } from "../../../src/core/irc/channel.ts";
import { Deliveries } from "../../../src/core/irc/deliveries.ts";

const [lobby, lab] = [{ name: "#lobby" } as Channel, { name: "#lab" } as Channel];

test("confirms what was written before the question", () => {
  const deliveries = new Deliveries();
  deliveries.wrote(lobby, 1);
  deliveries.wrote(lobby, 2);
  const token = deliveries.due(0) ?? "";
  deliveries.wrote(lobby, 3);
  deliveries.wrote(lab, 1);
  expect([...deliveries.confirmed(token)]).toEqual([[lobby, 2]]);
  expect([...deliveries.confirmed(token)]).toEqual([]);
});

test("asks only after messages, and every 10 seconds if there are more than 50", () => {
  const deliveries = new Deliveries();
  const write = (count: number) => {
    for (let n = 1; n <= count; n++) deliveries.wrote(lobby, n);
  };
  expect(deliveries.due(0)).toBeUndefined();
  write(50);
  expect(deliveries.due(1_000)).toBe("received-1");
  expect(deliveries.due(2_000)).toBeUndefined();
  write(51);
  expect(deliveries.due(3_000)).toBeUndefined();
  write(1);
  expect(deliveries.due(12_999)).toBeUndefined();
  expect(deliveries.due(13_000)).toBe("received-2");
  expect(deliveries.due(60_000)).toBeUndefined();
});

test("a client receives what was written before a close unless it has stopped answering", () => {
  const deliveries = new Deliveries();
  deliveries.wrote(lobby, 1);
  expect([...deliveries.closing()]).toEqual([[lobby, 1]]);
  const token = deliveries.due(0) ?? "";
  deliveries.wrote(lobby, 2);
  expect([...deliveries.closing()]).toEqual([]);
  deliveries.confirmed(token);
  expect([...deliveries.closing()]).toEqual([[lobby, 2]]);
});

test("a later answer also confirms what an unanswered question asked", () => {
  const deliveries = new Deliveries();
  deliveries.wrote(lobby, 1);
  const first = deliveries.due(0) ?? "";
  deliveries.wrote(lab, 7);
  const second = deliveries.due(1_000) ?? "";
  expect([...deliveries.confirmed(first)]).toEqual([]);
  expect([...deliveries.confirmed("nonsense")]).toEqual([]);
  expect(new Map(deliveries.confirmed(second))).toEqual(
    new Map([
      [lobby, 1],
      [lab, 7],
    ]),
  );
});

test("a client that leaves has shown what was written before the last call of due", () => {
  const deliveries = new Deliveries();
  deliveries.wrote(lobby, 1);
  deliveries.due(0);
  deliveries.wrote(lab, 2);
  expect([...deliveries.left()]).toEqual([[lobby, 1]]);
  deliveries.due(1_000);
  expect([...deliveries.left().values()]).toEqual([1, 2]);
});
