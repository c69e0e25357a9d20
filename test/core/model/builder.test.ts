import { expect, test } from "bun:test";
import { ModelDraft } from "../../../src/core/model/builder.ts";
import { BEN, LOBBY, lobbyOf, scene } from "../model-scene.ts";

test("keeps unchanged objects identical", () => {
  const { model } = scene();
  const draft = new ModelDraft(model);
  const room = draft.room(LOBBY);
  if (room === undefined) throw new Error("no lobby");
  room.topic = "new";
  expect(draft.room(LOBBY)).toBe(room);
  const next = draft.build();
  expect(lobbyOf(model).topic).toBe("");
  expect(lobbyOf(next).topic).toBe("new");
  expect(next.rooms.get(BEN)).toBe(model.rooms.get(BEN));
  const untouched = new ModelDraft(model);
  expect(untouched.build().rooms).toBe(model.rooms);
  untouched.removeRoom(LOBBY);
  expect(untouched.room(LOBBY)).toBeUndefined();
  untouched.removeRooms();
  expect(untouched.rooms.size).toBe(0);
  expect(model.rooms.size).toBe(2);
});
