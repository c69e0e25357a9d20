import type { Fault } from "../base/fault.ts";
import type { FileId, OutboxId, RoomId, UserId } from "../base/ids.ts";
import { foldName, type Name } from "../base/names.ts";
import type { Draft, LogRecord } from "../wire/record.ts";
import type { JoinWish } from "./change.ts";
import type { FileBody } from "./files.ts";
import type { Act } from "./moderate.ts";
import { LOBBY, type Rooms } from "./room.ts";
import type { PeerId } from "./visitors.ts";

/** What the hall has to do, and the gates through which each piece of it goes. */

/** One question of one peer, to be answered once. */
export interface Asker {
  readonly peer: PeerId;
  readonly user: UserId;
  readonly ref: number;
}

export type PostWork = {
  readonly kind: "post";
  readonly user: UserId;
  readonly outbox: OutboxId;
  readonly counter: number;
  readonly draft: Omit<Draft, "room">;
  readonly to: RoomId;
  /** Whoever sent this counter, again after a lost link too. */
  readonly askers: Asker[];
};

/** What a member asks to be changed. */
export type ChangeWork =
  | { readonly kind: "join"; readonly asker: Asker; readonly wish: JoinWish }
  | { readonly kind: "leave"; readonly asker: Asker; readonly room: Name }
  | { readonly kind: "topic"; readonly asker: Asker; readonly room: Name; readonly topic: string }
  /** Keeping order, or words once said. `isOperator`: of whoever asks. */
  | {
      readonly kind: "act";
      readonly asker: Asker;
      readonly isOperator: boolean;
      readonly act: Act;
    }
  /** A new account: it is in the lobby from the start. Answered by `entered`. */
  | { readonly kind: "enter"; readonly asker: Asker };

/** Makes the room of two people who never spoke. */
export type MeetWork = {
  readonly kind: "meet";
  readonly room: RoomId;
  readonly pair: readonly [UserId, UserId];
};

/** Tells a room of a file that is whole; a file is told of once in each room. */
export type AnnounceWork = {
  readonly kind: "announce";
  readonly asker: Asker;
  readonly to: RoomId;
  readonly file: FileId;
  readonly body: FileBody;
};

export type Work = PostWork | ChangeWork | MeetWork | AnnounceWork;

export type Turn = {
  /** `queue`: a post wants into its outbox's gate; `knock`: into its room's; `start`: it is in. */
  readonly kind: "queue" | "knock" | "start";
  readonly work: Work;
};

/** The appends of one piece of work: the last to settle settles it. */
export interface Job {
  readonly gate: string;
  readonly work: Work;
  left: number;
  record?: LogRecord;
  fault?: Fault;
}

/** By name, because two people may be about to make the same room. */
export function roomGate(work: Work, rooms: Rooms): string {
  switch (work.kind) {
    case "post":
    case "announce":
      return idGate(work.to, rooms);
    case "act":
      return idGate(work.act.room, rooms);
    case "meet":
      return work.room;
    case "join":
      return nameGate(work.wish.name);
    case "enter":
      return nameGate(LOBBY);
    default:
      return nameGate(work.room);
  }
}

function idGate(room: RoomId, rooms: Rooms): string {
  const name = rooms.get(room)?.name;
  return name === undefined ? room : nameGate(name);
}

function nameGate(name: Name): string {
  return `n:${foldName(name)}`;
}

export function outboxGate({ user, outbox }: PostWork): string {
  return `o:${user} ${outbox}`;
}

export function postKey(user: UserId, outbox: OutboxId, counter: number): string {
  return `${user} ${outbox} ${counter}`;
}
