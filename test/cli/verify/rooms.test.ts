import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { VERIFIED_RECORDS_MAX } from "../../../src/base/limits.ts";
import { verifyRooms } from "../../../src/cli/verify/proof.ts";
import type { Client } from "../../../src/client/client.ts";
import type { ChatRecord, RoomView } from "../../../src/core/client/chat-record.ts";

const LOBBY: RoomView = { kind: "room", name: "lobby", id: "r1" as RoomId, topic: "" };
const BEN: RoomView = { kind: "person", name: "ben", id: "r2" as RoomId, topic: "" };

type Place = readonly [n: number, seq: number];

/** Server with pages of records; `gone` refuses requests, as after a kick. */
class Rooms implements Pick<Client, "history" | "rooms"> {
  rooms = [LOBBY, BEN];
  readonly asked: string[] = [];
  readonly #places: Readonly<Record<string, readonly Place[]>>;
  gone: string | undefined;
  changed: Readonly<Record<number, Partial<ChatRecord>>> = {};

  constructor(places: Readonly<Record<string, readonly Place[]>>) {
    this.#places = places;
  }

  history: Client["history"] = async ({ target = "", kinds, before = Infinity, limit }) => {
    expect(kinds).toEqual(["all"]);
    this.asked.push(target);
    if (target === this.gone) {
      this.rooms = this.rooms.filter(({ name }) => name !== target);
      throw new Fault("not-member", "you are not in it");
    }
    const places = (this.#places[target] ?? []).filter(([, seq]) => seq < before);
    const records = places.slice(-limit).map(([n, seq]): ChatRecord => {
      const rest = { timeUnixMs: 0, kind: "text", room: LOBBY, from: "ben", id: "" };
      return { ...rest, n, seq, state: "whole", body: {}, ...this.changed[seq] };
    });
    return { records, more: places.length > limit };
  };
}

const dense = (count: number, from = 0): Place[] =>
  Array.from({ length: count }, (_, i) => [i + 1, from + 2 * i + 1]);

test("reports no findings for complete rooms of any number of pages", async () => {
  const rooms = new Rooms({ lobby: dense(2_500), "@ben": dense(3, 1) });
  expect(await verifyRooms(rooms, false)).toEqual({
    findings: [],
    records: 2_503,
    rooms: 2,
    isBounded: false,
  });
  expect(rooms.asked).toEqual(["lobby", "lobby", "lobby", "@ben"]);
});

test("reports a gap with the record after it", async () => {
  const lobby = dense(1_500).toSpliced(499, 1);
  const rooms = new Rooms({ lobby, "@ben": dense(5).slice(1) });
  const { findings } = await verifyRooms(rooms, false);
  expect(findings).toEqual([
    { seq: 3, reason: "records are missing: the first is number 2 in @ben" },
    { seq: 1_001, reason: "records are missing: number 501 follows number 499 in #lobby" },
  ]);
});

test.each<[string, Place[], string]>([
  ["one that comes twice", dense(3).with(2, [2, 5]), "number 2 follows number 2 in #lobby"],
  ["one out of order", dense(3).with(1, [2, 7]), "seq 5 follows 7 in #lobby"],
])("%s is a finding", async (_, lobby, reason) => {
  const { findings } = await verifyRooms(new Rooms({ lobby }), false);
  expect(findings.map(({ reason }) => reason)).toEqual([reason]);
});

test("reads VERIFIED_RECORDS_MAX records of a room, or all with --all", async () => {
  const count = VERIFIED_RECORDS_MAX + 1;
  const rooms = new Rooms({ lobby: dense(count).toSpliced(0, 1, [7, 1]) });
  expect(await verifyRooms(rooms, false)).toEqual({
    findings: [],
    records: VERIFIED_RECORDS_MAX,
    rooms: 2,
    isBounded: true,
  });
  const { findings, isBounded } = await verifyRooms(rooms, true);
  expect([findings.length, isBounded]).toEqual([1, false]);
});

test("skips a room that the user was removed from meanwhile", async () => {
  const rooms = new Rooms({ "@ben": dense(3) });
  rooms.gone = "lobby";
  expect(await verifyRooms(rooms, false)).toMatchObject({ findings: [], records: 3, rooms: 1 });
  const broken = { rooms: [LOBBY], history: () => Promise.reject(new Fault("timeout", "late")) };
  expect(await verifyRooms(broken, false).catch((fault: Fault) => fault.code)).toBe("timeout");
});

test("reports a damaged or withheld record", async () => {
  const rooms = new Rooms({ lobby: dense(5) });
  rooms.changed = { 3: { state: "damaged", body: undefined } };
  const { findings } = await verifyRooms(rooms, false);
  expect(findings).toEqual([{ seq: 3, reason: "its content is damaged or withheld in #lobby" }]);
});

test("reports an erased record without an erase record in its room", async () => {
  const rooms = new Rooms({ lobby: dense(1_500), "@ben": dense(3, 1) });
  const erased = { state: "erased", body: undefined } as const;
  const order = (seq: number, ...also: number[]) => ({ kind: "erase", body: { seq, also } });
  // Records 3 and 5 are on a different page from their `erase` record. The `erase` record that
  // names record 9 is in another room.
  rooms.changed = { 3: erased, 5: erased, 9: erased, 2999: order(3, 5), 6: order(9) };
  const { findings } = await verifyRooms(rooms, false);
  expect(findings).toEqual([{ seq: 9, reason: "deleted without a request in #lobby" }]);
});
