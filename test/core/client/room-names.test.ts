import { expect, test } from "bun:test";
import fc from "fast-check";
import { RoomNames, roomAt } from "../../../src/core/client/room-names.ts";

const NAME = fc.constantFrom("lobby", "Lobby", "ana", "homework", "homework@ana", "news");
const ROOM = fc.record({
  kind: fc.constantFrom("room" as const, "person" as const),
  name: NAME,
  formerNames: fc.option(fc.array(NAME, { maxLength: 3 }), { nil: undefined }),
});
const ROOMS = fc.uniqueArray(ROOM, {
  maxLength: 6,
  selector: ({ kind, name }) => `${kind} ${name.toLowerCase()}`,
});

test("finds the room that a search of all rooms finds", () => {
  const target = fc.tuple(fc.constantFrom("", "#", "@"), NAME).map((parts) => parts.join(""));
  fc.assert(
    fc.property(ROOMS, target, (rooms, wanted) => {
      expect(new RoomNames(rooms).at(wanted)).toBe(roomAt(rooms, wanted));
    }),
  );
});

test("prefers the present holder of a name to a former one", () => {
  const renamed = { kind: "room", name: "archive", formerNames: ["news"] } as const;
  const present = { kind: "room", name: "News" } as const;
  const names = new RoomNames<typeof renamed | typeof present>([renamed, present]);
  expect([names.at("#news"), names.at("archive"), names.at("@news")]).toEqual([
    present,
    renamed,
    undefined,
  ]);
});
