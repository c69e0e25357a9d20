/** What the room engine has to do, step by step, and the locks that each command needs. */
import { assert } from "../../base/assert.ts";
import type { FileId, RoomId, UserId } from "../../base/ids.ts";
import type { Name } from "../../base/names.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { Draft } from "../../wire/record.ts";
import type { OutboxHistory } from "./dedup.ts";
import type { JoinOptions } from "./drafts.ts";
import type { FilePost } from "./files.ts";
import type { GroupCommand } from "./group.ts";
import type { Act } from "./moderation.ts";
import type { ClientId } from "./presence.ts";
import { LOBBY, nameLock, type Rooms } from "./rooms.ts";

/** One submission of an account; it is settled once, by its id. */
export interface Asker {
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
  /** Undefined: as far as this server knows, it can go nowhere. */
  goal: PostGoal | undefined;
  /** All submissions of this counter, those after a lost link too. */
  readonly askers: Asker[];
  /** It is the log's, and cannot be called back. */
  isHanded: boolean;
  /** All that the other servers had recorded when it was about to be refused is known here. */
  isSure?: boolean;
} & Tried;

/** What a post says, and where. */
export interface PostGoal {
  readonly draft: Omit<Draft, "room">;
  readonly to: RoomId;
}

/** How often the log refused it, as the state had changed meanwhile: see CONFLICT_TRIES_MAX. */
interface Tried {
  tries?: number;
}

/** The word of a device in a sealed room's group; bytes in base64url. */
export interface SignedLeave {
  readonly epoch: number;
  readonly device: string;
  readonly signature: string;
}

/** Change of a room that its submitter names, or knows the id of. */
export type Change =
  | { readonly kind: "join"; readonly options: JoinOptions }
  | { readonly kind: "leave"; readonly room: Name; readonly signed?: SignedLeave }
  | { readonly kind: "topic"; readonly room: Name; readonly topic: string }
  /** Moderation, or a change of earlier messages. `isOperator`: its submitter is one. */
  | { readonly kind: "act"; readonly isOperator: boolean; readonly act: Act }
  /** Puts a new account into the lobby. */
  | { readonly kind: "enter" };

/** What an account may submit. */
export type Submission =
  | { readonly kind: "post"; readonly request: RequestOf<"post"> }
  | (Announcement & { readonly to: string })
  | (Omit<GroupCommand, "asker" | "room"> & { readonly to: string })
  | Change;

/** Makes the room of two people who never spoke. */
export type MeetCommand = {
  readonly kind: "meet";
  readonly room: RoomId;
  readonly pair: readonly [UserId, UserId];
};

/** A complete file; each room is told of it once. */
interface Announcement {
  readonly kind: "announce";
  readonly file: FileId;
  readonly body: FilePost;
}

export type AnnounceCommand = Announcement & { readonly asker: Asker; readonly to: RoomId };

export type Command =
  | PostCommand
  | (((Change & { readonly asker: Asker }) | MeetCommand | AnnounceCommand | GroupCommand) & Tried);

export type Step =
  /** A post asks for the lock of its outbox; then it, like any command, for that of its room. */
  | { readonly kind: "lock-outbox"; readonly command: PostCommand }
  | { readonly kind: "lock-room"; readonly command: Command }
  /** It holds that lock. */
  | { readonly kind: "perform"; readonly command: Command; readonly lock: string };

/** The append of one command. */
export interface Job {
  /** Those that it holds until then. */
  readonly locks: readonly string[];
  readonly command: Command;
}

/** By name, because two people may be about to make the same room. */
export function roomLock(command: Command, rooms: Rooms): string {
  switch (command.kind) {
    case "post":
      assert(command.goal !== undefined, "a post that goes nowhere waits for no room");
      return idLock(command.goal.to, rooms);
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

/** A name that a room had before means the room, and so its present name. */
function namedLock(name: Name, rooms: Rooms): string {
  return rooms.find(name)?.lock ?? nameLock(name);
}

function idLock(room: RoomId, rooms: Rooms): string {
  return rooms.get(room)?.lock ?? room;
}
