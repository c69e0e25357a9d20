import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { checkName } from "../../../src/base/names.ts";
import { type PostCommand, roomLock } from "../../../src/core/rooms/commands.ts";
import { OutboxHistory } from "../../../src/core/rooms/dedup.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { ANA, BEN, BOX, Ledger, ROOM } from "../ledger.ts";

const DIRECT = "dDDDDDDDDDDDDDDDDDDDDDD" as RoomId;
const requester = { id: 1, user: ANA, session: 1 };
const options = { name: checkName("LobbY"), create: undefined };

function postIn(to: RoomId): PostCommand {
  const draft = { kind: "text", by: ANA, id: "", body: {} } as const;
  const outbox = new OutboxHistory<PostCommand>(BOX);
  const state = { isAppending: false, requesters: [] };
  const body = { text: "" };
  const request = { kind: "post", ref: 1, outbox: BOX, counter: 1, to: "", body } as const;
  return {
    kind: "post",
    user: ANA,
    outbox,
    counter: 1,
    request,
    destination: { draft, to },
    ...state,
  };
}

describe("locks", () => {
  test("uses one lock per room name, existing or not", () => {
    const rooms = new Rooms();
    const before = roomLock({ kind: "join", requester, options }, rooms);
    rooms.apply(new Ledger().write("room", ROOM, "server", { name: "lobby" }));
    const gates = [
      roomLock(postIn(ROOM), rooms),
      roomLock({ kind: "join", requester, options }, rooms),
      roomLock({ kind: "enter", requester }, rooms),
      roomLock({ kind: "leave", requester, room: checkName("LOBBY") }, rooms),
      roomLock({ kind: "topic", requester, room: checkName("lobby"), topic: "" }, rooms),
    ];
    expect(new Set([before, ...gates]).size).toBe(1);
    const other = { kind: "leave", requester, room: checkName("dev") } as const;
    expect(roomLock(other, rooms)).not.toBe(before);
  });

  test("uses one lock per conversation, existing or not", () => {
    const rooms = new Rooms();
    const meet = { kind: "meet", user: ANA, room: DIRECT, pair: [ANA, BEN] } as const;
    const lock = roomLock(meet, rooms);
    expect(roomLock(postIn(DIRECT), rooms)).toBe(lock);
    rooms.apply(new Ledger().write("room", DIRECT, "server", { direct: [ANA, BEN] }));
    expect(roomLock(postIn(DIRECT), rooms)).toBe(lock);
  });
});
