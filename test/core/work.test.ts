import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../src/base/ids.ts";
import { checkName } from "../../src/base/names.ts";
import { Rooms } from "../../src/core/room.ts";
import { outboxGate, type PostWork, postKey, roomGate } from "../../src/core/work.ts";
import { ANA, BEN, BOX, Ledger, OTHER_BOX, ROOM } from "./ledger.ts";

const DIRECT = "dDDDDDDDDDDDDDDDDDDDDDD" as RoomId;
const asker = { peer: 1, user: ANA, ref: 1 };
const wish = { name: checkName("LobbY"), passwordFits: false, create: undefined };

function postIn(to: RoomId, more: Partial<PostWork> = {}): PostWork {
  const draft = { kind: "text", by: ANA, id: "", body: {} } as const;
  return { kind: "post", user: ANA, outbox: BOX, counter: 1, draft, to, askers: [], ...more };
}

describe("gates", () => {
  test("all that touches one room by its name, made or not, goes through one", () => {
    const rooms = new Rooms();
    const before = roomGate({ kind: "join", asker, wish }, rooms);
    rooms.apply(new Ledger().write("room", ROOM, "server", { name: "lobby" }));
    const gates = [
      roomGate(postIn(ROOM), rooms),
      roomGate({ kind: "join", asker, wish }, rooms),
      roomGate({ kind: "enter", asker }, rooms),
      roomGate({ kind: "leave", asker, room: checkName("LOBBY") }, rooms),
      roomGate({ kind: "topic", asker, room: checkName("lobby"), topic: "" }, rooms),
    ];
    expect(new Set([before, ...gates]).size).toBe(1);
    const other = { kind: "leave", asker, room: checkName("dev") } as const;
    expect(roomGate(other, rooms)).not.toBe(before);
  });

  test("a conversation has one, whether it was begun or not", () => {
    const rooms = new Rooms();
    const meet = { kind: "meet", room: DIRECT, pair: [ANA, BEN] } as const;
    const gate = roomGate(meet, rooms);
    expect(roomGate(postIn(DIRECT), rooms)).toBe(gate);
    rooms.apply(new Ledger().write("room", DIRECT, "server", { direct: [ANA, BEN] }));
    expect(roomGate(postIn(DIRECT), rooms)).toBe(gate);
  });

  test("each outbox of each account has its own, and no room's", () => {
    const works = [{}, { user: BEN }, { outbox: OTHER_BOX }].map((more) => postIn(ROOM, more));
    const gates = works.map(outboxGate);
    expect(new Set([...gates, roomGate(postIn(ROOM), new Rooms())]).size).toBe(4);
    expect(outboxGate(postIn(DIRECT, { counter: 2 }))).toBe(gates[0] ?? "");
  });

  test("each post has its own key", () => {
    const keys = [postKey(ANA, BOX, 1), postKey(ANA, BOX, 11), postKey(BEN, BOX, 1)];
    expect(new Set([...keys, postKey(ANA, OTHER_BOX, 1)]).size).toBe(4);
  });
});
