import { expect, test } from "bun:test";
import { ROOM_CHALKS } from "../../../src/base/limits.ts";
import { actionDrafts } from "../../../src/core/rooms/moderation.ts";
import { type ProfileChange, shownFace } from "../../../src/core/rooms/profiles.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { bodyOf, type LogRecord } from "../../../src/wire/record.ts";
import { faultCode } from "../../fault-code.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

class FaceRooms {
  readonly rooms = new Rooms();
  readonly ledger = new Ledger();
  readonly records: LogRecord[] = [];

  constructor(sealed?: true) {
    for (const [kind, by, body] of [
      ["room", ANA, { name: "dev", sealed }],
      ["join", ANA, {}],
      ["join", BEN, {}],
    ] as const)
      this.rooms.apply(this.ledger.write(kind, ROOM, by, body));
  }

  set(change: ProfileChange, { by = ANA, isOperator = false } = {}): string {
    return faultCode(() => this.#act({ kind: "profile", room: ROOM, change }, by, isOperator));
  }

  erase(seq: number): void {
    this.#act({ kind: "erase", room: ROOM, seq, author: ANA }, ANA, false);
  }

  #act(action: Parameters<typeof actionDrafts>[2], user: typeof ANA, isOperator: boolean): void {
    for (const draft of actionDrafts(this.rooms, { user, isOperator }, action, 0)) {
      const record = this.ledger.append(draft);
      this.records.push(record);
      this.rooms.apply(record);
    }
  }

  get seq(): number {
    return this.records.at(-1)?.head.seq ?? 0;
  }

  get room() {
    const { title, face } = this.rooms.get(ROOM) ?? {};
    return { title, face };
  }
}

test("moderators and operators choose a face, and members do not", () => {
  const dev = new FaceRooms();
  expect(dev.set({ mark: "🌋" }, { by: BEN })).toBe("not-allowed");
  expect(dev.room.face).toBeUndefined();
  expect(dev.set({ mark: "🌋" })).toBe("none");
  expect(dev.set({ chalk: 12 }, { by: EVE, isOperator: true })).toBe("none");
  expect(dev.room.face).toEqual({ mark: "🌋", chalk: 12 });
});

test("a change keeps the other fields, and records only what differs", () => {
  const dev = new FaceRooms();
  dev.set({ title: "Volcanoes", mark: "🌋", chalk: 3 });
  dev.set({ title: "Volcanoes", mark: "🔬", chalk: 3 });
  expect(dev.room).toEqual({ title: "Volcanoes", face: { mark: "🔬", chalk: 3 } });
  const bodies = dev.records.map((record) => bodyOf(record, "profile"));
  expect(bodies).toEqual([{ title: "Volcanoes", mark: "🌋", chalk: 3 }, { mark: "🔬" }]);
  dev.set({ mark: "", chalk: 0 });
  expect(dev.room).toEqual({ title: "Volcanoes", face: undefined });
});

test("an erased record takes what it has set, and nothing that was set later", () => {
  const dev = new FaceRooms();
  dev.set({ title: "Volcanoes", mark: "🌋", chalk: 3 });
  const first = dev.seq;
  dev.set({ chalk: 5 });
  dev.erase(first);
  expect(dev.room).toEqual({ title: undefined, face: { chalk: 5 } });
  const second = new FaceRooms();
  second.set({ mark: "AB", chalk: 3 });
  const { seq } = second;
  second.set({ mark: "🌋" });
  second.erase(seq);
  expect(second.room.face).toEqual({ mark: "🌋" });
});

test("an encrypted room has no face, which the server would read", () => {
  const dev = new FaceRooms(true);
  expect([dev.set({ mark: "🌋" }), dev.set({ chalk: 1 })]).toEqual(["sealed-room", "sealed-room"]);
  expect(dev.set({ mark: "", chalk: 0 })).toBe("none");
});

test("faces of a later version count as absent", () => {
  expect(shownFace({ mark: "🌋🔬", chalk: ROOM_CHALKS + 1 })).toBeUndefined();
  expect(shownFace({ mark: "\u202e", chalk: ROOM_CHALKS })).toEqual({ chalk: ROOM_CHALKS });
  expect(shownFace({ mark: "8B", chalk: 0 })).toEqual({ mark: "8B" });
  expect(shownFace(undefined)).toBeUndefined();
});
