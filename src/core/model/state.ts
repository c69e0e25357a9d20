/** Types of the model. */

import type { Fault } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { ImportOrigin } from "../client/chat-record.ts";
import type { Receipt } from "../client/outbox.ts";
import type { FileBody } from "../rooms/files.ts";
import type { RoomPrefs } from "../rooms/prefs.ts";
import type { ProgressReport } from "../transfer/progress.ts";

/**
 * The state of the UI as immutable values: the UI displays identical objects in the same way. Texts
 * are as sent by their authors, and the UI calls `cleanText` last.
 */
export interface Model {
  /** Maximum loaded items of one room. Items at the far end are dropped. */
  readonly itemsMax: number;
  readonly connection: ConnectionView;
  /** The server delays its answer to a secret. */
  readonly guessDelay: GuessDelayView | undefined;
  /** `undefined` before the first greeting. */
  readonly server: ServerView | undefined;
  /** Name of the user; `undefined` if logged out. */
  readonly me: string | undefined;
  /** True if all missed records have arrived. */
  readonly isCaughtUp: boolean;
  /** Rooms in the order of arrival. */
  readonly rooms: ReadonlyMap<RoomId, RoomState>;
  /** Target of the visible room: `lobby`, or `@bob`, also before a conversation exists. */
  readonly open: string | undefined;
  /** True if the page has the focus, without which messages do not count as read. */
  readonly isFocused: boolean;
  /**
   * True if the newest items of the open room are visible, so that messages are read on arrival.
   */
  readonly isAtNewest: boolean;
  /** Posts without a record, oldest first. */
  readonly pending: readonly PendingPost[];
  readonly drafts: ReadonlyMap<string, Draft>;
  /** Folded names of ignored users. */
  readonly ignored: ReadonlySet<string>;
  /**
   * The account's settings of rooms on all its devices; `undefined` if its server does not store
   * them.
   */
  readonly prefs: ReadonlyMap<RoomId, RoomPrefs> | undefined;
  /** Rooms of saved messages, by seq, oldest saved first. */
  readonly saved: ReadonlyMap<number, RoomId>;
  readonly transfers: ReadonlyMap<string, TransferView>;
  readonly search: SearchView | undefined;
  /** Faults displayed until dismissed: the newest VISIBLE_FAULTS_MAX. */
  readonly faults: readonly VisibleFault[];
  /** True if the server's build differs from the page's, which should be reloaded. */
  readonly isOutdated: boolean;
  /** True if the session has operator rights, including the server's console. */
  readonly isOperator: boolean;
  readonly notices: ServerNotices;
  readonly nextFault: number;
}

/** Notices of the server to all users or to its operators, while they are valid. */
export interface ServerNotices {
  readonly announcement?:
    | { readonly text: string; readonly by: string; readonly time: number }
    | undefined;
  /** For operators: the server refuses files below `keepFreeBytes`. */
  readonly diskLow?: { readonly freeBytes: number; readonly keepFreeBytes: number } | undefined;
  /** `false` while the server's cluster accepts no messages. */
  readonly hasMajority?: boolean;
}

export type ConnectionView =
  | { readonly kind: "connecting" }
  /** Connected but not logged in. `fault`: cause of the last failed attempt. */
  | { readonly kind: "outside"; readonly fault: Fault | undefined }
  | { readonly kind: "entering" }
  /** `isStalled`: the link is open, but the server has not answered for STALL_MS. */
  | { readonly kind: "online"; readonly isStalled?: true }
  /** The client reconnects at `retryAtUnixMs`. */
  | { readonly kind: "offline"; readonly fault: Fault; readonly retryAtUnixMs: number }
  /** Permanent: banned, removed as a device, or logged out (without a fault). */
  | { readonly kind: "ended"; readonly fault: Fault | undefined };

export interface GuessDelayView {
  /** Source of the wrong guesses: this address, this account, or all clients. */
  readonly of: "address" | "account" | "everyone";
  /** Time of the answer to a wrong secret. A correct secret is answered at or before this time. */
  readonly untilUnixMs: number;
}

