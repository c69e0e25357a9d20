import { expect, test } from "bun:test";
import type { RoomId } from "../../../../src/base/ids.ts";
import { shownTitle, titleOf } from "../../../../src/core/client/chat-record.ts";
import { Finder } from "../../../../src/core/finder/finder.ts";
import { roomList } from "../../../../src/core/model/selectors.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { placeRows } from "../../../../src/ui/finder/places.ts";
import { ENGLISH } from "../../../../src/ui/messages/en/page.ts";
import {
  placeTitle,
  roomTitle,
  targetTitle,
  withoutSign,
} from "../../../../src/ui/text/target-text.ts";
import { createScene, frameOf, propsOf } from "./scenes.ts";

test("decides what a room is called on a screen", () => {
  const room = { kind: "room", name: "vii-a", topic: "Maths" } as const;
  for (const [title, shown] of [
    [undefined, "#vii-a"],
    ["VII A", "VII A"],
    // What a server must not send.
    ["#lobby", "#vii-a"],
    ["VII\nA", "#vii-a"],
    ["\u202eA IIV", "#vii-a"],
    ["x".repeat(41), "#vii-a"],
    ["", "#vii-a"],
  ] as const)
    expect([title, roomTitle({ ...room, title: shownTitle(title) })]).toEqual([title, shown]);
  const group = { name: "group-0123456789abcdef", topic: "", people: ["ana", "ben"] };
  expect(titleOf(group)).toBe("ana, ben");
  expect(titleOf({ ...group, topic: "Trip" })).toBe("Trip");
  expect(titleOf({ name: "essay@ben", title: "Essay 1", topic: "" })).toBe("Essay 1@ben");
  expect([withoutSign("vii-a", "#vii-a"), withoutSign("vii-a", "VII A")]).toEqual([
    "vii-a",
    "VII A",
  ]);
});

test("shows the display name of a room, and beside it the one to type", () => {
  const story = createScene("", 0).apply(
    { ...room("rCCCCCCCCCCC", "alpha", "Zoology"), unread: 2 },
    room("rDDDDDDDDDDD", "zeta", "Algebra 7b"),
    { kind: "open", target: "alpha" },
  );
  const model: Model = story.model();
  const listed = roomList(model).rooms.map(({ name }) => name);
  expect(listed).toEqual(["a-room-with-a-long-name", "Algebra 7b", "dev", "lobby", "Zoology"]);
  const frame = frameOf(propsOf(model, { columns: 100, rows: 24 }));
  const lines = frame.lines.map(plainText);
  expect(lines[0]).toMatch(/^ Zoology #alpha /);
  expect(lines.join("\n")).toMatch(/#Algebra 7b/);
  expect(frame.title).toContain("Zoology");
  expect([targetTitle(model, "zeta"), placeTitle(model, "zeta@ben", texts)]).toEqual([
    "Algebra 7b",
    "Work of ben for Algebra 7b",
  ]);
  const finder = new Finder(placeRows(model, ENGLISH));
  for (const query of ["7B", "zet", "alg 7"])
    expect(finder.find(query, 9).map(({ id }) => id)).toEqual(["#zeta"]);
});

const texts = ENGLISH;

function room(id: string, name: string, title: string) {
  return { kind: "room", room: id as RoomId, name, title, n: 1, skipped: 0, read: 0 } as const;
}

function plainText(line: string): string {
  return Bun.stripANSI(line);
}
