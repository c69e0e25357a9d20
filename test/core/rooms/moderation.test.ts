import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { checkName } from "../../../src/base/names.ts";
import { erasuresOf } from "../../../src/core/rooms/erasures.ts";
import { type Act, actDrafts, checkSpeaks, moderates } from "../../../src/core/rooms/moderation.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

const DIRECT = "dDDDDDDDDDDD" as RoomId;
const EVE_CONCERNED = { room: ROOM, user: EVE, name: checkName("eve"), isOperator: false };

/** Ana's room, all three in it; ben said something (seq 5), and to ana alone (seq 7). */
class House {
  readonly rooms = new Rooms();
  readonly ledger = new Ledger();

  constructor() {
    this.write("room", ROOM, ANA, { name: "dev" });
    for (const user of [ANA, BEN, EVE]) this.write("join", ROOM, user);
    this.write("text", ROOM, BEN, { text: "hi" });
    this.write("room", DIRECT, "server", { direct: [ANA, BEN] });
    this.write("text", DIRECT, BEN, { text: "psst" });
  }

  get room() {
    const room = this.rooms.get(ROOM);
    if (room === undefined) throw new Error("no room");
    return room;
  }

  write(kind: Parameters<Ledger["write"]>[0], room: string, by: string, body: unknown = {}) {
    const record = this.ledger.write(kind, room, by, body);
    this.rooms.apply(record);
    return record;
  }

  act(user: typeof ANA, act: Act, isOperator = false): string {
    try {
      for (const draft of actDrafts(this.rooms, { user, isOperator }, act, 0)) {
        this.rooms.apply(this.ledger.append(draft));
      }
      return "done";
    } catch (error) {
      if (error instanceof Fault) return error.code;
      throw error;
    }
  }
}

describe("who may do what to whom", () => {
  const eve = EVE_CONCERNED;
  const ana = { ...eve, user: ANA, name: checkName("ana") };
  const chief = { ...eve, isOperator: true };
  test.each([
    ["a member", BEN, false, { kind: "kick", ...eve }, "not-allowed"],
    ["the maker", ANA, false, { kind: "kick", ...eve }, "done"],
    ["an operator", BEN, true, { kind: "kick", ...eve }, "done"],
    ["the maker, an operator", ANA, false, { kind: "kick", ...chief }, "not-allowed"],
    ["the maker, an operator", ANA, false, { kind: "mute", on: true, ...chief }, "not-allowed"],
    ["the maker, an operator", ANA, false, { kind: "mute", on: false, ...chief }, "done"],
    ["the maker, an operator", ANA, false, { kind: "grant", on: true, ...chief }, "done"],
    ["an operator another", BEN, true, { kind: "kick", ...chief }, "done"],
    ["the maker themselves", ANA, false, { kind: "kick", ...ana }, "done"],
    ["the maker nobody", ANA, false, { kind: "kick", ...eve, user: "u" as never }, "not-member"],
    ["nowhere", ANA, true, { kind: "kick", ...eve, room: "r" as RoomId }, "room-unknown"],
    [
      "an operator, in a room of two",
      EVE,
      true,
      { kind: "kick", ...ana, room: DIRECT },
      "not-allowed",
    ],
  ] as const)("%s: %s %p %p is %s", (_who, user, isOperator, act, outcome) => {
    expect(new House().act(user, act, isOperator)).toBe(outcome);
  });

  test("moderators keep the maker in, and each other not", () => {
    const house = new House();
    expect(house.act(ANA, { kind: "grant", on: true, ...eve })).toBe("done");
    expect(house.act(EVE, { kind: "kick", ...ana })).toBe("not-allowed");
    expect(house.act(EVE, { kind: "grant", on: false, ...ana })).toBe("not-allowed");
    expect(house.act(EVE, { kind: "grant", on: true, ...eve, user: BEN })).toBe("done");
    expect(house.act(BEN, { kind: "grant", on: false, ...eve })).toBe("done");
    expect(moderates(house.room, { user: EVE, isOperator: false })).toBe(false);
    expect(house.act(ANA, { kind: "grant", on: false, ...ana })).toBe("done");
    expect(house.act(ANA, { kind: "kick", ...eve })).toBe("not-allowed");
  });

  test("whoever is put out moderates no longer", () => {
    const house = new House();
    house.act(ANA, { kind: "grant", on: true, ...eve });
    house.act(ANA, { kind: "kick", ...eve });
    expect([...house.room.moderators]).toEqual([ANA]);
    expect([...house.room.members]).toEqual([ANA, BEN]);
    expect([...house.rooms.of(EVE)]).toEqual([]);
  });
});

