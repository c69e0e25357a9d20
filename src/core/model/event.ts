/** Events that change the model, and effects that the model requests. */

import type { Fault } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { ChatRecord } from "../client/chat-record.ts";
import type { PostOutcome } from "../client/outbox.ts";
import type { PrefsChange, RoomPrefs } from "../rooms/prefs.ts";
import type {
  ConnectionView,
  Draft,
  GuessDelayView,
  Item,
  Member,
  PageSide,
  SearchQuery,
  ServerNotices,
  ServerView,
  TransferView,
} from "./state.ts";

/**
 * All events of the model: server events, which the driver sends, and user events, which the UI
 * sends.
 */
export type ModelEvent = LinkEvent | ServerEvent | AnswerEvent | UserEvent | LocalEvent;

export type LinkEvent =
  | { readonly kind: "connection"; readonly connection: ConnectionView }
  /** Delay of an answer; `undefined` after the answer has arrived. */
  | { readonly kind: "guess-delay"; readonly delay: GuessDelayView | undefined }
  /** The server has stopped answering or resumed answering on an open link. */
  | { readonly kind: "stalled"; readonly on: boolean }
  | { readonly kind: "greeted"; readonly server: ServerView }
  /**
   * A link has logged in, and the server will send all rooms again. If the user differs, the model
   * is reset. `isRenamed`: the same user has a new name.
   */
  | { readonly kind: "entered"; readonly user: string; readonly isRenamed?: boolean }
  | { readonly kind: "left" }
  /** This session has presented the operator token and has an operator's rights. */
  | { readonly kind: "operator" }
  | { readonly kind: "outdated" };

/**
 * Events of a link. Repeated records are dropped, and after a gap a room is reloaded, so that a
 * timeline has neither duplicates nor gaps.
 */
export type ServerEvent =
  | {
      readonly kind: "room";
      readonly room: RoomId;
      readonly name?: string | undefined;
      readonly with?: string | undefined;
      readonly topic?: string | undefined;
      readonly closed?: boolean | undefined;
      readonly sealed?: boolean | undefined;
      readonly locked?: boolean | undefined;
      readonly keepMs?: number | undefined;
      readonly pins?: readonly number[] | undefined;
      readonly receipts?: boolean | undefined;
      readonly receiptsWanted?: boolean | undefined;
      readonly n: number;
      readonly skipped: number;
      readonly read?: number | undefined;
      readonly unread?: number | undefined;
      readonly moderates?: boolean | undefined;
      readonly behind?: boolean | undefined;
    }
  /**
   * The server begins to send its rooms over a new link. These rooms replace the rooms of earlier
   * links.
   */
  | { readonly kind: "listing" }
  | { readonly kind: "room-gone"; readonly room: RoomId }
  | { readonly kind: "record"; readonly record: ChatRecord }
  | { readonly kind: "caught-up" }
  | {
      readonly kind: "presence";
      readonly room: RoomId;
      readonly user: string;
      readonly online: boolean;
    }
  | { readonly kind: "typing"; readonly room: RoomId; readonly users: readonly string[] }
  | {
      readonly kind: "read";
      readonly room: RoomId;
      readonly n: number;
      readonly unread?: number | undefined;
    }
  | { readonly kind: "ignored"; readonly users: readonly string[] }
  /** All room settings of the account, and all saved messages. */
  | {
      readonly kind: "prefs";
      readonly rooms: readonly ({ readonly room: RoomId } & RoomPrefs)[];
      readonly saved: readonly { readonly room: RoomId; readonly seq: number }[];
    }
  | PrefsChange
  | { readonly kind: "board"; readonly board: ServerNotices }
  | {
      readonly kind: "offered";
      readonly room: RoomId;
      readonly file: FileId;
      readonly from: string;
      readonly name: string;
      readonly sizeBytes: number | undefined;
    };

