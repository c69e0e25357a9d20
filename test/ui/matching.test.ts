import { expect, test } from "bun:test";
import type { RoomId } from "../../src/base/ids.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import { targetFinder } from "../../src/ui/matching.ts";
import { scene } from "../core/model-scene.ts";

const GROUP = "#group-00000000000000be";
const OTHER = "#group-000000000000beef";
const TARGETS = [OTHER, "#best", "#lab", GROUP, "@ben", "@abe", "@kim"];

function group(room: string, { name, topic }: { name: string; topic: string }): ModelEvent {
  const people = ["ben", "kim"];
  const id = room as RoomId;
  return { kind: "room", room: id, name: name.slice(1), topic, people, n: 1, skipped: 0 };
}

const { model } = scene(
  group("r1", { name: GROUP, topic: "" }),
  group("r2", { name: OTHER, topic: "Trip" }),
  { kind: "named", names: [["kim", "Abélia"]] },
);

test.each([
  ["", TARGETS],
  ["be", ["#best", GROUP, "@ben", "@abe", "@kim"]],
  ["BEEF", []],
  ["ben, k", [GROUP]],
  ["kim ben", [GROUP]],
  ["trip", [OTHER]],
  ["abelia", ["@kim"]],
  ["bst", ["#best"]],
  ["bx", []],
])("finds targets by %p", (query, found) => {
  const hits = targetFinder(model, TARGETS).find(query, TARGETS.length);
  expect(hits.map(({ id }) => id)).toEqual(found);
});
