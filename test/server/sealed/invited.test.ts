import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { InvitedUsers } from "../../../src/server/sealed/service.ts";

const [ANA, BEN] = ["uAAAAAAAAAAA", "uBBBBBBBBBBB"] as [UserId, UserId];

function sealedRoom(...admitted: UserId[]) {
  const room = { isSealed: true, admitted: new Set(admitted), members: new Set<UserId>() };
  return room as typeof room & Room;
}

test("retains an invitation until the user joins or may no longer join", () => {
  const invited = new InvitedUsers();
  const [first, second] = [sealedRoom(ANA, BEN), sealedRoom(ANA)];
  expect([ANA, BEN].map((user) => invited.update(first, user, BEN))).toEqual([true, true]);
  expect([ANA, BEN].map((user) => invited.update(second, user))).toEqual([true, false]);
  expect([...invited.of(ANA)]).toEqual([
    [first, BEN],
    [second, undefined],
  ]);
  first.members.add(ANA);
  invited.updateAll(first);
  expect([[...invited.of(ANA)], [...invited.of(BEN)]]).toEqual([
    [[second, undefined]],
    [[first, BEN]],
  ]);
  for (const room of [first, second]) {
    room.admitted.clear();
    invited.updateAll(room);
  }
  expect(invited.size).toBe(0);
});
