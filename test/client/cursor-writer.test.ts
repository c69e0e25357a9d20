import { expect, test } from "bun:test";
import { CursorWriter } from "../../src/client/event-buffer.ts";
import type { CursorStore } from "../../src/client/ports.ts";
import { VirtualClock } from "./virtual-clock.ts";

class FakeStore implements CursorStore {
  readonly writes: number[] = [];

  cursor(): number | undefined {
    return this.writes.at(-1);
  }

  advanceCursor(_fingerprint: string, _user: string, seq: number): void {
    this.writes.push(seq);
  }

  rewindCursor(_fingerprint: string, _user: string, seq: number): void {
    this.writes.push(seq);
  }
}

test("writes the first cursor of an account immediately, and later ones in batches", async () => {
  const store = new FakeStore();
  const clock = new VirtualClock();
  const writer = new CursorWriter(store, clock);
  const schedule = (seq: number) => writer.schedule({ fingerprint: "f", user: "ana", seq });
  schedule(4);
  expect(store.writes).toEqual([4]);
  schedule(5);
  schedule(6);
  expect(store.writes).toEqual([4]);
  await clock.advance(500);
  expect(store.writes).toEqual([4, 6]);
});
