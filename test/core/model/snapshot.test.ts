import { expect, test } from "bun:test";
import { SNAPSHOT_ITEMS_MAX } from "../../../src/base/limits-screen.ts";
import {
  formatSnapshot,
  isOlderSnapshot,
  parseSnapshot,
} from "../../../src/core/model/snapshot.ts";
import type { Item, Model, RoomState } from "../../../src/core/model/state.ts";
import { emptyModel, updateAll } from "../../../src/core/model/update.ts";

function roomWith(id: string, count: number, change: Partial<RoomState> = {}): RoomState {
  const update = { kind: "room", room: id, name: id, n: 1, skipped: 0 } as never;
  const { model } = updateAll(emptyModel(), [update]);
  const items = Array.from({ length: count }, (_, i) => {
    const item = { seq: i + 1, n: i + 1, timeUnixMs: i, kind: "text", text: `text ${i + 1}` };
    return { ...item, state: "whole", reactions: [], mentions: [] } as unknown as Item;
  });
  const tail = { items, hasOlder: false, hasNewer: false };
  const room = model.rooms.get(id as never) as RoomState;
  return { ...room, receivedN: count, last: count, lastSeq: count, tail, ...change };
}

function modelWith(...rooms: readonly RoomState[]): Model {
  return { ...emptyModel(), me: "ana", rooms: new Map(rooms.map((room) => [room.id, room])) };
}

function restored(model: Model, nowUnixMs = 0): Model {
  const snapshot = parseSnapshot(formatSnapshot(model, 7), nowUnixMs);
  expect(snapshot?.after).toBe(7);
  return updateAll(emptyModel(), snapshot === undefined ? [] : [snapshot.event]).model;
}

const textsIn = ({ rooms }: Model, id: string) =>
  rooms.get(id as never)?.tail.items.map(({ text }) => text);

test("restores the newest messages of each room", () => {
  const model = restored(modelWith(roomWith("lobby", 2), roomWith("busy", SNAPSHOT_ITEMS_MAX + 3)));
  expect([model.me, textsIn(model, "lobby")]).toEqual(["ana", ["text 1", "text 2"]]);
  expect(textsIn(model, "busy")?.length).toBe(SNAPSHOT_ITEMS_MAX);
  expect(textsIn(model, "busy")?.[0]).toBe("text 4");
  expect(model.rooms.get("busy" as never)?.tail.hasOlder).toBe(true);
  expect(model.rooms.get("lobby" as never)?.online).toEqual(new Set());
});

test("restores where the user has left rooms", () => {
  const model = modelWith(roomWith("lobby", 2));
  const places = new Map([["lobby", { seq: 1, above: 2 }]]);
  expect(restored({ ...model, places }).places).toEqual(places);
});

test("keeps no message of an encrypted room, and none after its retention", () => {
  const sealed = roomWith("vault", 2, { isSealed: true });
  expect(formatSnapshot(modelWith(sealed), 7)).not.toContain("text 1");
  expect(restored(modelWith(sealed)).rooms.get("vault" as never)?.tail.hasOlder).toBe(true);
  const short = modelWith(roomWith("lobby", 3, { keepMs: 100 }));
  expect(textsIn(restored(short, 101), "lobby")).toEqual(["text 3"]);
});

test("ignores a damaged snapshot and that of another version", () => {
  const text = formatSnapshot(modelWith(roomWith("lobby", 1)), 7);
  for (const wrong of ["", "{}", "null", text.slice(0, -9), text.replace('"4 ', '"0 ')]) {
    expect(parseSnapshot(wrong, 0)).toBeUndefined();
  }
});

test("is older than one of a process that has received more", () => {
  const stored = formatSnapshot(modelWith(roomWith("lobby", 1)), 7);
  expect([undefined, 6, 7, 8].map((after) => isOlderSnapshot(stored, after))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(isOlderSnapshot("{}", 1)).toBe(false);
});
