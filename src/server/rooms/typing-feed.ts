/** Typing indicators of rooms. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  TYPING_INTERVAL_MS,
  TYPING_MEMBERS_MAX,
  TYPING_MS,
  TYPING_NAMED_MAX,
} from "../../base/limits.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { checkMayPost, moderates } from "../../core/rooms/moderation.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { mayMembersPost } from "../../core/rooms/rules.ts";
import { MESSAGE_KINDS } from "../../wire/kinds.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { MemberState } from "../session/connection-state.ts";
import type { FanOut } from "./broadcast.ts";

interface TypingFeedOptions extends ServerContext {
  readonly fanOut: Pick<FanOut, "publish">;
}

interface TypingUser {
  readonly room: Room;
  readonly at: number;
}

/** Indicators exist in memory only. An account types in one room at a time. */
export class TypingFeed {
  readonly #typingUsers = new Map<UserId, TypingUser>();
  readonly #byRoom = new Map<Room, Set<UserId>>();
  readonly #changed = new Set<Room>();
  #sentAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.POSITIVE_INFINITY;
  #cancel = () => {};
  #isStopped = false;

  constructor(private readonly options: TypingFeedOptions) {}

  readonly handlers = {
    typing: (request, { account }) => this.setTyping(account, request),
  } satisfies SomeHandlers;

  setTyping({ id }: Account, { room: roomId, on }: Pick<RequestOf<"typing">, "room" | "on">): void {
    const { rooms, registry, clock, feed, siblings } = this.options;
    const room = rooms.get(roomId as RoomId);
    if (room?.members.has(id) !== true)
      throw new Fault("not-member", msg`you are not a member of this room`);
    checkMayPost(room, id, clock.expiryUnixMs());
    if (room.isSealed === true) {
      const message = "encrypted rooms have no typing indicators";
      throw new Fault("sealed-room", message, { remedy: "no action is needed" });
    }
    // Only moderators may learn who is working on an assignment.
    const isHidden =
      !mayMembersPost(room) &&
      !moderates(room, { user: id, isOperator: registry.policy.isOperator(id) });
    if (isHidden || !this.#setTyping(id, room, on)) return;
    feed.emitActivity(id);
    siblings.publish({ kind: "typing", user: id, room: room.id, on });
  }

  setRemoteTyping(user: UserId, id: RoomId, on: boolean): void {
    const room = this.options.rooms.get(id);
    if (room?.members.has(user) === true && room.isSealed !== true) this.#setTyping(user, room, on);
  }

  onRecord(room: Room, { head: { kind, by } }: LogRecord): void {
    if (by === "server" || !MESSAGE_KINDS.has(kind) || this.#typingUsers.get(by)?.room !== room)
      return;
    const wasPending = this.#changed.has(room);
    this.#end(by);
    // A notice with the maximum number of names may have omitted other users.
    if (!wasPending && !this.#byRoom.has(room)) this.#changed.delete(room);
    this.#schedule();
  }

  onLogout(_client: ClientConnection, { account: { id } }: MemberState): void {
    if (this.options.peers.of(id).length > 0) return;
    this.#end(id);
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #setTyping(user: UserId, room: Room, on: boolean): boolean {
    if (this.#isStopped || room.members.size > TYPING_MEMBERS_MAX) return false;
    const now = this.options.clock.now();
    const previous = this.#typingUsers.get(user);
    if (!on) {
      if (previous?.room !== room) return false;
      this.#end(user);
    } else if (previous?.room === room) {
      if (now - previous.at < TYPING_INTERVAL_MS) return false;
      this.#typingUsers.delete(user);
      this.#typingUsers.set(user, { room, at: now });
    } else {
      this.#end(user);
      this.#typingUsers.set(user, { room, at: now });
      const users = this.#byRoom.get(room) ?? new Set();
      this.#byRoom.set(room, users.add(user));
      this.#changed.add(room);
    }
    this.#schedule();
    return true;
  }

  #end(user: UserId): void {
    const typist = this.#typingUsers.get(user);
    if (typist === undefined) return;
    this.#typingUsers.delete(user);
    const { room } = typist;
    const users = this.#byRoom.get(room);
    users?.delete(user);
    if (users?.size === 0) this.#byRoom.delete(room);
    this.#changed.add(room);
  }

  #schedule(): void {
    const [first] = this.#typingUsers.values();
    const endsAt = first === undefined ? Number.POSITIVE_INFINITY : first.at + TYPING_MS;
    const dueAt = this.#changed.size > 0 ? this.#sentAt + TYPING_INTERVAL_MS : endsAt;
    if (this.#isStopped || dueAt >= this.#dueAt) return;
    const now = this.options.clock.now();
    this.#cancel();
    this.#dueAt = Math.max(now, dueAt);
    this.#cancel = this.options.clock.after(this.#dueAt - now, () => this.#due());
  }

  #due(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
    const now = this.options.clock.now();
    for (const [user, { at }] of this.#typingUsers) {
      if (at + TYPING_MS > now) break;
      this.#end(user);
    }
    if (this.#changed.size > 0 && now - this.#sentAt >= TYPING_INTERVAL_MS) {
      this.#sentAt = now;
      for (const room of this.#changed) this.#publish(room);
      this.#changed.clear();
    }
    this.#schedule();
  }

  #publish(room: Room): void {
    const { registry, fanOut } = this.options;
    const users: string[] = [];
    for (const user of [...(this.#byRoom.get(room) ?? [])].reverse()) {
      if (users.length === TYPING_NAMED_MAX) break;
      const name = room.members.has(user) ? registry.nameOf(user) : undefined;
      if (name !== undefined) users.push(name);
    }
    fanOut.publish(room, { kind: "typing", room: room.id, users });
  }
}
