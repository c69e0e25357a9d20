/** Resolution of a target's text to a room or conversation. */

import { Fault, msg, type Translatable } from "../../base/fault.ts";
import { boxId, directRoomId, type RoomId, type Sha256, type UserId } from "../../base/ids.ts";
import { boxNames, type Name, parseTarget, renamedRoom } from "../../base/names.ts";
import { didYouMean, nearestName } from "../../base/near-name.ts";
import type { Box, Room, Rooms } from "./rooms.ts";
import type { Rights } from "./server-rules.ts";

export interface Directory<Person extends { readonly id: UserId } = { readonly id: UserId }> {
  find(name: Name): Person | undefined;
  nameOf?(user: string): string | undefined;
  /** Names that a mistyped one may have meant; omitted if none shall be proposed. */
  names?(): Iterable<Name>;
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
  readonly box?: Box;
}

/**
 * Resolves `lobby` to the room, `@ana` to the user's conversation with ana, and `homework@ana` to
 * ana's box.
 */
export class TargetResolver {
  constructor(private readonly options: TargetOptions) {}

  /**
   * Refuses users who may not read a box, whether or not it exists, so that nobody learns who has
   * handed in their work.
   * @throws {Fault} name-invalid, room-unknown, user-unknown or not-member
   */
  resolve(user: UserId, text: string): ResolvedTarget {
    const { rooms, directory } = this.options;
    const { kind, name } = parseTarget(text);
    const names = boxNames(name);
    if (names !== undefined) {
      const of = requireRoom(rooms, names.room, user);
      const box = { of, user: requireUser(directory, names.user).id };
      if (!isBoxMember(box, user)) throw foreignBox(name);
      return toBox(rooms, box);
    }
    if (kind === "room") return toRoom(requireRoom(rooms, name, user));
    return this.#direct(user, requireUser(directory, name).id);
  }

  find(user: UserId, text: string): ResolvedTarget | undefined {
    const { rooms, directory } = this.options;
    const { kind, name } = parseTarget(text);
    const names = boxNames(name);
    if (names !== undefined) {
      const [of, owner] = [rooms.find(names.room), directory.find(names.user)];
      const box = of && owner && { of, user: owner.id };
      return box === undefined || !isBoxMember(box, user) ? undefined : toBox(rooms, box);
    }
    if (kind === "room") {
      const room = rooms.find(name, user);
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

/** Reports whether the user reads the box, or would read it if it existed. */
function isBoxMember({ of, user: owner }: Box, user: UserId): boolean {
  return of.members.has(user) && (user === owner || of.moderators.has(user));
}

/** Returns the target of a box. */
export function boxName(
  { of, user }: Box,
  registry: { nameOf(user: UserId): string | undefined },
): string {
  return `${of.name}@${registry.nameOf(user) ?? user}`;
}

/** Name in messages: a box has that of its assignment room. */
export function displayedName({ name, box }: Pick<Room, "name" | "box">): string {
  return name ?? box?.of.name ?? "this conversation";
}

/**
 * Returns an assignment room of which the user is a moderator. An operator must become one, which
 * everyone in the room sees.
 * @throws {Fault} room-unknown, not-member or not-allowed
 */
export function requireCollector(rooms: Rooms, user: UserId, name: Name): Room {
  const room = requireJoinedRoom(rooms, user, name);
  if (!room.moderators.has(user)) {
    throw new Fault("not-allowed", msg`you are not a moderator of '${name}'`);
  }
  if (room.rules.post === "private" || rooms.boxesOf(room).length > 0) return room;
  throw new Fault("not-allowed", msg`'${name}' is not an assignment`, {
    remedy: msg`make it one: ${"/rules post private"}`,
  });
}

function foreignBox(name: string): Fault {
  return new Fault("not-member", msg`only the moderators and its owner can read '${name}'`, {
    remedy: msg`ask a moderator`,
  });
}

function toBox(rooms: Rooms, box: Box): ResolvedTarget {
  const id = boxId(box.of.id, box.user);
  return { id, room: rooms.get(id), peer: undefined, box };
}

function toRoom(room: Room): ResolvedTarget {
  return { id: room.id, room, peer: undefined };
}

/** Without the user, finds no private room. */
export function requireRoom(rooms: Rooms, name: Name, user?: UserId): Room {
  const room = rooms.find(name, user);
  if (room === undefined) throw unknownRoom(rooms, name, user);
  return room;
}

/**
 * A former name may mean another room to whoever types it.
 * @throws {Fault} room-unknown if the target has a former name of a room
 */
export function checkPresentName(rooms: Rooms, user: UserId, target: string): void {
  const { kind, name } = parseTarget(target);
  const named = boxNames(name)?.room ?? name;
  const room = kind === "room" ? rooms.find(named, user) : undefined;
  if (room !== undefined && rooms.holderOf(named) !== room)
    throw renamedRoom(named, displayedName(room));
}

/** Proposes a room that looks or sounds like the name, of those that the user may know of. */
export function unknownRoom(rooms: Rooms, name: Name, user?: UserId): Fault {
  return new Fault("room-unknown", msg`no room named '${name}'`, {
    remedy: proposedRoom(rooms, name, user),
  });
}

function proposedRoom(
  rooms: Rooms,
  name: Name,
  user: UserId | undefined,
): Translatable | undefined {
  const { title, name: other } = rooms.findTitledLike(name, user) ?? {};
  if (other !== undefined) return msg`'${title}' has the name ${other}: ${`/join ${other}`}`;
  const near = nearestName(rooms.namesFor(user), name);
  return near === undefined ? undefined : didYouMean(near);
}

/** @throws {Fault} room-unknown or not-member */
export function requireJoinedRoom(rooms: Rooms, user: UserId, name: Name): Room {
  const room = requireRoom(rooms, name, user);
  requireMember(room, user);
  return room;
}

export function requireMember(room: Room, user: UserId): void {
  if (room.members.has(user)) return;
  throw new Fault("not-member", msg`you are not in '${displayedName(room)}'`, {
    remedy: wayInto(room, user),
  });
}

function wayInto({ name, isSealed, admitted }: Room, user: UserId): Translatable | undefined {
  if (name === undefined) return undefined;
  // Only a member's device can give the keys to somebody.
  if (isSealed === true && !admitted.has(user))
    return msg`ask a member to add you: ${"/invite NAME"}`;
  return msg`join it: ${`chat join --room ${name}, or /join ${name}`}`;
}

export function requireUser<Person extends { readonly id: UserId }>(
  directory: Directory<Person>,
  name: Name,
): Person {
  const person = directory.find(name);
  if (person !== undefined) return person;
  const near = nearestName(directory.names?.() ?? [], name);
  throw new Fault("user-unknown", msg`no user named '${name}'`, {
    remedy: near === undefined ? undefined : didYouMean(near),
  });
}
