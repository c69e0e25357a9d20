import { expect, test } from "bun:test";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { handStep } from "../../../src/core/model/hands.ts";
import { LOBBY, recordEvent, scene } from "../model-scene.ts";

let seq = 2;

function hand(user: string, body: object = { on: true }): ModelEvent {
  return recordEvent(++seq, { kind: "hand", from: user, body: { user, name: user, ...body } });
}

function stepAfter(isModerator: boolean, ...hands: readonly (readonly [string, object?])[]) {
  seq = 2;
  const { model } = scene(
    { kind: "open", target: "lobby" },
    ...hands.map(([user, body]) => hand(user, body)),
  );
  const rooms = new Map(model.rooms);
  const room = rooms.get(LOBBY);
  if (room !== undefined) rooms.set(LOBBY, { ...room, moderates: isModerator });
  return handStep({ ...model, rooms });
}

const CALL = { on: false, call: true };

test("raises, lowers and ends the own hand", () => {
  const own = (isRaised: boolean) => ({ kind: "own", target: "lobby", isRaised }) as const;
  expect(stepAfter(false)).toEqual(own(true));
  expect(stepAfter(false, ["ana"])).toEqual(own(false));
  expect(stepAfter(false, ["ana"], ["ana", CALL])).toEqual(own(false));
  expect(stepAfter(true, ["ana", CALL], ["ben"])).toEqual(own(false));
});

test("calls the next hand as a moderator, then ends the last call, then has nothing to do", () => {
  expect(stepAfter(true, ["ben"], ["cleo"])).toMatchObject({ kind: "call", user: "ben" });
  expect(stepAfter(true, ["ben", CALL], ["cleo"])).toMatchObject({ kind: "call", user: "cleo" });
  expect(stepAfter(true, ["ben", CALL])).toMatchObject({ kind: "end", user: "ben" });
  expect(stepAfter(true)).toBeUndefined();
});
