import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { FORMER_NAMES_MAX, PINS_MAX, RETENTION_MS_MIN } from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import { RoomEngine } from "../../../src/core/rooms/engine.ts";
import {
  hasReadReceipts,
  isVacant,
  isVacantWithout,
  LOBBY,
  Rooms,
  wantsReceipts,
} from "../../../src/core/rooms/rooms.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { kindsWith } from "../../../src/wire/kinds.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

const BY_HEAD = kindsWith("folded-by-head");
const DIRECT = "dDDDDDDDDDDDDDDDDDDDDDD" as RoomId;

class House {
  readonly rooms = new Rooms();
  readonly ledger = new Ledger();

  write(kind: Parameters<Ledger["write"]>[0], room: string, by: string, body: unknown = {}): void {
    this.rooms.apply(this.ledger.write(kind, room, by, body));
  }

  get room() {
    const room = this.rooms.get(ROOM);
    if (room === undefined) throw new Error("there is no room");
    return room;
  }
}

describe("named room", () => {
  test("is created, joined, given a topic, used and left", () => {
    const house = new House();
    house.write("room", ROOM, ANA, { name: "Dev" });
    house.write("join", ROOM, ANA);
    house.write("join", ROOM, BEN);
    house.write("topic", ROOM, BEN, { topic: "bugs" });
    house.write("text", ROOM, ANA, { text: "hi" });
    house.write("leave", ROOM, BEN);
    expect(house.rooms.find(checkName("dEV"))).toBe(house.room);
    expect(house.room).toMatchObject({ name: "Dev", maker: ANA, locked: false, topic: "bugs" });
    expect(house.room).toMatchObject({ lastSeq: 6, lastN: 6 });
    expect([...house.room.members]).toEqual([ANA]);
    expect([...house.room.admitted]).toEqual([ANA, BEN]);
    expect([...house.rooms.roomsOf(ANA)]).toEqual([house.room]);
    expect([...house.rooms.roomsOf(BEN)]).toEqual([]);
    expect([...house.rooms.roomsOf(EVE)]).toEqual([]);
    expect(house.rooms.namedCount).toBe(1);
  });

  test("is locked if its first record says so", () => {
    const house = new House();
    house.write("room", ROOM, ANA, { name: "dev", locked: true });
    expect(house.room.locked).toBe(true);
    house.write("room", ROOM, ANA, { name: "other" });
    expect(house.room).toMatchObject({ name: "dev", locked: true, lastN: 2 });
    expect(house.rooms.find(checkName("other"))).toBeUndefined();
  });
});

test.each([
  [false, "text", true],
  [false, "file", true],
  [false, "topic", false],
  [true, "sealed", true],
  [true, "file", false],
] as const)("if sealed (%p), counts a '%s' as a message: %p", (sealed, kind, is) => {
  const house = new House();
  house.write("room", ROOM, ANA, { name: "dev", sealed });
  house.write(kind, ROOM, ANA);
  expect(house.room.words.isEmpty).toBe(!is);
});

test.each([
  ["nothing else", () => {}, true],
  ["a message", (house: House) => house.write("text", ROOM, ANA, { text: "hi" }), false],
  ["a topic", (house: House) => house.write("topic", ROOM, ANA, { topic: "bugs" }), false],
  ["a closing", (house: House) => house.write("close", ROOM, ANA, { on: true }), false],
  [
    "a retention",
    (house: House) => house.write("retention", ROOM, ANA, { keepMs: RETENTION_MS_MIN }),
    false,
  ],
])("with %s is vacant without its only member", (_what, write, isVacantThen) => {
  const house = new House();
  house.write("room", ROOM, ANA, { name: "dev" });
  house.write("join", ROOM, ANA);
  write(house);
  expect([isVacant(house.room), isVacantWithout(house.room, BEN)]).toEqual([false, false]);
  expect(isVacantWithout(house.room, ANA)).toBe(isVacantThen);
  house.write("join", ROOM, BEN);
  expect(isVacantWithout(house.room, ANA)).toBe(false);
  for (const user of [ANA, BEN]) house.write("leave", ROOM, user);
  expect(isVacant(house.room)).toBe(isVacantThen);
});

test("lobby, conversations and rooms with a group are never vacant", () => {
  const house = new House();
  house.write("room", ROOM, "server", { name: LOBBY });
  house.write("room", DIRECT, "server", { direct: [ANA, ANA] });
  house.write("room", "rSSSSSSSSSSS", ANA, { name: "ops" });
  const [lobby, notes, ops] = [ROOM, DIRECT, "rSSSSSSSSSSS" as RoomId].map((id) =>
    house.rooms.get(id),
  );
  if (lobby === undefined || notes === undefined || ops === undefined) throw new Error("no room");
  expect(isVacant(ops)).toBe(true);
  ops.group = { id: "", epoch: 0, info: "", seq: 1, devices: new Map(), commits: new Map() };
  expect([isVacant(lobby), isVacantWithout(notes, ANA), isVacant(ops)]).toEqual([
    ...[false, false, false],
  ]);
});

