import { describe, expect, test } from "bun:test";
import { asFault } from "../../../src/base/fault.ts";
import { directRoomId, type RoomId, type UserId } from "../../../src/base/ids.ts";
import { type checkName, foldName, type Name } from "../../../src/base/names.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { requireMember, TargetResolver } from "../../../src/core/rooms/targets.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { faultCode, faultOf } from "../../fault-code.ts";
import { ANA, BEN, Ledger, ROOM } from "../ledger.ts";

const OTHER = "rOOOOOOOOOOO" as RoomId;
const DIRECT = directRoomId(ANA, BEN, sha256);

function setUp(write: (ledger: Ledger) => void = () => {}) {
  const ledger = new Ledger();
  ledger.write("room", ROOM, ANA, { name: "dev" });
  ledger.write("join", ROOM, ANA, {});
  write(ledger);
  const rooms = new Rooms();
  for (const record of ledger.records) rooms.apply(record);
  const users = new Map<string, UserId>([
    ["ana", ANA],
    ["ben", BEN],
  ]);
  const directory = {
    find: (name: ReturnType<typeof checkName>) => {
      const id = users.get(foldName(name));
      return id === undefined ? undefined : { id };
    },
  };
  const names = () => users.keys() as Iterable<Name>;
  return {
    rooms,
    targets: new TargetResolver({ rooms, directory: { ...directory, names }, sha256 }),
  };
}

describe("target", () => {
  test("finds a room by name in any case, with or without #", () => {
    const { rooms, targets } = setUp();
    const room = rooms.get(ROOM);
    for (const text of ["dev", "#dev", "#DEV"]) {
      expect(targets.resolve(ANA, text)).toEqual({ id: ROOM, room, peer: undefined });
      expect(targets.find(ANA, text)).toEqual({ id: ROOM, room, peer: undefined });
    }
  });

  test("finds the same conversation for both users, before and after its creation", () => {
    const { targets } = setUp();
    expect(targets.resolve(ANA, "@ben")).toEqual({ id: DIRECT, room: undefined, peer: BEN });
    const made = setUp((ledger) => ledger.write("room", DIRECT, "server", { direct: [ANA, BEN] }));
    const room = made.rooms.get(DIRECT);
    expect(room).toBeDefined();
    expect(made.targets.resolve(ANA, "@Ben")).toEqual({ id: DIRECT, room, peer: BEN });
    expect(made.targets.find(BEN, "@ana")).toEqual({ id: DIRECT, room, peer: ANA });
  });

  test("rejects or does not find an invalid target", () => {
    const { targets } = setUp();
    expect(faultCode(() => targets.resolve(ANA, "attic"))).toBe("room-unknown");
    expect(faultCode(() => targets.resolve(ANA, "@eve"))).toBe("user-unknown");
    expect([targets.find(ANA, "attic"), targets.find(ANA, "@eve")]).toEqual([undefined, undefined]);
    for (const text of ["", "@", "#", "@#dev", "a b"]) {
      expect(faultCode(() => targets.resolve(ANA, text))).toBe("name-invalid");
      expect(faultCode(() => targets.find(ANA, text))).toBe("name-invalid");
    }
  });
});

test("requires membership to read a room", () => {
  const room = setUp().targets.resolve(BEN, "dev").room;
  if (room === undefined) throw new Error("the room was made");
  expect(faultCode(() => requireMember(room, ANA))).toBe("none");
  expect(faultCode(() => requireMember(room, BEN))).toBe("not-member");
  const remedyIn = (place: Room) => faultOf(() => requireMember(place, BEN))?.remedy;
  expect(remedyIn(room)).toStartWith("join it: chat join --room dev");
  expect(remedyIn({ ...room, isSealed: true })).toBe("ask a member to add you: /invite NAME");
});

test("proposes a name that differs in a letter, of rooms that the user may know of", () => {
  const { targets } = setUp((ledger) => {
    ledger.write("room", OTHER, BEN, { name: "budget", private: true });
    ledger.write("join", OTHER, BEN, {});
  });
  const remedy = (user: UserId, text: string): string => {
    try {
      targets.resolve(user, text);
      return "found";
    } catch (error) {
      return asFault(error).remedy;
    }
  };
  expect(remedy(ANA, "dve")).toBe("did you mean 'dev'?");
  expect(remedy(ANA, "@anna")).toBe("did you mean 'ana'?");
  expect(remedy(BEN, "budgte")).toBe("did you mean 'budget'?");
  expect(remedy(ANA, "budgte")).toBe(remedy(ANA, "attic"));
  expect(remedy(ANA, "@zo")).not.toContain("did you mean");
});
