import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { Finder } from "../../../src/core/finder/finder.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { placeRows } from "../../../src/ui/finder/places.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { scene } from "../../core/model-scene.ts";

const GROUP = "#group-00000000000000be";
const OTHER = "#group-000000000000beef";

function group(room: string, { name, topic }: { name: string; topic: string }): ModelEvent {
  const people = ["ben", "kim"];
  const id = room as RoomId;
  return { kind: "room", room: id, name: name.slice(1), topic, people, n: 1, skipped: 0 };
}

const { model } = scene(
  group("r1", { name: GROUP, topic: "" }),
  group("r2", { name: OTHER, topic: "Trip" }),
  { kind: "room", room: "r3" as RoomId, with: "kim", n: 1, skipped: 0 },
  { kind: "named", names: [["kim", "Abélia"]] },
);

test.each([
  ["be", [GROUP, OTHER, "@ben", "@kim"]],
  ["BEEF", []],
  ["ben, k", [GROUP, OTHER]],
  ["kim ben", [GROUP, OTHER]],
  ["trip", [OTHER]],
  ["abelia", ["@kim"]],
  ["lby", ["#lobby"]],
  ["bx", []],
])("finds places by %p", (query, found) => {
  const hits = new Finder(placeRows(model, ENGLISH)).find(query, 9);
  expect(hits.map(({ id }) => id).toSorted()).toEqual(found);
});