describe("direct conversation", () => {
  test("has both members from its creation, and no name", () => {
    const house = new House();
    house.write("room", DIRECT, "server", { direct: [ANA, BEN] });
    const room = house.rooms.get(DIRECT);
    expect(room).toMatchObject({ maker: "server", pair: [ANA, BEN], locked: false });
    expect(room?.name).toBeUndefined();
    for (const user of [ANA, BEN]) expect(house.rooms.roomsOf(user).size).toBe(1);
    expect([house.rooms.namedCount, [...house.rooms.named()].length]).toEqual([0, 0]);
    const loaded = new Rooms();
    loaded.load(house.rooms.value());
    expect([house.rooms.directCount, loaded.directCount]).toEqual([1, 1]);
  });

  test("can be with oneself", () => {
    const house = new House();
    house.write("room", DIRECT, "server", { direct: [ANA, ANA] });
    expect([...(house.rooms.get(DIRECT)?.members ?? [])]).toEqual([ANA]);
  });
});

describe("renamed rooms", () => {
  const name = (text: string) => checkName(text);

  test("are found by the old name until another room uses it", () => {
    const house = new House();
    house.write("room", ROOM, ANA, { name: "dev" });
    house.write("rename", ROOM, ANA, { was: "dev", name: "Ops" });
    expect(house.rooms.find(name("DEV"))?.name).toBe(name("Ops"));
    expect(house.rooms.holderOf(name("dev"))).toBeUndefined();
    house.write("room", "rSSSSSSSSSSS", ANA, { name: "qa" });
    house.write("rename", "rSSSSSSSSSSS", ANA, { was: "qa", name: "dev" });
    expect(house.rooms.find(name("dev"))?.id).toBe("rSSSSSSSSSSS" as RoomId);
    expect([...house.rooms.named()].map((room) => room.name)).toEqual([name("Ops"), name("dev")]);
    expect(house.rooms.namedCount).toBe(2);
    house.write("rename", ROOM, ANA, { was: "Ops", name: "OPS" });
    expect(house.rooms.find(name("ops"))?.name).toBe(name("OPS"));
  });

  test("removes rooms with all their names", () => {
    const house = new House();
    house.write("room", ROOM, ANA, { name: "dev" });
    house.write("join", ROOM, ANA);
    house.write("rename", ROOM, ANA, { was: "dev", name: "ops" });
    house.write("remove", ROOM, ANA);
    house.write("rename", ROOM, ANA, { was: "ops", name: "qa" });
    for (const one of ["dev", "ops", "qa"]) expect(house.rooms.find(name(one))).toBeUndefined();
    expect([house.rooms.roomsOf(ANA).size, house.rooms.namedCount]).toEqual([0, 0]);
    house.write("room", "rSSSSSSSSSSS", ANA, { name: "ops" });
    expect(house.rooms.find(name("ops"))?.id).toBe("rSSSSSSSSSSS" as RoomId);
  });

  test("ignore an invalid name and renames of users", () => {
    const house = new House();
    house.write("room", ROOM, ANA, { name: "dev" });
    const bodies = [null, [], {}, { name: 5 }, { name: "a b" }, { name: "x", user: ANA }];
    for (const body of bodies) house.write("rename", ROOM, ANA, body);
    expect(house.room.name).toBe(name("dev"));
    house.write("close", ROOM, ANA, null);
    house.write("room", DIRECT, "server", { direct: [ANA, BEN] });
    house.write("remove", DIRECT, ANA);
    expect(house.rooms.roomsOf(BEN).size).toBe(1);
    expect(house.room.isClosed).toBe(false);
  });

  test("keeps the latest former names", () => {
    const house = new House();
    house.write("room", ROOM, ANA, { name: "n0" });
    for (let i = 1; i <= FORMER_NAMES_MAX + 1; i++) {
      house.write("rename", ROOM, ANA, { was: `n${i - 1}`, name: `n${i}` });
    }
    expect(house.rooms.find(name("n0"))).toBeUndefined();
    expect(house.rooms.find(name("n1"))?.id).toBe(ROOM);
  });
});

describe("missing body", () => {
  test.each(["damaged", "erased"] as const)("of %s: applies the head", (how) => {
    const house = new House();
    house.write("room", ROOM, "server", { name: LOBBY });
    house.rooms.apply(house.ledger[how]("join", ROOM, ANA, {}));
    house.rooms.apply(house.ledger[how]("topic", ROOM, ANA, { topic: "lost" }));
    house.rooms.apply(house.ledger[how]("text", ROOM, ANA, { text: "lost" }));
    expect([...house.room.members]).toEqual([ANA]);
    expect(house.room).toMatchObject({ topic: "", lastSeq: 4, lastN: 4 });
    house.rooms.apply(house.ledger[how]("leave", ROOM, ANA, {}));
    expect(house.room.members.size).toBe(0);
  });
});