export interface ServerView {
  readonly name: string;
  /** Fingerprint with the prefix `SHA256:`, for comparison. */
  readonly fingerprint: string;
  readonly needsRoomPassword: boolean;
  readonly welcome: string | undefined;
  readonly textBytesMax: number;
  /** Previously known fingerprint, if it changed without a valid succession. */
  readonly changedFrom?: string;
  /** True if this browser can store a key; otherwise each visit requires the password. */
  readonly keepsKey: boolean;
}

export interface RoomState {
  readonly id: RoomId;
  /** `person`: a conversation, named by the other user. */
  readonly kind: "room" | "person";
  readonly name: string;
  /** Target as in posts and requests: `lobby`, `@bob`. */
  readonly target: string;
  readonly topic: string;
  readonly moderates: boolean;
  readonly isClosed: boolean;
  /** End-to-end encrypted: only the devices in its group can read messages. */
  readonly isSealed: boolean;
  readonly isLocked: boolean;
  /** Milliseconds until messages are erased; `undefined` if they are kept permanently. */
  readonly keepMs: number | undefined;
  /** Pinned messages, by seq. */
  readonly pins: readonly number[];
  /** True if authors can see who has read their messages. */
  readonly receipts: boolean;
  /**
   * True if this account has turned on receipts in the conversation. They apply if both users have.
   */
  readonly receiptsWanted: boolean;
  /** `n` of the last record, and the read position over all devices of the account. */
  readonly last: number;
  readonly read: number;
  /** Number of unread messages of others. */
  readonly unread: number;
  /** Read position when the room was opened, at which the unread row is drawn. */
  readonly readAtOpening: number | undefined;
  /** `n` of loaded unread messages that mention or answer the user. */
  readonly mentions: readonly number[];
  /** Unix ms and seq of the last item; 0 if unknown. */
  readonly lastUnixMs: number;
  readonly lastSeq: number;
  /** The newest items without a gap, oldest first. */
  readonly tail: ItemRange;
  /** The visible range that the user jumped to, until it is joined with the tail. */
  readonly jump: ItemRange | undefined;
  readonly loading: PageRequest | undefined;
  /** Seq that the user jumped to. The UI scrolls to it when it is loaded. */
  readonly jumpSeq: number | undefined;
  /** Number of requests to scroll to the newest item, including the user's own posts. */
  readonly bottomRequests: number;
  /**
   * `n` up to which the tail is complete, and `n` up to which the current link has sent records.
   */
  readonly receivedN: number;
  readonly linkN: number;
  /** True if the current link has sent the room. */
  readonly isListed: boolean;
  /** Changes of records by their seq, including records that are not loaded. */
  readonly changes: ReadonlyMap<number, Changes>;
  /** Online users, as known from `presence` or `who`. */
  readonly online: ReadonlySet<string>;
  readonly members: readonly Member[] | undefined;
  /** Users typing in the room, as named by the server. May include the user. */
  readonly typing: readonly string[];
  /** Unfinished uploads to the room. */
  readonly offered: readonly OfferedFile[];
}

