/** The events that change the model. */

import type { Fault } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { ChatRecord } from "../client/chat-record.ts";
import type { PostOutcome } from "../client/outbox.ts";
import type { PrefsChange, RoomPrefs } from "../rooms/prefs.ts";
import type {
  Board,
  ConnectionView,
  Draft,
  GuessDelayView,
  Item,
  Member,
  PageSide,
  SearchQuery,
  ServerView,
  TransferView,
} from "./state.ts";

/** What a model is told: by its driver of the server, and by its face of the person. */
export type ModelEvent = LinkEvent | ServerEvent | AnswerEvent | PersonEvent | WorkEvent;

export type LinkEvent =
  | { readonly kind: "connection"; readonly connection: ConnectionView }
  /** Undefined: the answer is there. */
  | { readonly kind: "guess-delay"; readonly delay: GuessDelayView | undefined }
  /** The server stops answering on an open link, or answers again. */
  | { readonly kind: "stalled"; readonly on: boolean }
  | { readonly kind: "greeted"; readonly server: ServerView }
  /**
   * A link is in, and tells of all rooms anew; by another user than before: all is forgotten.
   * `isRenamed`: the same user goes on under this name.
   */
  | { readonly kind: "entered"; readonly user: string; readonly isRenamed?: boolean }
  /** The account left on purpose. */
  | { readonly kind: "left" }
  /** This session has shown the operators' token. */
  | { readonly kind: "operator" }
  | { readonly kind: "outdated" };

/**
 * As the links tell it. What comes again is dropped, and what is left out makes a room begin anew
 * behind it: what is shown has neither doubles nor holes.
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
  /** A link begins to tell its rooms: what was told of them before is of an earlier one. */
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
  /** All that the account has set of rooms, and all messages that it has saved. */
  | {
      readonly kind: "prefs";
      readonly rooms: readonly ({ readonly room: RoomId } & RoomPrefs)[];
      readonly saved: readonly { readonly room: RoomId; readonly seq: number }[];
    }
  | PrefsChange
  | { readonly kind: "board"; readonly board: Board }
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

export type PersonEvent =
  | { readonly kind: "open"; readonly target: string | undefined }
  | { readonly kind: "focus"; readonly on: boolean }
  /** The newest of what is open is on the screen, and so will be what comes; or no more. */
  | { readonly kind: "at-newest"; readonly on: boolean }
  /** Everything of the room up to item `seq` was on the screen. */
  | { readonly kind: "seen"; readonly room: RoomId; readonly seq: number }
  /** The user has scrolled near the end of what is here. */
  | { readonly kind: "reach"; readonly room: RoomId; readonly side: "older" | "newer" }
  /** Shows the place of that seq, wherever it is. */
  | { readonly kind: "jump"; readonly room: RoomId; readonly seq: number }
  /** Back to the newest. */
  | { readonly kind: "bottom"; readonly room: RoomId }
  /** All of it, seen or not. */
  | { readonly kind: "mark-read"; readonly room: RoomId }
  /** From its record `n` on it counts as unread, until it is opened again. */
  | { readonly kind: "mark-unread"; readonly room: RoomId; readonly n: number }
  /** Changes some of what is set of the room. */
  | { readonly kind: "arrange"; readonly room: RoomId; readonly prefs: RoomPrefs }
  | { readonly kind: "draft"; readonly target: string; readonly draft: Draft | undefined }
  | { readonly kind: "search"; readonly query: SearchQuery | undefined }
  | { readonly kind: "search-more" }
  | { readonly kind: "dismissed"; readonly fault: number };

export type WorkEvent =
  | {
      readonly kind: "posted";
      readonly key: string;
      readonly id: string;
      readonly to: string;
      readonly body: PostBody;
      readonly writtenUnixMs: number;
    }
  /** This side has it durably. */
  | { readonly kind: "stored"; readonly key: string }
  | { readonly kind: "settled"; readonly key: string; readonly outcome: PostOutcome }
  /** A refused post that the user discards. */
  | { readonly kind: "discarded"; readonly key: string }
  | { readonly kind: "transfer"; readonly transfer: TransferView }
  | { readonly kind: "transfer-gone"; readonly id: string }
  | { readonly kind: "fault"; readonly fault: Fault };

/** What the model wants done. */
export type ModelEffect =
  /**
   * Ask for records of the room: `older` ends before `seq`, `newer` begins after it, `around` has
   * it in the middle. Answered by `page` or `page-failed`.
   */
  | {
      readonly kind: "page";
      readonly room: RoomId;
      readonly target: string;
      readonly side: PageSide;
      readonly seq: number;
    }
  /** The room was read up to `n`: tell the server. */
  | { readonly kind: "read"; readonly room: RoomId; readonly n: number }
  /** Something came that the user may want to hear of, while the page is not looked at. */
  | {
      readonly kind: "notify";
      readonly room: RoomId;
      readonly target: string;
      readonly item: Item;
      readonly why: "mention" | "direct" | "put-out";
    }
  /** Who is in the room that was opened is not known. Answered by `members`. */
  | { readonly kind: "members"; readonly room: RoomId; readonly target: string }
  /** Answered by `found` or `search-failed`. `before`: seq, exclusive. */
  | { readonly kind: "search"; readonly query: SearchQuery; readonly before: number | undefined }
  /** Of all devices: what was set of the room is this from now on. */
  | { readonly kind: "prefs-set"; readonly room: RoomId; readonly prefs: RoomPrefs }
  /** Keep what is written over a reload. */
  | { readonly kind: "keep-draft"; readonly target: string; readonly draft: Draft | undefined };