test("asserts that records are neither missing nor repeated", () => {
  const house = new House();
  const first = house.ledger.write("room", ROOM, "server", { name: LOBBY });
  const second = house.ledger.write("join", ROOM, ANA, {});
  expect(() => house.rooms.apply(second)).toThrow("hole or a double");
  house.rooms.apply(first);
  expect(() => house.rooms.apply(first)).toThrow("hole or a double");
});

test("is not needed for kinds folded by head", () => {
  const rooms = new Rooms();
  const engine = new RoomEngine({ rooms, directory: new Registry(), sha256 });
  const ledger = new Ledger();
  engine.restore(ledger.write("room", ROOM, ANA, { name: "Dev" }));
  for (const kind of BY_HEAD) {
    const { head } = ledger.write(kind, ROOM, BEN, {});
    const looked = () => {
      throw new Error(`the body of a '${kind}' is looked into`);
    };
    engine.restore(Object.defineProperty({ head }, "bodyBytes", { get: looked }));
  }
  expect(rooms.head).toBe(1 + BY_HEAD.size);
});

test("pins keep their order until removed or erased", () => {
  const house = new House();
  house.write("room", ROOM, ANA, { name: "dev" });
  for (let i = 0; i < 4; i++) house.write("text", ROOM, ANA, { text: `${i}` });
  const pin = (seq: unknown, on = true) => house.write("pin", ROOM, ANA, { seq, on });
  for (const seq of [4, 2, 3, 2]) pin(seq);
  expect(house.room.pins).toEqual([4, 3, 2]);
  for (const wrong of ["2", 0, -1, 1.5, undefined, 1_000, house.rooms.head + 7]) pin(wrong);
  expect(house.room.pins).toEqual([4, 3, 2]);
  pin(3, false);
  house.write("erase", ROOM, ANA, { seq: 9, also: [4] });
  expect(house.room.pins).toEqual([2]);
  pin(1);
  expect(house.room.pins).toEqual([2, 1]);
  pin(1, false);
  const other = new Rooms();
  other.load(JSON.parse(JSON.stringify(house.rooms.value())));
  expect(other.get(ROOM)?.pins).toEqual([2]);
  for (let i = 0; i <= PINS_MAX; i++) {
    house.write("text", ROOM, ANA, { text: "more" });
    pin(house.rooms.head);
  }
  expect(house.room.pins.length).toBe(PINS_MAX);
});

test("receipts apply from their record, and in a conversation from the second", () => {
  const house = new House();
  house.write("room", ROOM, ANA, { name: "dev" });
  house.write("join", ROOM, ANA);
  house.write("join", ROOM, BEN);
  const turn = (room: string, by: string, on: boolean) => house.write("receipts", room, by, { on });
  expect(hasReadReceipts(house.room)).toBe(false);
  turn(ROOM, ANA, true);
  house.write("join", ROOM, EVE);
  turn(ROOM, BEN, true); // It is on already: what it tells of goes on.
  expect(hasReadReceipts(house.room)).toBe(true);
  expect(house.room.receipts?.since).toBe(4);
  expect([...(house.room.receipts?.joined ?? [])]).toEqual([[EVE, 5]]);
  const other = new Rooms();
  other.load(JSON.parse(JSON.stringify(house.rooms.value())));
  expect(other.get(ROOM)?.receipts).toEqual(house.room.receipts as never);
  house.write("leave", ROOM, EVE);
  expect(house.room.receipts?.joined.size).toBe(0);
  turn(ROOM, ANA, false);
  expect(house.room.receipts).toBeUndefined();

  house.write("room", DIRECT, "server", { direct: [ANA, BEN] });
  const shown = () => {
    const room = house.rooms.get(DIRECT);
    return room !== undefined && hasReadReceipts(room);
  };
  turn(DIRECT, ANA, true);
  expect(shown()).toBe(false);
  const direct = house.rooms.get(DIRECT) ?? house.room;
  expect([ANA, BEN].map((user) => wantsReceipts(direct, user))).toEqual([true, false]);
  turn(DIRECT, BEN, true);
  expect(shown()).toBe(true);
  expect(house.rooms.get(DIRECT)?.receipts?.since).toBe(3);
  turn(DIRECT, ANA, false);
  expect([shown(), wantsReceipts(direct, BEN)]).toEqual([false, true]);
  turn(DIRECT, BEN, false);
  expect(house.rooms.get(DIRECT)?.receipts).toBeUndefined();
});
