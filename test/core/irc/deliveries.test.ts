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
  expect([...deliveries.confirmed("nonsense")]).toEqual([]);
  expect([...deliveries.confirmed(token)]).toEqual([[lobby, 2]]);
  expect([...deliveries.confirmed(token)]).toEqual([]);
});

test("asks only after messages, once per tick", () => {
  const deliveries = new Deliveries();
  expect(deliveries.due(0)).toBeUndefined();
  deliveries.wrote(lobby, 1);
  expect(deliveries.due(0)).toBe("received-1");
  deliveries.confirmed("received-1");
  deliveries.wrote(lobby, 2);
  expect(deliveries.due(900)).toBeUndefined();
  deliveries.tick();
  expect(deliveries.due(1_000)).toBe("received-2");
  deliveries.confirmed("received-2");
  deliveries.tick();
  expect(deliveries.due(2_000)).toBeUndefined();
  deliveries.wrote(lobby, 3);
  expect(deliveries.due(2_500)).toBe("received-3");
});

test("asks again only after the answer", () => {
  const deliveries = new Deliveries();
  deliveries.wrote(lobby, 1);
  const first = deliveries.due(0) ?? "";
  deliveries.wrote(lab, 7);
  deliveries.tick();
  expect(deliveries.due(60_000)).toBeUndefined();
  expect([...deliveries.confirmed(first)]).toEqual([[lobby, 1]]);
  const second = deliveries.due(60_001) ?? "";
  expect([...deliveries.confirmed(second)]).toEqual([[lab, 7]]);
});

test("asks every 10 seconds if there are more than 50 messages", () => {
  const deliveries = new Deliveries();
  const dueAfter = (count: number, now: number) => {
    for (let n = 1; n <= count; n++) deliveries.wrote(lobby, n);
    deliveries.tick();
    const token = deliveries.due(now);
    deliveries.confirmed(token ?? "");
    return token;
  };
  expect(dueAfter(50, 1_000)).toBe("received-1");
  expect(dueAfter(50, 2_000)).toBe("received-2");
  expect(dueAfter(51, 3_000)).toBeUndefined();
  expect(dueAfter(1, 11_999)).toBeUndefined();
  expect(dueAfter(0, 12_000)).toBe("received-3");
});

test("a client receives what was written before a close unless it has stopped answering", () => {
  const deliveries = new Deliveries();
  deliveries.wrote(lobby, 1);
  expect([...deliveries.closing(0)]).toEqual([[lobby, 1]]);
  const token = deliveries.due(0) ?? "";
  deliveries.wrote(lobby, 2);
  deliveries.wrote(lab, 7);
  expect(new Map(deliveries.closing(999))).toEqual(
    new Map([
      [lobby, 2],
      [lab, 7],
    ]),
  );
  expect([...deliveries.closing(1_000)]).toEqual([]);
  deliveries.confirmed(token);
  expect([...deliveries.closing(1_000).values()]).toEqual([2, 7]);
});