describe("a mute", () => {
  test("holds until its moment, and no longer", () => {
    const house = new House();
    house.act(ANA, { kind: "mute", on: true, until: 1_000, ...EVE_CONCERNED });
    const speaks = (unixMs: number) => {
      try {
        checkSpeaks(house.room, EVE, unixMs);
        return "may";
      } catch (error) {
        return error instanceof Fault ? error.code : "?";
      }
    };
    expect([speaks(999), speaks(1_000)]).toEqual(["muted", "may"]);
    house.act(ANA, { kind: "mute", on: true, ...EVE_CONCERNED });
    expect(speaks(1e15)).toBe("muted");
    // As older servers recorded it: no date can hold that moment.
    house.act(ANA, { kind: "mute", on: true, until: 2 ** 53 - 1, ...EVE_CONCERNED });
    expect(speaks(1e15)).toBe("muted");
    house.act(ANA, { kind: "mute", on: false, ...EVE_CONCERNED });
    expect(speaks(0)).toBe("may");
  });
});

describe("words once said", () => {
  const word = { room: ROOM, seq: 5, author: BEN };
  const secret = { room: DIRECT, seq: 7, author: BEN };

  test.each([
    ["their author", BEN, false, { kind: "edit", text: "x", ...word }, "done"],
    ["the maker", ANA, false, { kind: "edit", text: "x", ...word }, "not-allowed"],
    ["an operator", EVE, true, { kind: "edit", text: "x", ...word }, "not-allowed"],
    ["their author", BEN, false, { kind: "erase", ...word }, "done"],
    ["the maker", ANA, false, { kind: "erase", ...word }, "done"],
    ["another", EVE, false, { kind: "erase", ...word }, "not-allowed"],
    ["an operator", EVE, true, { kind: "erase", ...word }, "done"],
    ["their author", BEN, false, { kind: "erase", ...secret }, "done"],
    ["the other of two", ANA, false, { kind: "erase", ...secret }, "not-allowed"],
    ["an operator", EVE, true, { kind: "erase", ...secret }, "not-allowed"],
  ] as const)("%s: %p %p %p is %s", (_who, user, isOperator, act, outcome) => {
    expect(new House().act(user, act, isOperator)).toBe(outcome);
  });

  test("are not changed in the open once their room is sealed", () => {
    const house = new House();
    house.room.isSealed = true;
    expect(house.act(BEN, { kind: "edit", text: "x", ...word })).toBe("sealed-room");
  });

  test("are erased once, with their edits, and not changed after that", () => {
    const house = new House();
    house.act(BEN, { kind: "edit", text: "x", ...word });
    house.act(BEN, { kind: "edit", text: "y", ...word });
    expect(house.rooms.editsOf(5)).toEqual([8, 9]);
    expect(house.act(BEN, { kind: "erase", ...word })).toBe("done");
    const order = house.ledger.records.at(-1);
    if (order === undefined) throw new Error("no record");
    expect(erasuresOf(order)).toEqual([5, 8, 9]);
    expect([house.rooms.isErased(5), house.rooms.isErased(8)]).toEqual([true, true]);
    expect(house.act(BEN, { kind: "erase", ...word })).toBe("not-found");
    expect(house.act(BEN, { kind: "edit", text: "z", ...word })).toBe("not-found");
  });
});
