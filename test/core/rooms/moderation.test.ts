import { describe, expect, test } from "bun:test";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  EDITS_PER_RECORD_MAX,
  HANDS_MAX,
  INVITATIONS_PER_USER_MAX,
  INVITED_PER_ROOM_MAX,
  PINS_MAX,
  RETENTION_MS_MIN,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { erasuresOf } from "../../../src/core/log/erasures.ts";
import {
  actionDrafts,
  checkMayImport,
  checkMayPost,
  moderates,
  type RoomAction,
} from "../../../src/core/rooms/moderation.ts";
import { type Room, Rooms } from "../../../src/core/rooms/rooms.ts";
import { parseBody } from "../../../src/wire/record.ts";
import { faultCode } from "../../fault-code.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

const DIRECT = "dDDDDDDDDDDD" as RoomId;
const EVE_CONCERNED = { room: ROOM, user: EVE, name: checkName("eve"), isOperator: false };

class TestRooms {
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

  act(user: typeof ANA, act: RoomAction, isOperator = false): string {
    return faultCode(() => {
      for (const draft of actionDrafts(this.rooms, { user, isOperator }, act, 0)) {
        this.rooms.apply(this.ledger.append(draft));
      }
    });
  }
}

const roomsTest = fixtureTest(() => new TestRooms());

describe("moderation permissions", () => {
  const eve = EVE_CONCERNED;
  const ana = { ...eve, user: ANA, name: checkName("ana") };
  const chief = { ...eve, isOperator: true };
  test.each([
    ["a member", BEN, false, { kind: "kick", ...eve }, "not-allowed"],
    ["the maker", ANA, false, { kind: "kick", ...eve }, "none"],
    ["an operator", BEN, true, { kind: "kick", ...eve }, "none"],
    ["the maker, an operator", ANA, false, { kind: "kick", ...chief }, "not-allowed"],
    ["the maker, an operator", ANA, false, { kind: "mute", on: true, ...chief }, "not-allowed"],
    ["the maker, an operator", ANA, false, { kind: "mute", on: false, ...chief }, "none"],
    ["the maker, an operator", ANA, false, { kind: "grant", on: true, ...chief }, "none"],
    ["an operator another", BEN, true, { kind: "kick", ...chief }, "none"],
    ["the maker themselves", ANA, false, { kind: "kick", ...ana }, "none"],
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
    expect(new TestRooms().act(user, act, isOperator)).toBe(outcome);
  });

  roomsTest("protect the creator, and moderators from each other", (testRooms) => {
    expect(testRooms.act(ANA, { kind: "grant", on: true, ...eve })).toBe("none");
    expect(testRooms.act(EVE, { kind: "kick", ...ana })).toBe("not-allowed");
    expect(testRooms.act(EVE, { kind: "grant", on: false, ...ana })).toBe("not-allowed");
    expect(testRooms.act(EVE, { kind: "grant", on: true, ...eve, user: BEN })).toBe("none");
    expect(testRooms.act(BEN, { kind: "grant", on: false, ...eve })).toBe("none");
    expect(moderates(testRooms.room, { user: EVE, isOperator: false })).toBe(false);
    expect(testRooms.act(ANA, { kind: "grant", on: false, ...ana })).toBe("none");
    expect(testRooms.act(ANA, { kind: "kick", ...eve })).toBe("not-allowed");
  });
});

describe("a kick", () => {
  const kick = (reason?: string) =>
    ({ kind: "kick", ...EVE_CONCERNED, ...(reason === undefined ? {} : { reason }) }) as const;

  roomsTest("records its reason", ({ rooms }) => {
    const bodies = [kick("too loud"), kick(""), kick()].map(
      (act) => actionDrafts(rooms, { user: ANA, isOperator: false }, act, 0)[0]?.body,
    );
    const target = { user: EVE, name: EVE_CONCERNED.name };
    expect(bodies).toEqual([{ ...target, reason: "too loud" }, target, target]);
  });

  roomsTest("cannot have a reason in a sealed room", (testRooms) => {
    testRooms.room.isSealed = true;
    expect(testRooms.act(ANA, kick("too loud"))).toBe("sealed-room");
    expect(testRooms.act(BEN, kick("too loud"))).toBe("not-allowed");
    expect(testRooms.act(ANA, kick(""))).toBe("none");
  });
});

