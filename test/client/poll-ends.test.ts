import { expect, test } from "bun:test";
import type { RoomId } from "../../src/base/ids.ts";
import { closePollsInTime } from "../../src/client/poll-ends.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import { updateAll } from "../../src/core/model/update.ts";
import { pollText } from "../../src/core/rooms/polls.ts";
import { LOBBY, lobbyOf, recordEvent, scene } from "../core/model-scene.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A model store whose subscribers are called after each event. */
class Store {
  model = scene({ kind: "open", target: "lobby" }).model;
  readonly #listeners: (() => void)[] = [];
  readonly ended: number[] = [];

  readonly subscribe = (listener: () => void) => {
    this.#listeners.push(listener);
    return () => undefined;
  };

  readonly enqueue = (event: ModelEvent) => {
    if (event.kind === "poll-ended") this.ended.push(event.seq);
    this.model = updateAll(this.model, [event]).model;
    for (const listener of this.#listeners) listener();
  };

  poll(seq: number, until: number | undefined): void {
    const poll = { options: 2, ...(until === undefined ? {} : { until }) };
    this.enqueue(recordEvent(seq, { body: { text: pollText("Lunch?", ["soup", "rice"]), poll } }));
  }

  get closed(): readonly number[] {
    const { items } = lobbyOf(this.model).tail;
    return items.filter(({ poll }) => poll?.isClosed).map(({ seq }) => seq);
  }
}

test("closes each visible poll when its time has passed, once", async () => {
  const clock = new VirtualClock();
  const store = new Store();
  closePollsInTime(store, clock);
  const now = clock.unixMs();
  store.poll(2, now + 2_000);
  store.poll(3, now + 1_000);
  store.poll(4, undefined);
  store.poll(5, now - 1);
  expect(store.closed).toEqual([5]);
  await clock.advance(999);
  expect(store.closed).toEqual([5]);
  await clock.advance(1);
  expect(store.closed).toEqual([3, 5]);
  await clock.advance(5_000);
  expect([store.closed, store.ended]).toEqual([
    [2, 3, 5],
    [5, 3, 2],
  ]);
});

test("waits for no poll of a closed room, and longer than a timer permits", async () => {
  const clock = new VirtualClock();
  const store = new Store();
  closePollsInTime(store, clock);
  const days = 40 * 24 * 60 * 60_000;
  store.poll(2, clock.unixMs() + days);
  store.enqueue({ kind: "open", target: "@ben" });
  await clock.advance(days + 1);
  expect(store.ended).toEqual([]);
  store.enqueue({ kind: "open", target: "lobby" });
  expect(store.closed).toEqual([2]);
});

test("counts votes that arrive after the end, and knows no poll that is not loaded", () => {
  const store = new Store();
  store.poll(2, 5);
  store.enqueue({ kind: "poll-ended", room: LOBBY, seq: 2 });
  store.enqueue(recordEvent(3, { kind: "vote", from: "ben", body: { re: 2, choices: [1] } }));
  expect(lobbyOf(store.model).tail.items[0]?.poll).toMatchObject({ voters: 1, isClosed: true });
  const before = store.model.rooms;
  store.enqueue({ kind: "poll-ended", room: LOBBY, seq: 99 });
  store.enqueue({ kind: "poll-ended", room: "none" as RoomId, seq: 2 });
  expect(store.model.rooms).toEqual(before);
});
