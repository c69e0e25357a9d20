import { expect, test } from "bun:test";
import { WALL_TIMER_MS_MAX } from "../../../src/base/limits.ts";
import { actionDrafts } from "../../../src/core/rooms/moderation.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { sentWall, timeLeft, type WallChange, wallOf } from "../../../src/core/rooms/wall.ts";
import { faultCode } from "../../fault-code.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

class WallRooms {
  readonly rooms = new Rooms();
  readonly ledger = new Ledger();

  constructor(sealed?: true) {
    for (const [kind, by, body] of [
      ["room", ANA, { name: "dev", sealed }],
      ["join", ANA, {}],
      ["join", BEN, {}],
    ] as const)
      this.rooms.apply(this.ledger.write(kind, ROOM, by, body));
  }

  show(change: WallChange, { by = ANA, unixMs = 0, isOperator = false } = {}): string {
    const action = { kind: "wall", room: ROOM, change } as const;
    return faultCode(() => {
      for (const draft of actionDrafts(this.rooms, { user: by, isOperator }, action, unixMs))
        this.rooms.apply(this.ledger.append(draft));
    });
  }

  get wall() {
    return this.rooms.get(ROOM)?.wall;
  }
}

test("moderators and operators show a room on a wall, and members do not", () => {
  const room = new WallRooms();
  expect(room.show({}, { by: BEN })).toBe("not-allowed");
  expect(room.wall).toBeUndefined();
  expect(room.show({ line: "Page 12" })).toBe("none");
  expect(room.wall).toEqual({ scene: "lesson", names: "first", line: "Page 12" });
  expect(room.show({ scene: "door" }, { by: EVE, isOperator: true })).toBe("none");
  expect(room.wall).toEqual({ scene: "door", names: "first", line: "Page 12" });
});

test("a change keeps the other fields, an empty line removes the line", () => {
  const room = new WallRooms();
  room.show({ names: "none", line: "Page 12" });
  room.show({ scene: "blank" });
  expect(room.wall).toEqual({ scene: "blank", names: "none", line: "Page 12" });
  room.show({ line: "" });
  expect(room.wall).toEqual({ scene: "blank", names: "none" });
});

test("a timer runs by the server's clock, and a change of the scene does not restart it", () => {
  const room = new WallRooms();
  const timer = () => {
    const { lengthMs, until, leftMs } = room.wall ?? {};
    return [lengthMs, until, leftMs];
  };
  room.show({ runs: true, leftMs: 60_000 }, { unixMs: 1_000 });
  room.show({ scene: "timer" }, { unixMs: 11_000 });
  expect(timer()).toEqual([60_000, 61_000, undefined]);
  room.show({ runs: false }, { unixMs: 21_000 });
  expect(timer()).toEqual([60_000, undefined, 40_000]);
  room.show({ runs: true }, { unixMs: 100_000 });
  expect(timer()).toEqual([60_000, 140_000, undefined]);
  const left = (unixMs: number) => timeLeft(room.wall ?? {}, unixMs);
  expect([left(139_000), left(150_000)]).toEqual([1_000, 0]);
  room.show({ leftMs: WALL_TIMER_MS_MAX + 1 }, { unixMs: 150_000 });
  expect(timer()).toEqual([WALL_TIMER_MS_MAX, 150_000 + WALL_TIMER_MS_MAX, undefined]);
  room.show({ leftMs: 0 }, { unixMs: 150_000 });
  expect(timer()).toEqual([undefined, undefined, undefined]);
  room.show({ runs: true }, { unixMs: 150_000 });
  expect(timer()).toEqual([undefined, undefined, undefined]);
});

test("a wall that is taken down forgets its line and timer", () => {
  const room = new WallRooms();
  room.show({ line: "Page 12", runs: true, leftMs: 60_000 });
  room.show({ on: false, line: "Page 13" });
  expect(room.wall).toBeUndefined();
  room.show({});
  expect(room.wall).toEqual({ scene: "lesson", names: "first" });
});

test("refuses a scene or names that this version does not know", () => {
  const room = new WallRooms();
  expect([room.show({ scene: "video" }), room.show({ names: "emoji" })]).toEqual([
    "usage",
    "usage",
  ]);
  expect(room.wall).toBeUndefined();
});

test("an encrypted room has a wall without a line, which the server would read", () => {
  const room = new WallRooms(true);
  expect(room.show({ line: "Page 12" })).toBe("sealed-room");
  expect(room.show({ scene: "door" })).toBe("none");
  expect(room.wall?.scene).toBe("door");
});

test("values of a later version count as absent, and times have limits", () => {
  const later = { on: true, scene: "video", names: "emoji", lengthMs: WALL_TIMER_MS_MAX + 1 };
  expect(wallOf({ ...later, leftMs: 5 })).toEqual({
    scene: "lesson",
    names: "first",
    lengthMs: WALL_TIMER_MS_MAX,
    leftMs: 5,
  });
  expect(wallOf({ on: true, until: Number.MAX_SAFE_INTEGER, lengthMs: 5 })).toEqual({
    scene: "lesson",
    names: "first",
    lengthMs: 5,
    until: 8_640_000_000_000_000,
  });
  expect(wallOf({ ...later, on: false })).toBeUndefined();
});

const nameOf = (id: string) => ({ [ANA]: "ana", [BEN]: "ben" })[id];

test("tells readers the time that remains", () => {
  const wall = { scene: "timer", names: "first", lengthMs: 60_000 } as const;
  const sent = { ...wall, until: 1_060_000, leftMs: 40_000 };
  expect(sentWall({ ...wall, until: 1_060_000 }, 1_020_000, nameOf)).toEqual(sent);
  expect(sentWall({ ...wall, leftMs: 9 }, 1_020_000, nameOf)).toEqual({ ...wall, leftMs: 9 });
  expect(sentWall({ scene: "door", names: "full" }, 5, nameOf)).toEqual({
    scene: "door",
    names: "full",
  });
});

test("a round has members only, once each, and a turn within it", () => {
  const room = new WallRooms();
  expect(room.show({ round: [BEN, ANA, BEN, EVE] })).toBe("none");
  expect(room.wall).toMatchObject({ round: [BEN, ANA], turn: 0 });
  room.show({ turn: 1 });
  room.show({ line: "Page 12" });
  expect(room.wall).toMatchObject({ round: [BEN, ANA], turn: 1, line: "Page 12" });
  room.show({ turn: 9 });
  expect(room.wall).toMatchObject({ turn: 2 });
  room.show({ round: [ANA] });
  expect(room.wall).toMatchObject({ round: [ANA], turn: 0 });
  room.show({ round: [] });
  expect(room.wall).toEqual({ scene: "lesson", names: "first", line: "Page 12" });
  room.show({ round: [EVE], turn: 3 });
  expect(room.wall?.round).toBeUndefined();
});

test("removed accounts are no longer in a round", () => {
  const wall = { round: [EVE, ANA, BEN], turn: 2 };
  expect(sentWall(wall, 5, nameOf)).toEqual({ round: ["ana", "ben"], turn: 1 });
});

test("reads no people from a damaged round", () => {
  const round = [5, ANA, null] as unknown as string[];
  expect(wallOf({ on: true, round, turn: 7 })).toMatchObject({ round: [ANA], turn: 1 });
  expect(wallOf({ on: true, round: [], turn: 7 })?.turn).toBeUndefined();
});