describe("an invitation", () => {
  const DAN = "uDDDDDDDDDDD" as UserId;
  const dan = { room: ROOM, user: DAN, name: checkName("dan"), isOperator: false };
  const invite = { kind: "admission", ...dan } as const;
  const state = (change: Partial<Room>): TestRooms => {
    const testRooms = new TestRooms();
    Object.assign(testRooms.room, change);
    return testRooms;
  };

  test.each([
    ["a member", BEN, false, {}, "none"],
    ["a stranger", DAN, false, {}, "not-member"],
    ["an operator", DAN, true, {}, "none"],
    ["a member, locked", BEN, false, { rules: { join: "password" } }, "not-allowed"],
    ["a member, read-only", BEN, false, { isClosed: true }, "not-allowed"],
    ["the creator, locked", ANA, false, { rules: { join: "password" } }, "none"],
    ["the creator, read-only", ANA, false, { isClosed: true }, "none"],
    ["an operator, locked", DAN, true, { rules: { join: "password" } }, "none"],
    ["the creator, sealed", ANA, false, { isSealed: true }, "sealed-room"],
    ["a muted member", BEN, false, { muted: new Map([[BEN, undefined]]) }, "muted"],
    ["a member whose mute ended", BEN, false, { muted: new Map([[BEN, 0]]) }, "none"],
  ] as const)("by %s: %p %p %p is %s", (_who, user, isOperator, change, outcome) => {
    expect(state(change).act(user, invite, isOperator)).toBe(outcome);
  });

  roomsTest("is made once, and not for members", (testRooms) => {
    expect(testRooms.act(ANA, { kind: "admission", ...EVE_CONCERNED })).toBe("not-allowed");
    expect(testRooms.act(BEN, invite)).toBe("none");
    expect(testRooms.act(ANA, invite)).toBe("not-allowed");
    expect([...testRooms.room.invited]).toEqual([[DAN, BEN]]);
    expect(testRooms.act(ANA, { ...invite, room: DIRECT })).toBe("not-allowed");
  });

  roomsTest("is withdrawn by a kick", (testRooms) => {
    const kick = { ...dan, kind: "kick", reason: "a mistake" } as const;
    expect(testRooms.act(ANA, kick)).toBe("not-member");
    testRooms.act(BEN, invite);
    expect(testRooms.act(BEN, kick)).toBe("not-allowed");
    const drafts = actionDrafts(testRooms.rooms, { user: ANA, isOperator: false }, kick, 0);
    const body = { user: DAN, name: dan.name, on: false };
    expect(drafts).toEqual([{ kind: "admission", room: ROOM, by: ANA, id: "", body }]);
    expect(testRooms.act(ANA, kick)).toBe("none");
    expect(testRooms.act(ANA, kick)).toBe("not-member");
  });

  roomsTest("is limited per room and per user", (testRooms) => {
    const number = (at: number) => `u${String(at).padStart(11, "0")}` as UserId;
    for (let at = 1; at < INVITED_PER_ROOM_MAX; at++) testRooms.room.invited.set(number(at), ANA);
    expect(testRooms.act(BEN, invite)).toBe("none");
    expect(testRooms.act(BEN, { ...invite, user: number(0) })).toBe("too-many");
    testRooms.room.invited.clear();
    const body = { user: EVE, on: true };
    const inviteElsewhere = (at: number) => {
      const room = `r${String(at).padStart(11, "0")}`;
      testRooms.write("room", room, ANA, { name: `r-${at}` });
      testRooms.write("admission", room, ANA, body);
    };
    testRooms.act(ANA, { kind: "kick", ...EVE_CONCERNED });
    for (let at = 1; at < INVITATIONS_PER_USER_MAX; at++) inviteElsewhere(at);
    expect(testRooms.act(BEN, { kind: "admission", ...EVE_CONCERNED })).toBe("none");
    testRooms.act(ANA, { kind: "kick", ...EVE_CONCERNED });
    inviteElsewhere(INVITATIONS_PER_USER_MAX);
    expect(testRooms.act(BEN, { kind: "admission", ...EVE_CONCERNED })).toBe("too-many");
  });
});

