import { expect, test } from "bun:test";
import type { Name } from "../../../src/base/names.ts";
import { Recent } from "../../../src/cli/chat/recent.ts";
import type { Destination, ShownBody, ShownRecord } from "../../../src/cli/output/render.ts";

const LOBBY = { kind: "room", name: "lobby" as Name } as const;
const BOB = { kind: "person", name: "bob" as Name } as const;
const TEXT: ShownBody = { kind: "text", text: "x" };

function record(
  seq: number,
  from: string,
  destination: Destination,
  body: ShownBody = TEXT,
): ShownRecord {
  return { seq, timeUnixMs: 0, from, destination, ...body };
}

test("the last message of another user in this room or conversation", () => {
  const recent = new Recent();
  expect(recent.lastOther(LOBBY, "ana")).toBeUndefined();
  recent.note(record(1, "bob", { room: "Lobby" }));
  recent.note(record(2, "bob", { to: "ana" }));
  recent.note(record(3, "ana", { room: "Lobby" }));
  recent.note(record(4, "eva", { room: "cellar" }));
  recent.note(record(5, "bob", { room: "Lobby" }, { kind: "join" }));
  expect([recent.lastOther(LOBBY, "ana"), recent.lastOther(BOB, "ana")]).toEqual([1, 2]);
  recent.note(record(0, "eva", { room: "lobby" })); // A page of the past, shown later.
  expect(recent.lastOther(LOBBY, "ana")).toBe(1);
  expect([recent.authorOf(4), recent.authorOf(5)]).toEqual(["eva", undefined]);
});

test("old ones are forgotten", () => {
  const recent = new Recent();
  for (let seq = 1; seq <= 1_001; seq++) recent.note(record(seq, "bob", { room: "lobby" }));
  expect([recent.authorOf(1), recent.authorOf(2)]).toEqual([undefined, "bob"]);
});
