/** Inputs and effects of the room engine. */

import type { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import type { Answer, RequestKind, RequestOf } from "../../wire/messages.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";
import type { Requester, Submission } from "./commands.ts";
import type { ClientId } from "./presence.ts";
import type { Room } from "./rooms.ts";
import type { TargetOptions } from "./targets.ts";

export interface EngineOptions extends TargetOptions {
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  readonly isShared?: boolean;
}

export type EngineInput =
  | {
      readonly kind: "enter";
      readonly session: ClientId;
      readonly user: UserId;
      readonly isPresent: boolean;
    }
  | { readonly kind: "leave"; readonly session: ClientId }
  | { readonly kind: "submit"; readonly requester: Requester; readonly command: Submission }
  /** A post was permanently refused before submission, so later posts need not wait for it. */
  | {
      readonly kind: "abandon";
      readonly session: ClientId;
      readonly post: Pick<RequestOf<"post">, "outbox" | "counter">;
    }
  | { readonly kind: "record"; readonly record: LogRecord }
  /**
   * The log has appended the drafts of an `append`. Their records have already arrived; `record` is
   * the last one.
   */
  | { readonly kind: "appended"; readonly token: number; readonly record: LogRecord }
  | { readonly kind: "failed"; readonly token: number; readonly fault: Fault }
  /**
   * Answer to a `confirm`. `isCurrent`: all records up to the time of the request have been
   * applied.
   */
  | { readonly kind: "confirmed"; readonly token: number; readonly isCurrent: boolean };

export type EngineEffect =
  /** `follows`: for a post, the previous pending counter of its outbox. */
  | {
      readonly kind: "append";
      readonly token: number;
      readonly drafts: readonly Draft[];
      readonly follows?: number | undefined;
      /**
       * Account that requested the drafts. `undefined` for the room of a conversation, which the
       * refusal of its first message follows; `checkMayCreate` limits their number.
       */
      readonly payer?: UserId | undefined;
    }
  /** `order`: record whose erasures must be performed before the request is answered. */
  | {
      readonly kind: "settle";
      readonly id: number;
      readonly outcome: Answer<RequestKind> | Fault;
      readonly order?: LogRecord;
    }
  /** Requests all records from other servers, which are needed before a post may be refused. */
  | { readonly kind: "confirm"; readonly token: number }
  | { readonly kind: "deliver"; readonly room: Room; readonly record: LogRecord }
  | { readonly kind: "follow"; readonly user: UserId; readonly room: Room }
  | { readonly kind: "unfollow"; readonly user: UserId; readonly room: Room }
  | {
      readonly kind: "presence";
      readonly room: Room;
      readonly user: UserId;
      readonly online: boolean;
    };
