import type { RoomId } from "../base/ids.ts";
import type { Registry } from "../core/registry.ts";
import type { Room } from "../core/room.ts";
import type { Listener } from "../io/link.ts";
import { encode, type Outgoing } from "../wire/codec.ts";
import type { WireRecord } from "../wire/messages.ts";
import type { LogRecord } from "../wire/record.ts";

/** Packs once and publishes the bytes: one topic a room, on every transport. */
export class FanOut {
  readonly #listeners = new Set<Listener>();

  add(listener: Listener): void {
    this.#listeners.add(listener);
  }

  publish(room: RoomId, message: Outgoing): void {
    const bytes = encode(message);
    for (const listener of this.#listeners) listener.publish(topicOf(room), bytes);
  }
}

export function topicOf(room: RoomId): string {
  return room;
}

/** A record as readers get it: head and body as the bytes that stand in the log. */
export function wireRecord(record: LogRecord, registry: Registry): WireRecord {
  const { head, headBytes, salt, bodyBytes, erased, damaged } = record;
  const from = registry.nameOf(head.by);
  return {
    head: headBytes,
    ...(salt === undefined || bodyBytes === undefined ? {} : { salt, body: bodyBytes }),
    ...(erased === undefined ? {} : { erased }),
    ...(damaged === true ? { damaged } : {}),
    ...(from === undefined ? {} : { from }),
  };
}

/** A room as `reader` knows it: by its name, or by the other person's. */
export function roomEntry(
  room: Room,
  reader: string,
  registry: Registry,
): { room: string; name?: string; with?: string; topic?: string } {
  if (room.name !== undefined) {
    return { room: room.id, name: room.name, ...(room.topic === "" ? {} : { topic: room.topic }) };
  }
  const [one, other] = room.pair ?? [];
  const partner = one === reader ? other : one;
  const name = partner === undefined ? undefined : registry.nameOf(partner);
  return { room: room.id, ...(name === undefined ? {} : { with: name }) };
}
