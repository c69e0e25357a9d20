import type { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import type { Answer, RequestKind, RequestOf } from "../../wire/messages.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";
import type { AnnounceCommand, Asker, ChangeCommand } from "./commands.ts";
import type { GroupCommand } from "./group.ts";
import type { ClientId } from "./presence.ts";
import type { Room } from "./rooms.ts";
import type { TargetOptions } from "./targets.ts";

export interface EngineOptions extends TargetOptions {
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  /** Other servers record in the same history. */
  readonly isShared?: boolean;
}

/** What the room engine is told, and what it wants done. */
export type EngineInput =
  | { readonly kind: "arrived"; readonly client: ClientId; readonly user: UserId }
  | { readonly kind: "departed"; readonly client: ClientId }
  /** A client that only posts or asks, and is not online for that; ends by `departed`. */
  | { readonly kind: "called"; readonly client: ClientId; readonly user: UserId }
  | { readonly kind: "post"; readonly asker: Asker; readonly request: RequestOf<"post"> }
  /** One that was refused for good on its way to the engine: no other waits for it any more. */
  | {
      readonly kind: "refused";
      readonly client: ClientId;
      readonly request: Pick<RequestOf<"post">, "outbox" | "counter">;
    }
  /** A file is whole: for a target that its sender named. */
  | (Omit<AnnounceCommand, "to"> & { readonly to: string })
  | ChangeCommand
  | (Omit<GroupCommand, "room"> & { readonly to: string })
  /** From the log: durable, in order of `seq`, each once. */
  | { readonly kind: "record"; readonly record: LogRecord }
  /** The answer to an `append`, after its records; this is the last of them. */
  | { readonly kind: "appended"; readonly token: number; readonly record: LogRecord }
  | { readonly kind: "failed"; readonly token: number; readonly fault: Fault }
  /** The answer to a `look`. `isCurrent`: all that was recorded when it was asked for is told. */
  | { readonly kind: "looked"; readonly token: number; readonly isCurrent: boolean };

export type EngineEffect =
  /**
   * One decision. `follows`: of a post, the counter of the one before it in its outbox, as long as
   * that one is on its way.
   */
  | {
      readonly kind: "append";
      readonly token: number;
      readonly drafts: readonly Draft[];
      readonly follows?: number;
    }
  | { readonly kind: "answer"; readonly asker: Asker; readonly answer: Answer<RequestKind> }
  | { readonly kind: "refuse"; readonly asker: Asker; readonly fault: Fault }
  /** What the other servers have recorded is to be told here before a post is refused. */
  | { readonly kind: "look"; readonly token: number }
  | { readonly kind: "entered"; readonly asker: Asker }
  /** The record orders what must be blanked before the answer. */
  | { readonly kind: "erased"; readonly asker: Asker; readonly record: LogRecord }
  /** To all who follow the room. */
  | { readonly kind: "deliver"; readonly room: Room; readonly record: LogRecord }
  /** All devices of the account begin, or cease, to read the room. */
  | { readonly kind: "follow"; readonly user: UserId; readonly room: Room }
  | { readonly kind: "unfollow"; readonly user: UserId; readonly room: Room }
  | {
      readonly kind: "presence";
      readonly room: Room;
      readonly user: UserId;
      readonly online: boolean;
    };
