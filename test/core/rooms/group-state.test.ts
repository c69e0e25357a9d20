import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import {
  type Group,
  groupBodyOf,
  groupOfValue,
  valueOfGroup,
} from "../../../src/core/rooms/group-state.ts";

const BODY = {
  group: "g",
  epoch: 1,
  commitId: "c",
  device: "d",
  info: "i",
  added: [["d", "u"]],
  removed: [],
};

test("a body is one only if all of it is there", () => {
  expect(groupBodyOf(BODY)).toEqual(BODY as never);
  expect(groupBodyOf(undefined)).toBeUndefined();
  for (const key of Object.keys(BODY)) {
    expect(groupBodyOf({ ...BODY, [key]: undefined })).toBeUndefined();
    expect(groupBodyOf({ ...BODY, [key]: [["one"]] })).toBeUndefined();
    expect(groupBodyOf({ ...BODY, [key]: 1.5 })).toBeUndefined();
  }
});

test("a group survives as JSON", () => {
  const group: Group = {
    id: "g",
    epoch: 3,
    info: "i",
    seq: 9,
    devices: new Map([["d", "uAAA" as UserId]]),
    commits: new Map([["c", { seq: 9, epoch: 3, time: 5 }]]),
  };
  expect(groupOfValue(JSON.parse(JSON.stringify(valueOfGroup(group))))).toEqual(group);
});
