/** Draft of the next model, which copies only the values that an update changes. */

import type { RoomId } from "../../base/ids.ts";
import type { ModelEffect, ModelEvent } from "./event.ts";
import type { ItemBuffers, RoomDraft } from "./room.ts";
import { RoomTable } from "./room-table.ts";
import type { Model, RoomState } from "./state.ts";

export type EventHandlers<Event extends ModelEvent> = {
  readonly [Kind in Event["kind"]]: (
    draft: ModelDraft,
    event: Extract<Event, { readonly kind: Kind }>,
  ) => void;
};

export class ModelDraft {
  readonly effects: ModelEffect[] = [];
  readonly buffers: ItemBuffers;
  readonly fields: { -readonly [Key in keyof Model]: Model[Key] };
  readonly #before: Model;
  #rooms: Map<RoomId, RoomState> | undefined;
  readonly #copied = new Map<RoomId, RoomDraft>();

  constructor(model: Model) {
    this.#before = model;
    this.fields = { ...model };
    this.buffers = { itemsMax: model.itemsMax, ownedItems: new WeakMap() };
  }

  get rooms(): ReadonlyMap<RoomId, RoomState> {
    return this.#rooms ?? this.#before.rooms;
  }

  room(id: RoomId): RoomDraft | undefined {
    const copied = this.#copied.get(id);
    if (copied !== undefined) return copied;
    const room = this.rooms.get(id);
    return room === undefined ? undefined : this.putRoom({ ...room });
  }

  putRoom(room: RoomDraft): RoomDraft {
    this.#copied.set(room.id, room);
    this.#ownRooms().set(room.id, room);
    return room;
  }

  removeRoom(id: RoomId): void {
    this.#copied.delete(id);
    this.#ownRooms().delete(id);
  }

  removeRooms(): void {
    this.#copied.clear();
    this.#rooms = new Map();
  }

  build(): Model {
    const rooms = this.#rooms === undefined ? this.#before.rooms : new RoomTable(this.#rooms);
    return { ...this.fields, rooms };
  }

  #ownRooms(): Map<RoomId, RoomState> {
    this.#rooms ??= new Map(this.#before.rooms);
    return this.#rooms;
  }
}

export function inRoom<Event extends { readonly room: RoomId }>(
  handle: (draft: ModelDraft, room: RoomDraft, event: Event) => void,
): (draft: ModelDraft, event: Event) => void {
  return (draft, event) => {
    const room = draft.room(event.room);
    if (room !== undefined) handle(draft, room, event);
  };
}

export function setOperator(fields: ModelDraft["fields"], isOperator: boolean): void {
  fields.isOperator = isOperator;
  fields.notices = { ...fields.notices, isOperator };
}
