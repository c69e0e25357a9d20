/** Commands and steps of the room engine, and the lock that each command needs. */

import { assert } from "../../base/assert.ts";
import { skeletonsOf } from "../../base/display-names.ts";
import { boxOwner, type RoomId, type UserId } from "../../base/ids.ts";
import type { Name } from "../../base/names.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { Draft } from "../../wire/record.ts";
import type { OutboxHistory } from "./dedup.ts";
import type { JoinDraftOptions } from "./drafts.ts";
import type { FileBody } from "./files.ts";
import type { GroupCommand } from "./group.ts";
import type { RoomAction } from "./moderation.ts";
import type { ClientId } from "./presence.ts";
import type { GroupRequest } from "./private-groups.ts";
import type { Claim } from "./room-lock.ts";
import { LOBBY, nameLock, type Rooms } from "./rooms.ts";
import type { ResolvedTarget } from "./targets.ts";

export interface Requester {
  readonly id: number;
  readonly user: UserId;
  /** `undefined` for programs that post over HTTP, and for the server itself. */
  readonly session: ClientId | undefined;
}

export type PostCommand = {
  readonly kind: "post";
  readonly user: UserId;
  readonly outbox: OutboxHistory<PostCommand>;
  readonly counter: number;
  readonly request: RequestOf<"post">;
  /** Files that the request lists, with the facts of their uploads. */
  readonly files?: readonly FileBody[] | undefined;
  /** `undefined` if the post's target is invalid for this server. */
  destination: PostDestination | undefined;
  readonly requesters: Requester[];
  isAppending: boolean;
  /**
   * True if this server has since applied all records that other servers had written when it first
   * refused the post.
   */
  isConfirmed?: boolean;
} & Retried;

export interface PostDestination {
  readonly draft: Omit<Draft, "room">;
  readonly to: RoomId;
}

interface Retried {
  tries?: number;
}

/** Device's signed consent to leave the group of a sealed room. Key and signature are base64url. */
export interface SignedLeave {
  readonly epoch: number;
  readonly device: string;
  readonly signature: string;
}

export type RoomChange =
  | { readonly kind: "join"; readonly options: JoinDraftOptions }
  | {
      readonly kind: "leave";
      readonly room: Name;
      readonly signed?: SignedLeave;
      readonly reason?: string;
    }
  | { readonly kind: "topic"; readonly room: Name; readonly topic: string }
  | { readonly kind: "act"; readonly isOperator: boolean; readonly action: RoomAction }
  | { readonly kind: "converse"; readonly group: GroupRequest }
  | { readonly kind: "enter" };

export type Submission =
  | {
      readonly kind: "post";
      readonly request: RequestOf<"post">;
      readonly files?: readonly FileBody[] | undefined;
    }
  | (Omit<GroupCommand, "requester" | "room"> & { readonly target: ResolvedTarget })
  | RoomChange;

export type ConversationCommand = {
  readonly kind: "meet";
  readonly user: UserId;
  readonly room: RoomId;
  /** `undefined` for a box. */
  readonly pair: readonly [UserId, UserId] | undefined;
};

export type AppendCommand =
  | PostCommand
  | (((RoomChange & { readonly requester: Requester }) | ConversationCommand | GroupCommand) &
      Retried);

export type Step =
  /** A post acquires its outbox's lock first and then, like every command, its room's lock. */
  | { readonly kind: "lock-room"; readonly command: AppendCommand }
  /** A command that waited for its room's lock now has it. */
  | { readonly kind: "resume"; readonly lock: string; readonly claim: Claim<AppendCommand> };

export interface PendingClaim {
  readonly locks: readonly string[];
  readonly claim: Claim<AppendCommand>;
}

/** Locks use room names, because two users may be about to create the same room. */
export function roomLock(command: AppendCommand, rooms: Rooms): string {
  switch (command.kind) {
    case "post":
      assert(command.destination !== undefined, "a post without a destination has no room lock");
      return idLock(command.destination.to, rooms);
    case "group":
      return idLock(command.room, rooms);
    case "act":
      return idLock(command.action.room, rooms);
    case "meet":
      return idLock(command.room, rooms);
    case "join":
      return namedLock(command.options.name, rooms);
    case "converse":
      return `g:${command.group.people.map(({ id }) => id).join(" ")}`;
    case "enter":
      return nameLock(LOBBY);
    default:
      return namedLock(command.room, rooms);
  }
}

/** Locks of the new names that a command gives to a room, so that no other room gets them. */
export function newNameLocks(command: AppendCommand): readonly string[] {
  if (command.kind === "join") return titleLocks(command.options.create?.title);
  if (command.kind !== "act") return [];
  const { action } = command;
  if (action.kind === "profile") return titleLocks(action.change.title);
  if (action.kind !== "rename") return [];
  return [nameLock(action.to), ...titleLocks(action.title)];
}

function titleLocks(title = ""): readonly string[] {
  return title === "" ? [] : skeletonsOf(title).map((key) => `t:${key}`);
}

function namedLock(name: Name, rooms: Rooms): string {
  return rooms.find(name)?.lock ?? nameLock(name);
}

/**
 * A box shares the lock of its assignment room, whose members and moderators decide who may post.
 */
function idLock(room: RoomId, rooms: Rooms): string {
  const of = boxOwner(room)?.room ?? room;
  return rooms.get(of)?.lock ?? of;
}