describe("named room", () => {
  const lobby = "rLLLLLLLLLLL" as RoomId;
  const day = RETENTION_MS_MIN;
  const [dev, taken] = [checkName("dev"), checkName("ops")];
  test.each([
    ["a moderator", ANA, false, { kind: "close", room: ROOM, on: true }, "not-allowed"],
    ["an operator", EVE, true, { kind: "close", room: ROOM, on: true }, "none"],
    ["an operator", EVE, true, { kind: "close", room: DIRECT, on: true }, "not-allowed"],
    ["an operator", EVE, true, { kind: "close", room: lobby, on: true }, "not-allowed"],
    ["an operator", EVE, true, { kind: "remove", room: ROOM }, "none"],
    ["an operator", EVE, true, { kind: "remove", room: lobby }, "not-allowed"],
    ["an operator", EVE, true, { kind: "rename", room: lobby, to: dev }, "not-allowed"],
    ["an operator", EVE, true, { kind: "rename", room: ROOM, to: taken }, "name-taken"],
    ["an operator", EVE, true, { kind: "rename", room: ROOM, to: checkName("DEV") }, "none"],
    ["an operator", EVE, true, { kind: "retention", room: lobby, keepMs: day }, "none"],
    ["a moderator", ANA, false, { kind: "retention", room: ROOM, keepMs: day }, "not-allowed"],
  ] as const)("%s: %s %p %p is %s", (_who, user, isOperator, act, outcome) => {
    const testRooms = new TestRooms();
    testRooms.write("room", lobby, "server", { name: "lobby" });
    testRooms.write("room", "rSSSSSSSSSSS", ANA, { name: "ops" });
    expect(testRooms.act(user, act, isOperator)).toBe(outcome);
  });

  roomsTest("is removed once", (testRooms) => {
    testRooms.act(EVE, { kind: "remove", room: ROOM }, true);
    expect(testRooms.act(EVE, { kind: "remove", room: ROOM }, true)).toBe("room-unknown");
  });

  roomsTest("keeps messages for a time or permanently", (testRooms) => {
    testRooms.act(EVE, { kind: "retention", room: ROOM, keepMs: day }, true);
    expect(testRooms.room.retention).toEqual({ keepMs: day, by: EVE });
    expect([...testRooms.rooms.retained()]).toEqual([testRooms.room.id]);
    testRooms.act(EVE, { kind: "retention", room: ROOM, keepMs: undefined }, true);
    for (const keepMs of [`${day}`, day - 1, undefined]) {
      expect(testRooms.room.retention).toBeUndefined();
      testRooms.write("retention", ROOM, EVE, { keepMs });
    }
    expect([...testRooms.rooms.retained()]).toEqual([]);
  });

  roomsTest("records renamed and removed members only", (testRooms) => {
    const [eve, zoe] = [checkName("eve"), checkName("zoe")];
    const renamed = { kind: "renamed", room: ROOM, user: EVE, was: eve, to: zoe } as const;
    expect(testRooms.act(ANA, renamed)).toBe("none");
    expect(testRooms.ledger.records.at(-1)?.head).toMatchObject({ kind: "rename", room: ROOM });
    expect(testRooms.act(ANA, { kind: "gone", room: ROOM, user: EVE, name: zoe })).toBe("none");
    expect(testRooms.room.members.has(EVE)).toBe(false);
    expect(testRooms.act(ANA, renamed)).toBe("not-member");
    expect(testRooms.act(ANA, { kind: "gone", room: ROOM, user: EVE, name: zoe })).toBe(
      "not-member",
    );
  });

  roomsTest("is removed with its last member unless it has messages", (testRooms) => {
    testRooms.write("room", "rSSSSSSSSSSS", EVE, { name: "ops" });
    testRooms.write("join", "rSSSSSSSSSSS", EVE);
    const room = "rSSSSSSSSSSS" as RoomId;
    testRooms.act(EVE, { ...EVE_CONCERNED, kind: "renamed", room, was: dev, to: dev });
    expect(testRooms.rooms.holderOf(taken)?.id).toBe(room);
    testRooms.act(EVE, { kind: "kick", ...EVE_CONCERNED, room });
    expect(testRooms.rooms.holderOf(taken)).toBeUndefined();
    testRooms.write("room", "rTTTTTTTTTTT", EVE, { name: "ops" });
    testRooms.write("join", "rTTTTTTTTTTT", EVE);
    testRooms.act(EVE, { ...EVE_CONCERNED, kind: "gone", room: "rTTTTTTTTTTT" as RoomId });
    expect(testRooms.rooms.holderOf(taken)).toBeUndefined();
    for (const user of [BEN, EVE, ANA])
      testRooms.act(ANA, { ...EVE_CONCERNED, kind: "kick", user });
    expect(testRooms.rooms.holderOf(dev)?.members.size).toBe(0);
  });
});

