import { expect, test } from "bun:test";
import type { RoomId } from "../../src/base/ids.ts";
import { PrefsTracker } from "../../src/client/session.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import type { Answer } from "../../src/wire/messages.ts";
import { VirtualClock } from "./virtual-clock.ts";

const ROOM = "rAAAAAAAAAAA" as RoomId;

function keeperWith(answer: Answer<"prefs"> | undefined) {
  const clock = new VirtualClock();
  const reported: ModelEvent[] = [];
  const keeper = new PrefsTracker(clock, (event) => reported.push(event));
  type RequestThen = Parameters<PrefsTracker["connected"]>[0]["requestThen"];
  const requestThen = ((_kind: string, _fields: object, settle: (outcome: object) => void) =>
    settle(
      answer === undefined ? { kind: "refused" } : { kind: "answered", answer },
    )) as unknown as RequestThen;
  keeper.connected({ requestThen });
  return { clock, told: reported, keeper };
}

test("drops an expired mute, and reports when one expires", async () => {
  const clock = new VirtualClock();
  const until = clock.unixMs() + 60_000;
  const rooms = [
    { room: ROOM, muted: until, favourite: true },
    { room: "rBBBBBBBBBBB", muted: 1 },
    { room: "rCCCCCCCCCCC", muted: 0 },
  ];
  const { told, clock: own } = keeperWith({ rooms, saved: [] });
  expect(told).toEqual([
    { kind: "prefs", rooms: [rooms[0], { room: "rBBBBBBBBBBB" }, rooms[2]] as never, saved: [] },
  ]);
  await own.advance(59_999);
  expect(told).toHaveLength(1);
  await own.advance(1);
  expect(told.slice(1)).toEqual([{ kind: "prefs-set", room: ROOM, prefs: { favourite: true } }]);
});

test("replaces a pending change with that of another device", async () => {
  const { told, clock, keeper } = keeperWith({ rooms: [], saved: [] });
  const now = clock.unixMs();
  keeper.changed({ kind: "prefs-set", room: ROOM, muted: now + 1_000 });
  keeper.changed({ kind: "prefs-set", room: ROOM, muted: 0 });
  await clock.advance(5_000);
  expect(told.slice(1).map((event) => event.kind === "prefs-set" && event.prefs.muted)).toEqual([
    ...[now + 1_000, 0],
  ]);
  keeper.changed({ kind: "save", room: ROOM, seq: 3, on: true });
  expect(told.at(-1)).toEqual({ kind: "save", room: ROOM, seq: 3, on: true });
  keeper.changed({ kind: "prefs-set", room: ROOM, muted: now + 10_000 });
  keeper.loggedOut();
  await clock.advance(20_000);
  expect(told).toHaveLength(5);
});