export type AnswerEvent =
  /** Answer to the effect `page` with the same `side`. `records`: oldest first. */
  | {
      readonly kind: "page";
      readonly room: RoomId;
      readonly side: PageSide;
      readonly seq: number;
      readonly records: readonly ChatRecord[];
      readonly hasOlder: boolean;
      readonly hasNewer: boolean;
    }
  | {
      readonly kind: "page-failed";
      readonly room: RoomId;
      readonly side: PageSide;
      readonly seq: number;
      readonly fault: Fault;
    }
  | { readonly kind: "members"; readonly room: RoomId; readonly members: readonly Member[] }
  | {
      readonly kind: "found";
      readonly query: SearchQuery;
      readonly records: readonly ChatRecord[];
      readonly hasMore: boolean;
    }
  | { readonly kind: "search-failed"; readonly query: SearchQuery; readonly fault: Fault };

export type UserEvent =
  | { readonly kind: "open"; readonly target: string | undefined }
  | { readonly kind: "focus"; readonly on: boolean }
  /**
   * Reports whether the newest records of the open room are visible and the view stays at the end
   * when more records arrive.
   */
  | { readonly kind: "at-newest"; readonly on: boolean }
  /** The user has seen the room's items up to the item with this seq. */
  | { readonly kind: "seen"; readonly room: RoomId; readonly seq: number }
  | { readonly kind: "reach"; readonly room: RoomId; readonly side: "older" | "newer" }
  /** Jumps to the record with this seq and loads it if necessary. */
  | { readonly kind: "jump"; readonly room: RoomId; readonly seq: number }
  | { readonly kind: "bottom"; readonly room: RoomId }
  | { readonly kind: "mark-read"; readonly room: RoomId }
  /** Marks the room as unread from its record `n` on, until the user opens the room again. */
  | { readonly kind: "mark-unread"; readonly room: RoomId; readonly n: number }
  | { readonly kind: "arrange"; readonly room: RoomId; readonly prefs: RoomPrefs }
  | { readonly kind: "draft"; readonly target: string; readonly draft: Draft | undefined }
  | { readonly kind: "search"; readonly query: SearchQuery | undefined }
  | { readonly kind: "search-more" }
  | { readonly kind: "dismissed"; readonly fault: number };

export type LocalEvent =
  | {
      readonly kind: "posted";
      readonly key: string;
      readonly id: string;
      readonly to: string;
      readonly body: PostBody;
      readonly writtenUnixMs: number;
    }
  /** This machine has stored the draft or post durably. */
  | { readonly kind: "stored"; readonly key: string }
  | { readonly kind: "settled"; readonly key: string; readonly outcome: PostOutcome }
  | { readonly kind: "discarded"; readonly key: string }
  | { readonly kind: "transfer"; readonly transfer: TransferView }
  | { readonly kind: "transfer-gone"; readonly id: string }
  | { readonly kind: "fault"; readonly fault: Fault };

export type ModelEffect =
  /**
   * Requests records of the room: `older` before `seq`, `newer` after it, `around` on both sides of
   * it. Answered by `page` or `page-failed`.
   */
  | {
      readonly kind: "page";
      readonly room: RoomId;
      readonly target: string;
      readonly side: PageSide;
      readonly seq: number;
    }
  | { readonly kind: "read"; readonly room: RoomId; readonly n: number }
  /** Notifies the user, who is not looking at the page. */
  | {
      readonly kind: "notify";
      readonly room: RoomId;
      readonly target: string;
      readonly item: Item;
      readonly why: "mention" | "direct" | "put-out";
    }
  /** Requests the members of the opened room, which are not known yet. Answered by `members`. */
  | { readonly kind: "members"; readonly room: RoomId; readonly target: string }
  /**
   * Searches messages before the seq `before` (exclusive). Answered by `found` or `search-failed`.
   */
  | { readonly kind: "search"; readonly query: SearchQuery; readonly before: number | undefined }
  /** Replaces the account's settings for the room, on all its devices. */
  | { readonly kind: "prefs-set"; readonly room: RoomId; readonly prefs: RoomPrefs }
  /** Stores the draft, so that it survives a reload. */
  | { readonly kind: "keep-draft"; readonly target: string; readonly draft: Draft | undefined };
