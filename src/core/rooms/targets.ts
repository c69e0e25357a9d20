/** Resolution of a target's text to a room or conversation. */

import { Fault, msg } from "../../base/fault.ts";
import { directRoomId, type RoomId, type Sha256, type UserId } from "../../base/ids.ts";
import { type Name, parseTarget } from "../../base/names.ts";
import type { Room, Rooms } from "./rooms.ts";
import type { Rights } from "./server-rules.ts";

export interface Directory<Person extends { readonly id: UserId } = { readonly id: UserId }> {
  find(name: Name): Person | undefined;
  /** Returns the fault if the account may not post. Omitted if every account may post. */
  refusal?(user: UserId, unixMs: number): Fault | undefined;
  readonly policy?: Rights["policy"];
}

export interface TargetOptions {
  readonly rooms: Rooms;
  readonly directory: Directory;
  readonly sha256: Sha256;
}

export interface ResolvedTarget {
  readonly id: RoomId;
  readonly room: Room | undefined;
  readonly peer: UserId | undefined;
}

/** Resolves `lobby` to the room, and `@ana` to the user's conversation with ana. */
export class TargetResolver {
  constructor(private readonly options: TargetOptions) {}

  /** @throws {Fault} name-invalid, room-unknown or user-unknown */
  resolve(user: UserId, text: string): ResolvedTarget {
    const { rooms, directory } = this.options;
    const { kind, name } = parseTarget(text);
    if (kind === "room") return toRoom(requireRoom(rooms, name));
    return this.#direct(user, requireUser(directory, name).id);
  }

  find(user: UserId, text: string): ResolvedTarget | undefined {
    const { rooms, directory } = this.options;
    const { kind, name } = parseTarget(text);
    if (kind === "room") {
      const room = rooms.find(name);
      return room === undefined ? undefined : toRoom(room);
    }
    const other = directory.find(name);
    return other === undefined ? undefined : this.#direct(user, other.id);
  }

  #direct(user: UserId, other: UserId): ResolvedTarget {
    const { rooms, sha256 } = this.options;
    const id = directRoomId(user, other, sha256);
    return { id, room: rooms.get(id), peer: other };
  }
}

function toRoom(room: Room): ResolvedTarget {
  return { id: room.id, room, peer: undefined };
}

export function requireRoom(rooms: Rooms, name: Name): Room {
  const room = rooms.find(name);
  if (room === undefined) throw new Fault("room-unknown", msg`no room named '${name}'`);
  return room;
}

/** @throws {Fault} room-unknown or not-member */
export function requireJoinedRoom(rooms: Rooms, user: UserId, name: Name): Room {
  const room = requireRoom(rooms, name);
  requireMember(room, user);
  return room;
}

export function requireMember(room: Room, user: UserId): void {
  if (room.members.has(user)) return;
  const { name } = room;
  throw new Fault("not-member", msg`you are not in '${name ?? "this conversation"}'`, {
    ...(name !== undefined && { remedy: msg`join it: chat join --room ${name}, or /join ${name}` }),
  });
}

export function requireUser<Person extends { readonly id: UserId }>(
  directory: Directory<Person>,
  name: Name,
): Person {
  const person = directory.find(name);
  if (person === undefined) throw new Fault("user-unknown", msg`no user named '${name}'`);
  return person;
}