describe("pinned message", () => {
  const message = { room: ROOM, seq: 5, author: BEN };
  const pin = (on: boolean, more = {}): RoomAction => ({ kind: "pin", on, ...message, ...more });

  roomsTest("is pinned once, by a moderator or either user of a conversation", (testRooms) => {
    expect(testRooms.act(BEN, pin(true))).toBe("not-allowed");
    expect(testRooms.act(ANA, pin(false))).toBe("not-found");
    expect(testRooms.act(ANA, pin(true))).toBe("none");
    expect(testRooms.act(ANA, pin(true))).toBe("not-allowed");
    expect(testRooms.act(BEN, pin(true, { room: DIRECT, seq: 7 }))).toBe("none");
    expect(testRooms.act(EVE, pin(false, { room: DIRECT, seq: 7 }), true)).toBe("not-allowed");
    expect(testRooms.act(ANA, pin(false))).toBe("none");
    expect(testRooms.room.pins).toEqual([]);
    testRooms.act(BEN, { kind: "erase", ...message });
    expect(testRooms.act(ANA, pin(true))).toBe("not-found");
  });

  roomsTest("is limited to PINS_MAX per room", (testRooms) => {
    for (let i = 0; i <= PINS_MAX; i++) testRooms.write("text", ROOM, BEN, { text: "x" });
    for (let i = 0; i < PINS_MAX; i++)
      expect(testRooms.act(ANA, pin(true, { seq: 8 + i }))).toBe("none");
    expect(testRooms.act(ANA, pin(true, { seq: 8 + PINS_MAX }))).toBe("too-many");
    expect(testRooms.act(ANA, pin(false, { seq: 8 }))).toBe("none");
  });
});

test("receipts are switched only by moderators, or either user of a conversation", () => {
  const testRooms = new TestRooms();
  const turn = (user: typeof ANA, on: boolean, room = ROOM) =>
    testRooms.act(user, { kind: "receipts", room, on });
  expect([turn(BEN, true), turn(ANA, false), turn(ANA, true), turn(ANA, true)]).toEqual([
    ...(["not-allowed", "not-allowed", "none", "not-allowed"] as const),
  ]);
  expect([turn(BEN, true, DIRECT), turn(BEN, true, DIRECT)]).toEqual(["none", "not-allowed"]);
  expect([turn(ANA, true, DIRECT), turn(ANA, false, DIRECT)]).toEqual(["none", "none"]);
  const notes = "dNNNNNNNNNNN" as RoomId;
  testRooms.write("room", notes, "server", { direct: [ANA, ANA] });
  expect(turn(ANA, true, notes)).toBe("not-allowed");
});

test("a hand is raised by its owner, and lowered by its owner, a moderator or a departure", () => {
  const testRooms = new TestRooms();
  const hand = (by: typeof ANA, user: typeof ANA, on: boolean) =>
    testRooms.act(by, {
      kind: "hand",
      room: ROOM,
      on,
      user,
      name: checkName("x"),
      isOperator: false,
    });
  const raised = () => [...testRooms.room.hands];
  expect([hand(BEN, BEN, true), hand(BEN, BEN, true), hand(ANA, ANA, true)]).toEqual([
    ...(["none", "not-allowed", "none"] as const),
  ]);
  expect(raised()).toEqual([BEN, ANA]);
  const other = new Rooms();
  other.load(structuredClone(testRooms.rooms.value()));
  expect([...(other.get(ROOM)?.hands ?? [])]).toEqual([BEN, ANA]);
  expect([hand(BEN, ANA, false), hand(ANA, BEN, false), hand(ANA, BEN, true)]).toEqual([
    ...(["not-allowed", "none", "not-allowed"] as const),
  ]);
  expect(hand(BEN, BEN, true)).toBe("none");
  testRooms.write("leave", ROOM, BEN, {});
  expect(raised()).toEqual([ANA]);
});

