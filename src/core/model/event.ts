/** Events that change the model, and effects that it requests. */

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
 * All events of the model: from the server, sent by the driver, and from the user, sent by the UI.
 */
export type ModelEvent = LinkEvent | ServerEvent | AnswerEvent | UserEvent | LocalEvent;

export type LinkEvent =
  | { readonly kind: "connection"; readonly connection: ConnectionView }
  /** `undefined` after the answer has arrived. */
  | { readonly kind: "guess-delay"; readonly delay: GuessDelayView | undefined }
  /** The server has stopped or resumed answering on an open link. */
  | { readonly kind: "stalled"; readonly on: boolean }
  | { readonly kind: "greeted"; readonly server: ServerView }
  /**
   * A link has logged in and will send all rooms again. The model is reset if the user differs.
   * `isRenamed`: the same user has a new name.
   */
  | { readonly kind: "entered"; readonly user: string; readonly isRenamed?: boolean }
  /** The user logged out. */
  | { readonly kind: "left" }
  /** This session has presented the operator token. */
  | { readonly kind: "operator" }
  | { readonly kind: "outdated" };

/**
 * Events of a link. Repeated records are dropped, and after a gap a room restarts, so that a
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
  /** A link begins to send its rooms, which replace those of earlier links. */
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
  /** All of the account's settings of rooms, and all saved messages. */
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
  /** The answer to the effect `page` of this side. `records`: oldest first. */
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
   * Reports whether the newest records of the open room are visible, and will remain visible as
   * more arrive.
   */
  | { readonly kind: "at-newest"; readonly on: boolean }
  /** The room was visible up to item `seq`. */
  | { readonly kind: "seen"; readonly room: RoomId; readonly seq: number }
  | { readonly kind: "reach"; readonly room: RoomId; readonly side: "older" | "newer" }
  /** Jumps to the record with this seq and loads it if necessary. */
  | { readonly kind: "jump"; readonly room: RoomId; readonly seq: number }
  | { readonly kind: "bottom"; readonly room: RoomId }
  | { readonly kind: "mark-read"; readonly room: RoomId }
  /** Marks the room as unread from its record `n` on, until it is opened again. */
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
  /** The draft or post is stored durably on this machine. */
  | { readonly kind: "stored"; readonly key: string }
  | { readonly kind: "settled"; readonly key: string; readonly outcome: PostOutcome }
  | { readonly kind: "discarded"; readonly key: string }
  | { readonly kind: "transfer"; readonly transfer: TransferView }
  | { readonly kind: "transfer-gone"; readonly id: string }
  | { readonly kind: "fault"; readonly fault: Fault };

export type ModelEffect =
  /**
   * Requests records of the room: `older` before `seq`, `newer` after it, `around` on both sides.
   * Answered by `page` or `page-failed`.
   */
  | {
      readonly kind: "page";
      readonly room: RoomId;
      readonly target: string;
      readonly side: PageSide;
      readonly seq: number;
    }
  | { readonly kind: "read"; readonly room: RoomId; readonly n: number }
  /** Notifies the user, because the page is not in use. */
  | {
      readonly kind: "notify";
      readonly room: RoomId;
      readonly target: string;
      readonly item: Item;
      readonly why: "mention" | "direct" | "put-out";
    }
  /** Requests the unknown members of the opened room. Answered by `members`. */
  | { readonly kind: "members"; readonly room: RoomId; readonly target: string }
  /** Answered by `found` or `search-failed`. `before`: seq, exclusive. */
  | { readonly kind: "search"; readonly query: SearchQuery; readonly before: number | undefined }
  /** Replaces the settings of the room on all devices. */
  | { readonly kind: "prefs-set"; readonly room: RoomId; readonly prefs: RoomPrefs }
  /** Stores the draft, so that it survives a reload. */
  | { readonly kind: "keep-draft"; readonly target: string; readonly draft: Draft | undefined };
