import { expect, test } from "bun:test";
import type { RoomId } from "../../src/base/ids.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import { targetsLike } from "../../src/ui/matching.ts";
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
  ["be", ["#best", "@ben", "@abe", GROUP, "@kim"]],
  ["BEEF", []],
  ["ben, k", [GROUP]],
  ["trip", [OTHER]],
  ["abelia", ["@kim"]],
])("finds targets by %p", (query, found) => {
  expect(targetsLike(model, TARGETS, query)).toEqual(found);
});