/** Consecutive items of a room, without a gap. */
export interface ItemRange {
  readonly items: readonly Item[];
  /** True if the server has older or newer items. */
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

export type PageSide = "older" | "newer" | "around";

export interface PageRequest {
  readonly side: PageSide;
  /** Exclusive bound or, for `around`, the middle. */
  readonly seq: number;
}

/** A file of a sealed room, whose content on the server is encrypted. */
export type FileView = FileBody & {
  readonly isSealed?: true;
  /** Id shared by all files that were sent together. */
  readonly sending?: string;
};

/** A visible entry of a room's timeline: a message, a file, a member who joined. */
export interface Item {
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  /** `text`, `action`, `file`, `join`, `leave`, `topic`, `kick`, `mute`, `grant`, … */
  readonly kind: string;
  readonly from: string | undefined;
  readonly isMine: boolean;
  /** `damaged`: lost by the server's disk. Erased and damaged items have no text. */
  readonly state: "whole" | "erased" | "damaged";
  /** The current text or, for a topic, the topic. */
  readonly text: string;
  readonly editedUnixMs: number | undefined;
  /** Original author and time, if `from` imported the message. */
  readonly imported: ImportOrigin | undefined;
  /**
   * Seq of the record that it answers or pins. For an `edit`, which only a search finds, of the
   * edited record.
   */
  readonly re: number | undefined;
  /** Names mentioned by its author. */
  readonly mentions: readonly string[];
  /** True if the message mentions or answers the user. */
  readonly mentionsMe: boolean;
  readonly reactions: readonly Reaction[];
  readonly file: FileView | undefined;
  /**
   * For `kick`, `mute` and `grant`: the user concerned. For `rename`: the new name of the user or
   * room.
   */
  readonly subject: string | undefined;
  /** For `rename`: the user's old name; `undefined` if a room was renamed. */
  readonly oldName: string | undefined;
  /** For `rename`: the room's old name. */
  readonly oldRoomName: string | undefined;
  /** For `kick`: true if the account was removed. */
  readonly isRemoved: boolean;
  /**
   * For `mute`, `grant`, `pin` and `receipts`: true if it begins, false if it ends. `untilUnixMs`
   * is the end of a mute.
   */
  readonly on: boolean | undefined;
  readonly untilUnixMs: number | undefined;
  /** For `retention`: the room's new value. */
  readonly keepMs: number | undefined;
  /** Number of missing earlier messages from its device to the sealed room. */
  readonly withheld?: number;
}

export interface Reaction {
  readonly sign: string;
  readonly by: readonly string[];
  /** Seq of the user's own reaction, needed to remove it. */
  readonly mine: number | undefined;
}

export interface Changes {
  readonly edit:
    | { readonly seq: number; readonly text: string; readonly timeUnixMs: number }
    | undefined;
  readonly isErased: boolean;
  readonly reactions: readonly {
    readonly seq: number;
    readonly sign: string;
    readonly by: string;
  }[];
}

export interface Member {
  readonly name: string;
  readonly isOnline: boolean;
  /** `operator`, `moderator` or `member`. */
  readonly role: string;
}

export interface OfferedFile {
  readonly file: FileId;
  readonly from: string;
  readonly name: string;
  readonly sizeBytes: number | undefined;
}

export interface PendingPost {
  /** Unique within this page; identifies the post in actions. */
  readonly key: string;
  readonly to: string;
  readonly body: PostBody;
  readonly writtenUnixMs: number;
  /** `OUTBOX.COUNTER`, which its record will contain. */
  readonly id: string;
  /** `storing`: not durable on this machine. Closing the page may lose the post. */
  readonly state:
    | { readonly kind: "storing" }
    | { readonly kind: "waiting" }
    | { readonly kind: "sent"; readonly receipt: Receipt }
    | { readonly kind: "refused"; readonly fault: Fault };
}

export interface Draft {
  readonly text: string;
  /** Seq of the answered message. */
  readonly re?: number;
  readonly edits?: number;
  /** Draft that was interrupted by an edit, or by text typed before the room was open. */
  readonly before?: Draft;
}

export interface TransferView {
  /** Unique per transfer; identifies it in actions. */
  readonly id: string;
  readonly kind: "upload" | "download";
  /** `undefined` until known to the server. */
  readonly file: FileId | undefined;
  readonly name: string;
  readonly to: readonly string[];
  readonly state: TransferState;
  readonly progress: ProgressReport | undefined;
}

export type TransferState =
  | { readonly kind: "running" }
  /** Paused by the user; the server keeps the partial content. */
  | { readonly kind: "paused" }
  /** After a reload, the user must choose the file again or (`permit`) permit reading it. */
  | { readonly kind: "needs-file"; readonly again: "choose" | "permit" }
  | { readonly kind: "failed"; readonly fault: Fault }
  | { readonly kind: "done" };

export interface SearchView {
  readonly query: SearchQuery;
  readonly found: readonly FoundItem[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  /** Seq before which to request more. */
  readonly before: number | undefined;
  readonly fault: Fault | undefined;
}

export interface SearchQuery {
  readonly text: string;
  readonly target?: string;
  readonly from?: string;
  readonly files?: boolean;
}

export interface FoundItem {
  readonly room: RoomId;
  readonly target: string;
  readonly item: Item;
}

export interface VisibleFault {
  readonly id: number;
  readonly fault: Fault;
}
