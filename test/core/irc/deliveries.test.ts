import { expect, test } from "bun:test";
import type { Channel } from "../../../src/core/irc/channel.ts";
import { Deliveries } from "../../../src/core/irc/deliveries.ts";

/** Lets the time pass after which a client is asked. */
function ask(deliveries: Deliveries, now = 0): string {
  expect(deliveries.due(now)).toBeUndefined();
  return deliveries.due(now + 10_000) ?? "";
}

const [lobby, lab] = [{ name: "#lobby" } as Channel, { name: "#lab" } as Channel];

test("confirms what was written before the question", () => {
  const deliveries = new Deliveries();
  deliveries.wrote(lobby, 1);
  deliveries.wrote(lobby, 2);
  const token = ask(deliveries);
  deliveries.wrote(lobby, 3);
  deliveries.wrote(lab, 1);
  expect([...deliveries.confirmed(token)]).toEqual([[lobby, 2]]);
  expect([...deliveries.confirmed(token)]).toEqual([]);
});

test("asks at most every 10 seconds, and only after messages", () => {
  const deliveries = new Deliveries();
  expect(deliveries.due(0)).toBeUndefined();
  deliveries.wrote(lobby, 1);
  expect(deliveries.due(1_000)).toBeUndefined();
  expect(deliveries.due(10_999)).toBeUndefined();
  expect(deliveries.due(11_000)).toBe("received-1");
  deliveries.wrote(lobby, 2);
  expect(deliveries.due(12_000)).toBeUndefined();
  expect(deliveries.due(22_000)).toBe("received-2");
  expect(deliveries.due(60_000)).toBeUndefined();
});

test("a later answer also confirms what an unanswered question asked", () => {
  const deliveries = new Deliveries();
  deliveries.wrote(lobby, 1);
  const first = ask(deliveries);
  deliveries.wrote(lab, 7);
  const second = ask(deliveries, 10_000);
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