test("a moderator calls on one member at a time, until one of them ends it", () => {
  const testRooms = new TestRooms();
  const name = checkName("x");
  const act = (by: typeof ANA, user: typeof ANA, on: boolean, call = false) =>
    testRooms.act(by, { kind: "hand", room: ROOM, on, call, user, name, isOperator: false });
  const state = () => {
    const { hands, called } = testRooms.room;
    return [[...hands], called];
  };
  // Also without a raised hand.
  expect([act(ANA, BEN, false, true), act(BEN, BEN, true)]).toEqual(["none", "none"]);
  expect(state()).toEqual([[BEN], undefined]);
  expect([act(BEN, BEN, false, true), act(ANA, BEN, false, true)]).toEqual([
    ...(["not-allowed", "none"] as const),
  ]);
  expect(state()).toEqual([[], BEN]);
  const other = new Rooms();
  other.load(structuredClone(testRooms.rooms.value()));
  expect(other.get(ROOM)?.called).toBe(BEN);
  expect([act(ANA, BEN, false, true), act(ANA, BEN, false)]).toEqual(["not-allowed", "none"]);
  expect(state()).toEqual([[], undefined]);
  act(BEN, BEN, true);
  act(ANA, ANA, true);
  act(ANA, BEN, false, true);
  expect(act(ANA, ANA, false, true)).toBe("none");
  expect(state()).toEqual([[], ANA]);
  act(BEN, BEN, true);
  act(ANA, BEN, false, true);
  expect(act(BEN, BEN, false)).toBe("none");
  expect(act(BEN, BEN, false)).toBe("not-allowed");
  act(BEN, BEN, true);
  act(ANA, BEN, false, true);
  testRooms.write("leave", ROOM, BEN, {});
  expect(state()).toEqual([[], undefined]);
});

test("a muted member lowers their own hand, also in a read-only room", () => {
  const testRooms = new TestRooms();
  const hand = (on: boolean) =>
    testRooms.act(BEN, {
      kind: "hand",
      room: ROOM,
      user: BEN,
      name: checkName("ben"),
      isOperator: false,
      on,
    });
  expect(hand(true)).toBe("none");
  testRooms.write("mute", ROOM, ANA, { user: BEN, name: "ben", on: true });
  testRooms.write("close", ROOM, ANA, { on: true });
  expect([hand(false), hand(true)]).toEqual(["none", "not-allowed"]);
  expect([...testRooms.room.hands]).toEqual([]);
});

roomsTest("advises a second moderator that nothing remains to be done", ({ rooms }) => {
  const drafts = (act: RoomAction) => actionDrafts(rooms, { user: ANA, isOperator: false }, act, 0);
  const eve = { room: ROOM, user: EVE, name: checkName("eve") };
  const remedy = "no action is needed";
  expect(() => drafts({ kind: "hand", on: false, isOperator: false, ...eve })).toThrow(
    expect.objectContaining({ code: "not-allowed", remedy }),
  );
  expect(() => drafts({ kind: "admission", isOperator: false, ...eve })).toThrow(
    expect.objectContaining({ code: "not-allowed", remedy }),
  );
});

test("at most HANDS_MAX hands are raised", () => {
  const testRooms = new TestRooms();
  for (let i = 0; i < HANDS_MAX; i++) {
    const user = `a${String(i).padStart(11, "0")}` as UserId;
    testRooms.write("join", ROOM, user, {});
    testRooms.write("hand", ROOM, user, { user, name: "x", on: true });
  }
  const act = { kind: "hand", room: ROOM, on: true, name: checkName("ana") } as const;
  expect(testRooms.act(ANA, { ...act, user: ANA, isOperator: false })).toBe("too-many");
  testRooms.write("hand", ROOM, ANA, { user: ANA, name: "ana", on: true });
  expect(testRooms.room.hands.size).toBe(HANDS_MAX);
});

roomsTest("imports are only for moderators", ({ rooms }) => {
  const imports = (user: typeof ANA, to: string, isOperator = false) =>
    faultCode(() => checkMayImport({ rooms, isOperator }, user, to));
  expect([imports(ANA, "dev"), imports(BEN, "dev"), imports(BEN, "dev", true)]).toEqual([
    ...(["none", "not-allowed", "none"] as const),
  ]);
  expect([imports(ANA, "@ben", true), imports(ANA, "nowhere", true)]).toEqual([
    ...(["not-allowed", "room-unknown"] as const),
  ]);
});

