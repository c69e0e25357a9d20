import { expect, test } from "bun:test";
import { RoomNames } from "../../../src/core/client/room-names.ts";

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

test("finds rooms and people by a sign or without one, in any case", () => {
  const lobby = { kind: "room", name: "lobby" } as const;
  const ana = { kind: "person", name: "Ana" } as const;
  const box = { kind: "room", name: "homework@Ana" } as const;
  const names = new RoomNames<typeof lobby | typeof ana | typeof box>([lobby, ana, box]);
  for (const target of ["lobby", "#Lobby"]) expect(names.at(target)).toBe(lobby);
  expect([names.at("@ana"), names.at("ana"), names.at("homework@ana")]).toEqual([
    ana,
    undefined,
    box,
  ]);
});
