import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import { type Group, groupOfValue, withLists } from "../../../src/core/rooms/group-state.ts";

test("round-trips a group as JSON", () => {
  const group: Group = {
    id: "g",
    epoch: 3,
    info: "i",
    seq: 9,
    devices: new Map([["d", "uAAA" as UserId]]),
    commits: new Map([["c", { seq: 9, epoch: 3, time: 5 }]]),
  };
  expect(groupOfValue(JSON.parse(JSON.stringify(withLists(group))))).toEqual(group);
});
