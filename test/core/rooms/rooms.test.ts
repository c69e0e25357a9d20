import { describe, expect, test } from "bun:test";
import { boxId, type RoomId } from "../../../src/base/ids.ts";
import { FORMER_NAMES_MAX, PINS_MAX, RETENTION_MS_MIN } from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import { RoomEngine } from "../../../src/core/rooms/engine.ts";
import {
  hasReadReceipts,
  isVacant,
  isVacantWithout,
  LOBBY,
  needsBody,
  Rooms,
  type RoomsValue,
  wantsReceipts,
} from "../../../src/core/rooms/rooms.ts";
import { needsAdmission } from "../../../src/core/rooms/rules.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { RECORD_KINDS } from "../../../src/wire/kinds.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

const DIRECT = "dDDDDDDDDDDDDDDDDDDDDDD" as RoomId;

class TestRooms {
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

const roomsTest = fixtureTest(() => new TestRooms());

describe("named room", () => {
  roomsTest("is created, joined, given a topic, used and left", (testRooms) => {
    testRooms.write("room", ROOM, ANA, { name: "Dev" });
    testRooms.write("join", ROOM, ANA);
    testRooms.write("join", ROOM, BEN);
    testRooms.write("topic", ROOM, BEN, { topic: "bugs" });
    testRooms.write("text", ROOM, ANA, { text: "hi" });
    testRooms.write("leave", ROOM, BEN);
    expect(testRooms.rooms.find(checkName("dEV"))).toBe(testRooms.room);
    expect(testRooms.room).toMatchObject({ name: "Dev", maker: ANA, rules: {}, topic: "bugs" });
    expect(testRooms.room).toMatchObject({ lastSeq: 6, lastN: 6 });
    expect([...testRooms.room.members]).toEqual([ANA]);
    expect([...testRooms.room.admitted]).toEqual([ANA, BEN]);
    expect([...testRooms.rooms.roomsOf(ANA)]).toEqual([testRooms.room]);
    expect([...testRooms.rooms.roomsOf(BEN)]).toEqual([]);
    expect([...testRooms.rooms.roomsOf(EVE)]).toEqual([]);
    expect(testRooms.rooms.namedCount).toBe(1);
  });

  roomsTest("lets an invited user join once", (testRooms) => {
    const { rooms } = testRooms;
    const invite = (user: string, on = true, by: string = ANA) =>
      testRooms.write("admission", ROOM, by, { user, name: "x", on });
    const invited = () => [...testRooms.room.invited];
    const inviting = (user: typeof ANA) => [...rooms.roomsInviting(user)];
    testRooms.write("room", ROOM, ANA, { name: "dev", locked: true });
    testRooms.write("join", ROOM, ANA);
    invite(BEN);
    invite(EVE);
    invite(ANA);
    expect([invited(), inviting(BEN)]).toEqual([
      [
        [BEN, ANA],
        [EVE, ANA],
      ],
      [testRooms.room],
    ]);
    expect([ANA, BEN, EVE].map((user) => needsAdmission(testRooms.room, user))).toEqual([
      ...[false, true, true],
    ]);
    const copy = new Rooms();
    copy.load(JSON.parse(JSON.stringify(rooms.value())) as RoomsValue);
    expect([...copy.roomsInviting(EVE)].map(({ id }) => id)).toEqual([ROOM]);
    testRooms.write("join", ROOM, BEN);
    invite(EVE, false);
    expect([invited(), inviting(BEN), inviting(EVE)]).toEqual([[], [], []]);
    expect(needsAdmission(testRooms.room, EVE)).toBe(true);
    testRooms.write("leave", ROOM, BEN);
    expect(needsAdmission(testRooms.room, BEN)).toBe(false);
    testRooms.write("join", ROOM, BEN);
    testRooms.write("kick", ROOM, ANA, { user: BEN });
    expect(needsAdmission(testRooms.room, BEN)).toBe(true);
  });

  roomsTest("ends invitations with the removal of their author or of the room", (testRooms) => {
    const { rooms } = testRooms;
    testRooms.write("room", ROOM, ANA, { name: "dev" });
    for (const user of [ANA, BEN]) testRooms.write("join", ROOM, user);
    const invite = (by: string) => testRooms.write("admission", ROOM, by, { user: EVE, on: true });
    invite(BEN);
    testRooms.write("kick", ROOM, ANA, { user: BEN });
    expect(testRooms.room.invited.size).toBe(0);
    invite(ANA);
    testRooms.write("remove", ROOM, ANA);
    expect([testRooms.room.invited.size, rooms.roomsInviting(EVE).size]).toEqual([0, 0]);
  });

  roomsTest("is locked if its first record says so", (testRooms) => {
    testRooms.write("room", ROOM, ANA, { name: "dev", locked: true });
    expect(testRooms.room.rules).toEqual({ join: "password" });
    testRooms.write("room", ROOM, ANA, { name: "other" });
    expect(testRooms.room).toMatchObject({ name: "dev", rules: { join: "password" }, lastN: 2 });
    expect(testRooms.rooms.find(checkName("other"))).toBeUndefined();
  });
});

test.each([
  [false, "text", true],
  [false, "file", true],
  [false, "topic", false],
  [true, "sealed", true],
  [true, "file", false],
] as const)("if sealed (%p), counts a '%s' as a message: %p", (sealed, kind, is) => {
  const testRooms = new TestRooms();
  testRooms.write("room", ROOM, ANA, { name: "dev", sealed });
  testRooms.write(kind, ROOM, ANA);
  expect(testRooms.room.messageCount.isUsed).toBe(is);
});

test.each([
  ["nothing else", () => {}, true],
  [
    "a message",
    (testRooms: TestRooms) => testRooms.write("text", ROOM, ANA, { text: "hi" }),
    false,
  ],
  [
    "a topic",
    (testRooms: TestRooms) => testRooms.write("topic", ROOM, ANA, { topic: "bugs" }),
    false,
  ],
  ["a closing", (testRooms: TestRooms) => testRooms.write("close", ROOM, ANA, { on: true }), false],
  [
    "a retention",
    (testRooms: TestRooms) => testRooms.write("retention", ROOM, ANA, { keepMs: RETENTION_MS_MIN }),
    false,
  ],
])("with %s is vacant without its only member", (_what, write, isVacantThen) => {
  const testRooms = new TestRooms();
  testRooms.write("room", ROOM, ANA, { name: "dev" });
  testRooms.write("join", ROOM, ANA);
  write(testRooms);
  expect([isVacant(testRooms.room), isVacantWithout(testRooms.room, BEN)]).toEqual([false, false]);
  expect(isVacantWithout(testRooms.room, ANA)).toBe(isVacantThen);
  testRooms.write("join", ROOM, BEN);
  expect(isVacantWithout(testRooms.room, ANA)).toBe(false);
  for (const user of [ANA, BEN]) testRooms.write("leave", ROOM, user);
  expect(isVacant(testRooms.room)).toBe(isVacantThen);
});

roomsTest("lobby, conversations and rooms with a group are never vacant", (testRooms) => {
  testRooms.write("room", ROOM, "server", { name: LOBBY });
  testRooms.write("room", DIRECT, "server", { direct: [ANA, ANA] });
  testRooms.write("room", "rSSSSSSSSSSS", ANA, { name: "ops" });
  const [lobby, notes, ops] = [ROOM, DIRECT, "rSSSSSSSSSSS" as RoomId].map((id) =>
    testRooms.rooms.get(id),
  );
  if (lobby === undefined || notes === undefined || ops === undefined) throw new Error("no room");
  expect(isVacant(ops)).toBe(true);
  ops.group = { id: "", epoch: 0, info: "", seq: 1, devices: new Map(), commits: new Map() };
  expect([isVacant(lobby), isVacantWithout(notes, ANA), isVacant(ops)]).toEqual([
    ...[false, false, false],
  ]);
});

describe("direct conversation", () => {
  roomsTest("has both members from its creation, and no name", (testRooms) => {
    testRooms.write("room", DIRECT, "server", { direct: [ANA, BEN] });
    const room = testRooms.rooms.get(DIRECT);
    expect(room).toMatchObject({ maker: "server", pair: [ANA, BEN], rules: {} });
    expect(room?.name).toBeUndefined();
    for (const user of [ANA, BEN]) expect(testRooms.rooms.roomsOf(user).size).toBe(1);
    expect([testRooms.rooms.namedCount, [...testRooms.rooms.named()].length]).toEqual([0, 0]);
    const loaded = new Rooms();
    loaded.load(testRooms.rooms.value());
    expect([testRooms.rooms.directCount, loaded.directCount]).toEqual([1, 1]);
  });

  roomsTest("can be with oneself", (testRooms) => {
    testRooms.write("room", DIRECT, "server", { direct: [ANA, ANA] });
    expect([...(testRooms.rooms.get(DIRECT)?.members ?? [])]).toEqual([ANA]);
  });
});

describe("renamed rooms", () => {
  const name = (text: string) => checkName(text);

  roomsTest("are found by the old name until another room uses it", (testRooms) => {
    testRooms.write("room", ROOM, ANA, { name: "dev" });
    testRooms.write("rename", ROOM, ANA, { was: "dev", name: "Ops" });
    expect(testRooms.rooms.find(name("DEV"))?.name).toBe(name("Ops"));
    expect(testRooms.rooms.holderOf(name("dev"))).toBeUndefined();
    testRooms.write("room", "rSSSSSSSSSSS", ANA, { name: "qa" });
    testRooms.write("rename", "rSSSSSSSSSSS", ANA, { was: "qa", name: "dev" });
    expect(testRooms.rooms.find(name("dev"))?.id).toBe("rSSSSSSSSSSS" as RoomId);
    expect([...testRooms.rooms.named()].map((room) => room.name)).toEqual([
      name("Ops"),
      name("dev"),
    ]);
    expect(testRooms.rooms.namedCount).toBe(2);
    testRooms.write("rename", ROOM, ANA, { was: "Ops", name: "OPS" });
    expect(testRooms.rooms.find(name("ops"))?.name).toBe(name("OPS"));
  });

  roomsTest("removes rooms with all their names", (testRooms) => {
    testRooms.write("room", ROOM, ANA, { name: "dev" });
    testRooms.write("join", ROOM, ANA);
    testRooms.write("rename", ROOM, ANA, { was: "dev", name: "ops" });
    testRooms.write("remove", ROOM, ANA);
    testRooms.write("rename", ROOM, ANA, { was: "ops", name: "qa" });
    for (const one of ["dev", "ops", "qa"]) expect(testRooms.rooms.find(name(one))).toBeUndefined();
    expect([testRooms.rooms.roomsOf(ANA).size, testRooms.rooms.namedCount]).toEqual([0, 0]);
    testRooms.write("room", "rSSSSSSSSSSS", ANA, { name: "ops" });
    expect(testRooms.rooms.find(name("ops"))?.id).toBe("rSSSSSSSSSSS" as RoomId);
  });

  roomsTest("ignore an invalid name and renames of users", (testRooms) => {
    testRooms.write("room", ROOM, ANA, { name: "dev" });
    const bodies = [null, [], {}, { name: 5 }, { name: "a b" }, { name: "x", user: ANA }];
    for (const body of bodies) testRooms.write("rename", ROOM, ANA, body);
    expect(testRooms.room.name).toBe(name("dev"));
    testRooms.write("close", ROOM, ANA, null);
    testRooms.write("room", DIRECT, "server", { direct: [ANA, BEN] });
    testRooms.write("remove", DIRECT, ANA);
    expect(testRooms.rooms.roomsOf(BEN).size).toBe(1);
    expect(testRooms.room.isClosed).toBe(false);
  });

  roomsTest("keeps the latest former names", (testRooms) => {
    testRooms.write("room", ROOM, ANA, { name: "n0" });
    for (let i = 1; i <= FORMER_NAMES_MAX + 1; i++) {
      testRooms.write("rename", ROOM, ANA, { was: `n${i - 1}`, name: `n${i}` });
    }
    expect(testRooms.rooms.find(name("n0"))).toBeUndefined();
    expect(testRooms.rooms.find(name("n1"))?.id).toBe(ROOM);
  });
});

describe("missing body", () => {
  test.each(["damaged", "erased"] as const)("of %s: applies the head", (damage) => {
    const testRooms = new TestRooms();
    testRooms.write("room", ROOM, "server", { name: LOBBY });
    testRooms.rooms.apply(testRooms.ledger[damage]("join", ROOM, ANA, {}));
    testRooms.rooms.apply(testRooms.ledger[damage]("topic", ROOM, ANA, { topic: "lost" }));
    testRooms.rooms.apply(testRooms.ledger[damage]("text", ROOM, ANA, { text: "lost" }));
    expect([...testRooms.room.members]).toEqual([ANA]);
    expect(testRooms.room).toMatchObject({ topic: "", lastSeq: 4, lastN: 4 });
    testRooms.rooms.apply(testRooms.ledger[damage]("leave", ROOM, ANA, {}));
    expect(testRooms.room.members.size).toBe(0);
  });
});

roomsTest("asserts that records are neither missing nor repeated", (testRooms) => {
  const first = testRooms.ledger.write("room", ROOM, "server", { name: LOBBY });
  const second = testRooms.ledger.write("join", ROOM, ANA, {});
  expect(() => testRooms.rooms.apply(second)).toThrow("missing or repeated");
  testRooms.rooms.apply(first);
  expect(() => testRooms.rooms.apply(first)).toThrow("missing or repeated");
});

test("is not needed for most messages, departures and reactions", () => {
  const rooms = new Rooms();
  const engine = new RoomEngine({ rooms, directory: new Registry(), sha256 });
  const ledger = new Ledger();
  engine.restore(ledger.write("room", ROOM, ANA, { name: "Dev" }));
  const byHead = [...RECORD_KINDS].filter((kind) => !needsBody(kind, ROOM, undefined));
  expect(byHead).toEqual(expect.arrayContaining(["text", "reaction", "join", "leave", "sealed"]));
  for (const kind of byHead) {
    const { head } = ledger.write(kind, ROOM, BEN, {});
    const looked = () => {
      throw new Error(`the body of a '${kind}' is looked into`);
    };
    // Only the last bytes of a text and of a sealed message are compared.
    const text =
      kind === "text" || kind === "action" || kind === "sealed"
        ? { head }
        : Object.defineProperty({ head }, "bodyBytes", { get: looked });
    engine.restore(text);
  }
  expect(rooms.head).toBe(1 + byHead.length);
});

test("is needed for messages in boxes, and for texts that may be polls or in threads", () => {
  const box = boxId(ROOM, BEN);
  const kinds = [...RECORD_KINDS];
  const needing = kinds.filter(
    (kind) => needsBody(kind, box, undefined) && !needsBody(kind, ROOM, undefined),
  );
  expect(needing).toEqual(["text", "action"]);
  const [brace, letter] = Buffer.from("}e");
  expect([brace, letter].map((last) => needsBody("text", ROOM, last))).toEqual([true, true]);
  expect(needsBody("reaction", ROOM, brace)).toBe(false);
});

roomsTest("pins keep their order until removed or erased", (testRooms) => {
  testRooms.write("room", ROOM, ANA, { name: "dev" });
  for (let i = 0; i < 4; i++) testRooms.write("text", ROOM, ANA, { text: `${i}` });
  const pin = (seq: unknown, on = true) => testRooms.write("pin", ROOM, ANA, { seq, on });
  for (const seq of [4, 2, 3, 2]) pin(seq);
  expect(testRooms.room.pins).toEqual([4, 3, 2]);
  for (const wrong of ["2", 0, -1, 1.5, undefined, 1_000, testRooms.rooms.head + 7]) pin(wrong);
  expect(testRooms.room.pins).toEqual([4, 3, 2]);
  pin(3, false);
  testRooms.write("erase", ROOM, ANA, { seq: 9, also: [4] });
  expect(testRooms.room.pins).toEqual([2]);
  pin(1);
  expect(testRooms.room.pins).toEqual([2, 1]);
  pin(1, false);
  const other = new Rooms();
  other.load(JSON.parse(JSON.stringify(testRooms.rooms.value())));
  expect(other.get(ROOM)?.pins).toEqual([2]);
  for (let i = 0; i <= PINS_MAX; i++) {
    testRooms.write("text", ROOM, ANA, { text: "more" });
    pin(testRooms.rooms.head);
  }
  expect(testRooms.room.pins.length).toBe(PINS_MAX);
});

roomsTest(
  "receipts apply from their record, and in a conversation from the second",
  (testRooms) => {
    testRooms.write("room", ROOM, ANA, { name: "dev" });
    testRooms.write("join", ROOM, ANA);
    testRooms.write("join", ROOM, BEN);
    const turn = (room: string, by: string, on: boolean) =>
      testRooms.write("receipts", room, by, { on });
    expect(hasReadReceipts(testRooms.room)).toBe(false);
    turn(ROOM, ANA, true);
    testRooms.write("join", ROOM, EVE);
    turn(ROOM, BEN, true);
    expect(hasReadReceipts(testRooms.room)).toBe(true);
    expect(testRooms.room.receipts?.since).toBe(4);
    expect([...(testRooms.room.receipts?.joined ?? [])]).toEqual([[EVE, 5]]);
    const other = new Rooms();
    other.load(JSON.parse(JSON.stringify(testRooms.rooms.value())));
    expect(other.get(ROOM)?.receipts).toEqual(testRooms.room.receipts as never);
    testRooms.write("leave", ROOM, EVE);
    expect(testRooms.room.receipts?.joined.size).toBe(0);
    turn(ROOM, ANA, false);
    expect(testRooms.room.receipts).toBeUndefined();

    testRooms.write("room", DIRECT, "server", { direct: [ANA, BEN] });
    const receiptsState = () => {
      const room = testRooms.rooms.get(DIRECT);
      return room !== undefined && hasReadReceipts(room);
    };
    turn(DIRECT, ANA, true);
    expect(receiptsState()).toBe(false);
    const direct = testRooms.rooms.get(DIRECT) ?? testRooms.room;
    expect([ANA, BEN].map((user) => wantsReceipts(direct, user))).toEqual([true, false]);
    turn(DIRECT, BEN, true);
    expect(receiptsState()).toBe(true);
    expect(testRooms.rooms.get(DIRECT)?.receipts?.since).toBe(3);
    turn(DIRECT, ANA, false);
    expect([receiptsState(), wantsReceipts(direct, BEN)]).toEqual([false, true]);
    turn(DIRECT, BEN, false);
    expect(testRooms.rooms.get(DIRECT)?.receipts).toBeUndefined();
  },
);
