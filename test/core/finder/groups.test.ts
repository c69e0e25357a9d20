import { expect, test } from "bun:test";
import { Finder } from "../../../src/core/finder/finder.ts";
import { groupHits } from "../../../src/core/finder/groups.ts";

const ORDER = ["people", "rooms", "answers"] as const;
const ROWS = [
  { kind: "rooms", id: "mute", names: ["mute"] },
  { kind: "people", id: "mut", names: ["helmut"] },
  { kind: "answers", id: "how", names: [], texts: ["How do I mute a room?"] },
  { kind: "people", id: "muthe", names: ["muthe"] },
] as const;

function groups(query: string): readonly (readonly string[])[] {
  const hits = new Finder<(typeof ROWS)[number]>(ROWS).search(query);
  const found = groupHits(hits, ORDER);
  return found.map(({ kind, hits }) => [kind, ...hits.map(({ candidate }) => candidate.id)]);
}

test("the group with the best hit is first", () => {
  expect(groups("mute")).toEqual([
    ["rooms", "mute"],
    ["answers", "how"],
    ["people", "muthe"],
  ]);
  expect(groups("mut")).toEqual([
    ["people", "muthe", "mut"],
    ["rooms", "mute"],
    ["answers", "how"],
  ]);
  expect(groups("nothing")).toEqual([]);
});
