import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { AskSchedule, Deliveries } from "../../../src/core/irc/deliveries.ts";

const [lobby, lab] = ["lobby" as RoomId, "lab" as RoomId];

test("confirms what was written before the question", () => {
  const deliveries = new Deliveries(new AskSchedule());
  deliveries.wrote(lobby, 1);
  deliveries.wrote(lobby, 2);
  const token = deliveries.due(0) ?? "";
  deliveries.wrote(lobby, 3);
  deliveries.wrote(lab, 1);
  expect([...deliveries.confirmed("nonsense")]).toEqual([]);
  expect([...deliveries.confirmed(token)]).toEqual([[lobby, 2]]);
  expect([...deliveries.confirmed(token)]).toEqual([]);
});

test("asks only after messages, with a pause of 5 seconds", () => {
  const deliveries = new Deliveries(new AskSchedule());
  expect(deliveries.due(0)).toBeUndefined();
  deliveries.wrote(lobby, 1);
  expect(deliveries.due(0)).toBe("received-1");
  deliveries.confirmed("received-1");
  deliveries.wrote(lobby, 2);
  expect(deliveries.due(900)).toBeUndefined();
  expect(deliveries.due(5_899)).toBeUndefined();
  expect(deliveries.due(5_900)).toBe("received-2");
  deliveries.confirmed("received-2");
  expect(deliveries.due(60_000)).toBeUndefined();
  deliveries.wrote(lobby, 3);
  expect(deliveries.due(60_000)).toBe("received-3");
});

test("asks again only after the answer", () => {
  const deliveries = new Deliveries(new AskSchedule());
  deliveries.wrote(lobby, 1);
  const first = deliveries.due(0) ?? "";
  deliveries.wrote(lab, 7);
  expect(deliveries.due(60_000)).toBeUndefined();
  expect([...deliveries.confirmed(first)]).toEqual([[lobby, 1]]);
  const second = deliveries.due(60_001) ?? "";
  expect([...deliveries.confirmed(second)]).toEqual([[lab, 7]]);
});

test("asks one client per 10 ms", () => {
  const schedule = new AskSchedule();
  const clients = Array.from({ length: 200 }, () => new Deliveries(schedule));
  const askedAt = clients.map((): number[] => []);
  for (let now = 0; now < 12_000; now += 10) {
    const asked = clients.filter((deliveries, i) => {
      deliveries.wrote(lobby, now);
      const token = deliveries.due(now);
      deliveries.confirmed(token ?? "");
      if (token !== undefined) askedAt[i]?.push(now);
      return token !== undefined;
    });
    expect(asked.length).toBeLessThanOrEqual(1);
  }
  for (const [first = 0, second = 0] of askedAt) expect(second - first).toBeWithin(5_000, 7_001);
});

test("asks each client within a minute, even if many others have closed", () => {
  const schedule = new AskSchedule();
  for (let i = 0; i < 100_000; i++) schedule.next(0);
  const deliveries = new Deliveries(schedule);
  deliveries.wrote(lobby, 1);
  expect(deliveries.due(0)).toBeUndefined();
  expect(deliveries.due(60_000)).toBe("received-1");
});

test("a client receives what was written before a close unless it has stopped answering", () => {
  const deliveries = new Deliveries(new AskSchedule());
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
  expect([...deliveries.closing(1_000)]).toEqual([
    [lobby, 2],
    [lab, 7],
  ]);
});