roomsTest("a mute ends exactly at its time", (testRooms) => {
  testRooms.act(ANA, { kind: "mute", on: true, until: 1_000, ...EVE_CONCERNED });
  const speaks = (unixMs: number) => faultCode(() => checkMayPost(testRooms.room, EVE, unixMs));
  expect([speaks(999), speaks(1_000)]).toEqual(["muted", "none"]);
  testRooms.act(ANA, { kind: "mute", on: true, ...EVE_CONCERNED });
  expect(speaks(1e15)).toBe("muted");
  // Older servers recorded times outside the range of dates.
  testRooms.act(ANA, { kind: "mute", on: true, until: 2 ** 53 - 1, ...EVE_CONCERNED });
  expect(speaks(1e15)).toBe("muted");
  const lifted: RoomAction = { kind: "mute", on: false, until: 1_000, ...EVE_CONCERNED };
  const [draft] = actionDrafts(testRooms.rooms, { user: ANA, isOperator: false }, lifted, 0);
  expect(draft?.body).toEqual({ user: EVE, name: EVE_CONCERNED.name, on: false });
  testRooms.act(ANA, lifted);
  expect(speaks(0)).toBe("none");
});

describe("posted messages", () => {
  const message = { room: ROOM, seq: 5, author: BEN };
  const secret = { room: DIRECT, seq: 7, author: BEN };

  test.each([
    ["their author", BEN, false, { kind: "edit", text: "x", ...message }, "none"],
    ["the maker", ANA, false, { kind: "edit", text: "x", ...message }, "not-allowed"],
    ["an operator", EVE, true, { kind: "edit", text: "x", ...message }, "not-allowed"],
    ["their author", BEN, false, { kind: "erase", ...message }, "none"],
    ["the maker", ANA, false, { kind: "erase", ...message }, "none"],
    ["another", EVE, false, { kind: "erase", ...message }, "not-allowed"],
    ["an operator", EVE, true, { kind: "erase", ...message }, "none"],
    ["their author", BEN, false, { kind: "erase", ...secret }, "none"],
    ["the other of two", ANA, false, { kind: "erase", ...secret }, "not-allowed"],
    ["an operator", EVE, true, { kind: "erase", ...secret }, "not-allowed"],
  ] as const)("%s: %p %p %p is %s", (_who, user, isOperator, act, outcome) => {
    expect(new TestRooms().act(user, act, isOperator)).toBe(outcome);
  });

  roomsTest("are not edited in plain text in a sealed room", (testRooms) => {
    testRooms.room.isSealed = true;
    expect(testRooms.act(BEN, { kind: "edit", text: "x", ...message })).toBe("sealed-room");
  });

  roomsTest("are edited a limited number of times, only by members who may post", (testRooms) => {
    const edit = { kind: "edit", text: "x", ...message } as const;
    for (let i = 0; i < EDITS_PER_RECORD_MAX; i++) expect(testRooms.act(BEN, edit)).toBe("none");
    expect(testRooms.act(BEN, edit)).toBe("too-many");
    testRooms.act(ANA, { kind: "mute", on: true, ...EVE_CONCERNED, user: BEN });
    expect(testRooms.act(BEN, edit)).toBe("muted");
    testRooms.act(ANA, { kind: "close", room: ROOM, on: true }, true);
    expect(testRooms.act(BEN, edit)).toBe("not-allowed");
  });

  roomsTest("are erased together if not yet erased", (testRooms) => {
    testRooms.write("text", ROOM, EVE, { text: "more" });
    testRooms.act(BEN, { kind: "edit", text: "x", ...message });
    testRooms.act(EVE, { kind: "erase", room: ROOM, seq: 8, author: EVE });
    const erase = { kind: "erase-many", room: ROOM, seqs: [5, 8], isRetention: true } as const;
    expect(testRooms.act(ANA, erase)).toBe("none");
    const order = testRooms.ledger.records.at(-1);
    expect(order && [erasuresOf(order), parseBody(order)?.["retention"]]).toEqual([[5, 9], true]);
    expect(testRooms.act(ANA, erase)).toBe("not-found");
  });

  roomsTest("are erased once with their edits, and cannot change afterwards", (testRooms) => {
    testRooms.act(BEN, { kind: "edit", text: "x", ...message });
    testRooms.act(BEN, { kind: "edit", text: "y", ...message });
    expect(testRooms.rooms.editsOf(5)).toEqual([8, 9]);
    expect(testRooms.act(BEN, { kind: "erase", ...message })).toBe("none");
    const order = testRooms.ledger.records.at(-1);
    if (order === undefined) throw new Error("no record");
    expect(erasuresOf(order)).toEqual([5, 8, 9]);
    expect([testRooms.rooms.isErased(5), testRooms.rooms.isErased(8)]).toEqual([true, true]);
    expect(testRooms.act(BEN, { kind: "erase", ...message })).toBe("not-found");
    expect(testRooms.act(BEN, { kind: "edit", text: "z", ...message })).toBe("not-found");
  });
});
