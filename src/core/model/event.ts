/** Events that change the model, and effects that the model requests. */

import type { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import type { CallReason, NoticeOf } from "../../wire/messages.ts";
import type { ChatRecord } from "../client/chat-record.ts";
import type { PostOutcome } from "../client/outbox.ts";
import type { QueuedBody } from "../client/queued-body.ts";
import type { CountedFollow, Follow, PrefsChange, RoomPrefs } from "../rooms/prefs.ts";
import type { WriterRole } from "../rooms/server-rules.ts";
import type { NOTICE_HANDLERS } from "./notices.ts";
import type { SeenMessages } from "./seen.ts";
import type {
  ComposerDraft,
  ConnectionView,
  GuessDelayView,
  Item,
  Member,
  Model,
  PageSide,
  PendingPost,
  ReadingPlace,
  ReadingPlaces,
  SearchQuery,
  ServerView,
  StatusChange,
  TransferView,
  WaitingView,
} from "./state.ts";

export type ModelEvent = ConnectionEvent | ServerEvent | AnswerEvent | UserEvent | LocalEvent;

export type ConnectionEvent =
  | { readonly kind: "connection"; readonly connection: ConnectionView }
  | { readonly kind: "guess-delay"; readonly delay: GuessDelayView | undefined }
  | { readonly kind: "stalled"; readonly on: boolean }
  | { readonly kind: "greeted"; readonly server: ServerView }
  /**
   * A link has logged in, and the server will resend all rooms. A different user resets the model.
   * `isRenamed`: same user, new name.
   */
  | { readonly kind: "entered"; readonly user: string; readonly isRenamed?: boolean }
  | { readonly kind: "left" }
  /** The state in which an earlier process left the model. */
  | ({ readonly kind: "restored" } & Pick<
      Model,
      "me" | "server" | "rooms" | "displayNames" | "prefs" | "places"
    >)
  | { readonly kind: "operator"; readonly on: boolean }
  | { readonly kind: "outdated" };

/** Notice as the server sent it, about a room. */
export type Received<Notice> = Notice extends { readonly room: string }
  ? { readonly [Key in keyof Notice]: Key extends "room" ? RoomId : Unchanging<Notice[Key]> }
  : never;

type Unchanging<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value;

/** Events from a link. The model drops repeated records and reloads a room after a gap. */
export type ServerEvent =
  | Received<NoticeOf<"room" | "room-gone" | "typing" | "read" | "offered">>
  | NoticeOf<keyof typeof NOTICE_HANDLERS>
  | { readonly kind: "listing" }
  | { readonly kind: "record"; readonly record: ChatRecord }
  /** Earlier messages of an encrypted room can be read now. */
  /** `isComplete`: all that another device has handed over. */
  | { readonly kind: "opened"; readonly room: RoomId; readonly isComplete: boolean }
  | { readonly kind: "caught-up" }
  | {
      readonly kind: "presence";
      readonly room: RoomId;
      readonly user: string;
      readonly online: boolean;
    }
  | (StatusChange & { readonly room: RoomId })
  /** Display names by account name; `undefined` for a person without one. */
  | {
      readonly kind: "named";
      readonly names: readonly (readonly [user: string, text: string | undefined])[];
    }
  /** Marks the messages that the account `by` wrote under the user's name, and no others. */
  | { readonly kind: "author-key"; readonly user: string; readonly by: string | undefined }
  | {
      readonly kind: "prefs";
      readonly rooms: readonly ({ readonly room: RoomId } & RoomPrefs)[];
      readonly saved: readonly { readonly room: RoomId; readonly seq: number }[];
      readonly follows?: readonly ({ readonly seq: number } & CountedFollow)[] | undefined;
    }
  | Exclude<PrefsChange, { kind: "follow" }>
  | ({ readonly kind: "follow"; readonly seq: number } & CountedFollow);

export type AnswerEvent =
  | {
      readonly kind: "write-limit";
      readonly target: string;
      readonly only?: WriterRole | undefined;
    }
  | {
      readonly kind: "page";
      readonly room: RoomId;
      readonly side: PageSide;
      readonly seq: number;
      readonly records: readonly ChatRecord[];
      /** Changes of `records` that were recorded after them. */
      readonly later?: readonly ChatRecord[];
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
  /** Contains the root, replies, and changes of both. `before`: as requested. */
  | {
      readonly kind: "thread-page";
      readonly room: RoomId;
      readonly root: number;
      readonly before: number | undefined;
      readonly records: readonly ChatRecord[];
      readonly hasOlder: boolean;
    }
  | {
      readonly kind: "thread-failed";
      readonly room: RoomId;
      readonly root: number;
      readonly fault: Fault;
    }
  | { readonly kind: "members"; readonly room: RoomId; readonly members: readonly Member[] }
  | {
      readonly kind: "found";
      readonly query: SearchQuery;
      readonly records: readonly ChatRecord[];
      readonly hasMore: boolean;
    }
  | { readonly kind: "search-failed"; readonly query: SearchQuery; readonly fault: Fault }
  /** Messages that call the user, and the last replies in threads, each with its edits. */
  | {
      readonly kind: "counted";
      readonly room: RoomId;
      /** After the read position, the oldest first. */
      readonly records: readonly ChatRecord[];
    }
  | {
      readonly kind: "called";
      readonly records: readonly ChatRecord[];
      /** Reasons by seq; replies without one are only in a followed thread. */
      readonly reasons: ReadonlyMap<number, CallReason>;
    };

export type UserEvent =
  | { readonly kind: "open"; readonly target: string | undefined }
  | { readonly kind: "focus"; readonly on: boolean }
  | ({ readonly kind: "seen" } & SeenMessages)
  /** `from` as `watchedFrom` in the model. */
  | { readonly kind: "watching"; readonly from: number | undefined }
  /** The user has moved in a room or thread; `place` is `undefined` at its end. */
  | { readonly kind: "placed"; readonly key: string; readonly place: ReadingPlace | undefined }
  /** Places that this device has stored. */
  | { readonly kind: "places"; readonly places: ReadingPlaces }
  /** The record and those before it have been printed. */
  | { readonly kind: "printed"; readonly room: RoomId; readonly n: number }
  /** A message that calls the user has been printed, but not those before it. */
  | { readonly kind: "printed-call"; readonly room: RoomId; readonly n: number }
  /** A reply in the thread of `root`, and those before it, have been printed. */
  | { readonly kind: "printed-reply"; readonly root: number; readonly seq: number }
  | { readonly kind: "reach"; readonly room: RoomId; readonly side: "older" | "newer" }
  | { readonly kind: "clear"; readonly room: RoomId }
  | { readonly kind: "jump"; readonly room: RoomId; readonly seq: number }
  | { readonly kind: "bottom"; readonly room: RoomId; readonly isInThread?: boolean }
  | { readonly kind: "thread"; readonly room: RoomId; readonly seq: number | undefined }
  | { readonly kind: "thread-older"; readonly room: RoomId }
  /** Replies of the thread that the user has seen, given by the `n` of the first and the last. */
  | {
      readonly kind: "replies-seen";
      readonly room: RoomId;
      readonly root: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: "thread-alone"; readonly on: boolean }
  | { readonly kind: "mark-read"; readonly room: RoomId }
  /** Marks rooms as read, which can be undone until `all-read-end`. */
  | { readonly kind: "all-read"; readonly rooms: readonly RoomId[] }
  | { readonly kind: "all-read-end"; readonly isUndone: boolean }
  | { readonly kind: "mark-unread"; readonly room: RoomId; readonly n: number }
  | { readonly kind: "arrange"; readonly room: RoomId; readonly prefs: RoomPrefs }
  | { readonly kind: "draft"; readonly target: string; readonly draft: ComposerDraft | undefined }
  | { readonly kind: "search"; readonly query: SearchQuery | undefined }
  | { readonly kind: "search-more" }
  | { readonly kind: "dismissed"; readonly fault: number };

export type LocalEvent =
  | {
      readonly kind: "posted";
      readonly key: string;
      readonly id: string;
      readonly to: string;
      readonly body: QueuedBody;
      readonly files?: PendingPost["files"];
      readonly writtenUnixMs: number;
    }
  | { readonly kind: "stored"; readonly key: string }
  | { readonly kind: "settled"; readonly key: string; readonly outcome: PostOutcome }
  | { readonly kind: "discarded"; readonly key: string }
  /** A message with files was added or has changed. */
  | { readonly kind: "waiting"; readonly message: WaitingView }
  | { readonly kind: "waiting-gone"; readonly key: string }
  | { readonly kind: "poll-ended"; readonly room: RoomId; readonly seq: number }
  | { readonly kind: "transfer"; readonly transfer: TransferView }
  | { readonly kind: "transfer-gone"; readonly id: string }
  | { readonly kind: "fault"; readonly fault: Fault };

/** Read position, and `n` of calls beyond it that were read, too. */
export interface ReadReport {
  readonly n: number;
  readonly calls?: readonly number[];
}

export type ModelEffect =
  /** Requests records: `older` before `seq`, `newer` after it, `around` on both sides. */
  | {
      readonly kind: "page";
      readonly room: RoomId;
      readonly target: string;
      readonly side: PageSide;
      readonly seq: number;
    }
  /**
   * Requests the root of a thread with the newest replies before `before`, and the changes of both
   * that precede the record `changesTo`, from which on all changes are loaded.
   */
  | {
      readonly kind: "thread";
      readonly room: RoomId;
      readonly target: string;
      readonly root: number;
      readonly before: number | undefined;
      readonly changesTo: number | undefined;
    }
  | ({ readonly kind: "read"; readonly room: RoomId } & ReadReport)
  | {
      readonly kind: "notify";
      readonly room: RoomId;
      readonly target: string;
      readonly item: Item;
      /** `called`: the item is the call of a moderator on the user. */
      readonly why: "message" | "put-out" | "called";
    }
  | { readonly kind: "members"; readonly room: RoomId; readonly target: string }
  | { readonly kind: "search"; readonly query: SearchQuery; readonly before: number | undefined }
  /** Requests the messages that call the user. */
  | { readonly kind: "calls" }
  /** Requests the unread records of an encrypted room, which only this device can count. */
  | { readonly kind: "count"; readonly room: RoomId; readonly target: string; readonly n: number }
  | { readonly kind: "prefs-set"; readonly room: RoomId; readonly prefs: RoomPrefs }
  | ({ readonly kind: "follow"; readonly seq: number } & Follow)
  | {
      readonly kind: "keep-draft";
      readonly target: string;
      readonly draft: ComposerDraft | undefined;
    };
