/** Commands and steps of the room engine, and the lock that each command needs. */

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

/** A submission of an account; answered once, by its id. */
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
  /** `undefined` if the post has no valid target as far as this server knows. */
  destination: PostDestination | undefined;
  /** All submissions of this counter, including those after a lost link. */
  readonly requesters: Requester[];
  /** Passed to the log, and no longer revocable. */
  isAppending: boolean;
  /**
   * All records of the other servers at the time of the intended refusal have been applied here.
   */
  isConfirmed?: boolean;
} & Retried;

export interface PostDestination {
  readonly draft: Omit<Draft, "room">;
  readonly to: RoomId;
}

/** How often the log refused it because the state had changed: see CONFLICT_TRIES_MAX. */
interface Retried {
  tries?: number;
}

/** A device's signed leave from a sealed room's group; bytes in base64url. */
export interface SignedLeave {
  readonly epoch: number;
  readonly device: string;
  readonly signature: string;
}

/** Change of a room given by name or id. */
export type Change =
  | { readonly kind: "join"; readonly options: JoinOptions }
  | { readonly kind: "leave"; readonly room: Name; readonly signed?: SignedLeave }
  | { readonly kind: "topic"; readonly room: Name; readonly topic: string }
  /** Moderation, or a change of earlier messages. `isOperator`: of its submitter. */
  | { readonly kind: "act"; readonly isOperator: boolean; readonly act: RoomAction }
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
  /** A post takes the lock of its outbox; then, like any command, that of its room. */
  | { readonly kind: "lock-outbox"; readonly command: PostCommand }
  | { readonly kind: "lock-room"; readonly command: Command }
  /** The command holds that lock. */
  | { readonly kind: "perform"; readonly command: Command; readonly lock: string };

/** The append of one command. */
export interface PendingAppend {
  /** The locks held until then. */
  readonly locks: readonly string[];
  readonly command: Command;
}

/** Named, because two users may be about to create the same room. */
export function roomLock(command: Command, rooms: Rooms): string {
  switch (command.kind) {
    case "post":
      assert(command.destination !== undefined, "a post that goes nowhere waits for no room");
      return idLock(command.destination.to, rooms);
    case "announce":
      return idLock(command.to, rooms);
    case "group":
      return idLock(command.room, rooms);
    case "act":
      return idLock(command.act.room, rooms);
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

/** A former name resolves to the room, and therefore to its present name. */
function namedLock(name: Name, rooms: Rooms): string {
  return rooms.find(name)?.lock ?? nameLock(name);
}

function idLock(room: RoomId, rooms: Rooms): string {
  return rooms.get(room)?.lock ?? room;
}
