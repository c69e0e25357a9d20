/** Commands and steps of the room engine, and the lock that each command requires. */

import { assert } from "../../base/assert.ts";
import type { FileId, RoomId, UserId } from "../../base/ids.ts";
import type { Name } from "../../base/names.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { Draft } from "../../wire/record.ts";
import type { OutboxHistory } from "./dedup.ts";
import type { JoinOptions } from "./drafts.ts";
import type { FilePost } from "./files.ts";
import type { GroupCommand } from "./group.ts";
import type { RoomAction } from "./moderation.ts";
import type { ClientId } from "./presence.ts";
import { LOBBY, nameLock, type Rooms } from "./rooms.ts";

/** A submission by an account, answered once and identified by its id. */
export interface Requester {
  readonly id: number;
  readonly user: UserId;
  /** `undefined` for programs and for the server itself. */
  readonly session: ClientId | undefined;
}

export type PostCommand = {
  readonly kind: "post";
  readonly user: UserId;
  readonly outbox: OutboxHistory<PostCommand>;
  readonly counter: number;
  readonly request: RequestOf<"post">;
  /** `undefined` if the post's target is invalid according to this server. */
  destination: PostDestination | undefined;
  /** All submissions of this counter, including those of lost links. */
  readonly requesters: Requester[];
  /** Passed to the log and no longer revocable. */
  isAppending: boolean;
  /** All records of other servers up to the intended refusal have been applied here. */
  isConfirmed?: boolean;
} & Retried;

export interface PostDestination {
  readonly draft: Omit<Draft, "room">;
  readonly to: RoomId;
}

/**
 * Number of times that the log refused it because the state had changed; see CONFLICT_TRIES_MAX.
 */
interface Retried {
  tries?: number;
}

/** A device's signed consent to leave a sealed room's group; bytes in base64url. */
export interface SignedLeave {
  readonly epoch: number;
  readonly device: string;
  readonly signature: string;
}

/** Change of a room identified by name or id. */
export type Change =
  | { readonly kind: "join"; readonly options: JoinOptions }
  | { readonly kind: "leave"; readonly room: Name; readonly signed?: SignedLeave }
  | { readonly kind: "topic"; readonly room: Name; readonly topic: string }
  /** Moderation, or a change of earlier messages. `isOperator` refers to the submitter. */
  | { readonly kind: "act"; readonly isOperator: boolean; readonly action: RoomAction }
  /** Adds a new account to the lobby. */
  | { readonly kind: "enter" };

export type Submission =
  | { readonly kind: "post"; readonly request: RequestOf<"post"> }
  | (FileAnnouncement & { readonly to: string })
  | (Omit<GroupCommand, "requester" | "room"> & { readonly to: string })
  | Change;

export type ConversationCommand = {
  readonly kind: "meet";
  readonly room: RoomId;
  readonly pair: readonly [UserId, UserId];
};

/** A complete file, announced once in each room. */
interface FileAnnouncement {
  readonly kind: "announce";
  readonly file: FileId;
  readonly body: FilePost;
}

export type AnnounceCommand = FileAnnouncement & {
  readonly requester: Requester;
  readonly to: RoomId;
};

export type Command =
  | PostCommand
  | ((
      | (Change & { readonly requester: Requester })
      | ConversationCommand
      | AnnounceCommand
      | GroupCommand
    ) &
      Retried);

export type Step =
  /**
   * A post first acquires the lock of its outbox, then, like all commands, the lock of its room.
   */
  | { readonly kind: "lock-outbox"; readonly command: PostCommand }
  | { readonly kind: "lock-room"; readonly command: Command }
  | { readonly kind: "perform"; readonly command: Command; readonly lock: string };

/** The append of one command. */
export interface PendingAppend {
  /** Locks held until the append is settled. */
  readonly locks: readonly string[];
  readonly command: Command;
}

/** Named by room name, because two users may be about to create the same room. */
export function roomLock(command: Command, rooms: Rooms): string {
  switch (command.kind) {
    case "post":
      assert(command.destination !== undefined, "a post without a destination has no room lock");
      return idLock(command.destination.to, rooms);
    case "announce":
      return idLock(command.to, rooms);
    case "group":
      return idLock(command.room, rooms);
    case "act":
      return idLock(command.action.room, rooms);
    case "meet":
      return command.room;
    case "join":
      return namedLock(command.options.name, rooms);
    case "enter":
      return nameLock(LOBBY);
    default:
      return namedLock(command.room, rooms);
  }
}

/** A former name resolves to the room, and therefore to the lock of its current name. */
function namedLock(name: Name, rooms: Rooms): string {
  return rooms.find(name)?.lock ?? nameLock(name);
}

function idLock(room: RoomId, rooms: Rooms): string {
  return rooms.get(room)?.lock ?? room;
}
