import { expect, test } from "bun:test";
import { WALL_ROUND_MAX } from "../../../src/base/limits.ts";
import type { Member } from "../../../src/core/model/state.ts";
import { ROUND_END, roundStart, roundStep, TURN_MS } from "../../../src/ui/wall/round.ts";

const member = (name: string, rest: Partial<Member> = {}): Member => ({
  name,
  role: "member",
  isOnline: true,
  ...rest,
});

test("a round has everybody who is here, up to its limit", () => {
  const members = [
    member("ana", { role: "moderator" }),
    member("ben", { isOnline: false }),
    member("bot", { isBot: true }),
    member("cici", { isInvited: true }),
    member("dodi"),
  ];
  expect(roundStart({ members, wall: undefined }, TURN_MS)).toEqual({
    scene: "lesson",
    round: ["ana", "dodi"],
    turn: 0,
    leftMs: TURN_MS,
    runs: true,
  });
  expect(roundStart({ members: undefined, wall: undefined }, TURN_MS)).toBeUndefined();
  const many = Array.from({ length: WALL_ROUND_MAX + 1 }, (_, i) => member(`user${i}`));
  expect(roundStart({ members: many, wall: undefined }, 5)?.round).toHaveLength(WALL_ROUND_MAX);
});

test("each turn has the whole time, and the round ends after the last one", () => {
  const wall = { round: ["ana", "ben"], turn: 0, lengthMs: 9, leftMs: 2 };
  expect(roundStep(wall, 1)).toEqual({ turn: 1, leftMs: 9, runs: true });
  expect(roundStep({ ...wall, turn: 1 }, -1)).toEqual({ turn: 0, leftMs: 9, runs: true });
  expect(roundStep({ round: ["ana", "ben"] }, 1)).toEqual({ turn: 1 });
  expect(roundStep({ ...wall, turn: 1 }, 1)).toEqual(ROUND_END);
  expect(roundStep(wall, -1)).toBeUndefined();
  expect(roundStep({ lengthMs: 9 }, 1)).toBeUndefined();
});
