import type { RoomId } from "../../src/base/ids.ts";
import type { ChatRecord } from "../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import type { Model, RoomState } from "../../src/core/model/state.ts";
import { emptyModel, type Updated, updateAll } from "../../src/core/model/update.ts";

export const LOBBY = "lobby" as RoomId;
export const BEN = "d1" as RoomId;

export function record(seq: number, change: Partial<ChatRecord> = {}): ChatRecord {
  const room = { kind: "room", name: "lobby", id: LOBBY, topic: "" } as const;
  const timeUnixMs = 1_000_000 + seq * 1_000;
  const message = { kind: "text", from: "ben", id: "", state: "whole", body: { text: `${seq}` } };
  return { seq, n: seq, timeUnixMs, room, ...message, ...change } as ChatRecord;
}

export function recordEvent(seq: number, change: Partial<ChatRecord> = {}): ModelEvent {
  return { kind: "record", record: record(seq, change) };
}

export function seen(from: number, to: number, room = LOBBY): ModelEvent {
  return { kind: "seen", room, from, to, isPassed: false };
}

export function scene(...events: readonly ModelEvent[]): Updated {
  return updateAll(emptyModel(), [
    { kind: "entered", user: "ana" },
    { kind: "room", room: LOBBY, name: "lobby", n: 2, skipped: 0, read: 1 },
    { kind: "room", room: BEN, with: "ben", n: 1, skipped: 0, read: 0 },
    { kind: "caught-up" },
    ...events,
  ]);
}

export function lobbyOf(model: Model): RoomState {
  const room = model.rooms.get(LOBBY);
  if (room === undefined) throw new Error("no lobby");
  return room;
}
