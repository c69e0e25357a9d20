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
 * State of the UI as immutable values. Identical objects look identical, so the UI redraws only
 * what has changed. Texts are as sent by their authors; the UI calls `cleanText` before it displays
 * them.
 */
export interface Model {
  /**
   * Maximum number of loaded items of one room. Beyond it, the items farthest from the visible ones
   * are dropped.
   */
  readonly itemsMax: number;
  readonly connection: ConnectionView;
  /** Current delay of the server's answer to a secret. */
  readonly guessDelay: GuessDelayView | undefined;
  /** `undefined` before the first greeting. */
  readonly server: ServerView | undefined;
  /** Name of the user; `undefined` if logged out. */
  readonly me: string | undefined;
  /** True if the client has received all missed records. */
  readonly isCaughtUp: boolean;
  /** Rooms in the order in which the server sent them. */
  readonly rooms: ReadonlyMap<RoomId, RoomState>;
  /** Target of the visible room: `lobby` or `@bob`. A conversation need not exist yet. */
  readonly open: string | undefined;
  /** True if the page has the focus. Without focus, messages do not count as read. */
  readonly isFocused: boolean;
  /** True if the newest items of the open room are visible. New messages then count as read. */
  readonly isAtNewest: boolean;
  /** Posts whose records have not arrived, oldest first. */
  readonly pending: readonly PendingPost[];
  readonly drafts: ReadonlyMap<string, Draft>;
  /** Names of ignored users, folded to lower case. */
  readonly ignored: ReadonlySet<string>;
  /**
   * Room settings of the account, shared by all its devices; `undefined` if the server does not
   * store settings.
   */
  readonly prefs: ReadonlyMap<RoomId, RoomPrefs> | undefined;
  /** Room of each saved message, by the message's seq, in the order of saving. */
  readonly saved: ReadonlyMap<number, RoomId>;
  readonly transfers: ReadonlyMap<string, TransferView>;
  readonly search: SearchView | undefined;
  /** Faults that are displayed until dismissed, at most the newest VISIBLE_FAULTS_MAX. */
  readonly faults: readonly VisibleFault[];
  /** True if the server has a newer build of the page, so that the page should be reloaded. */
  readonly isOutdated: boolean;
  /** True if the session has an operator's rights and may use the server's console. */
  readonly isOperator: boolean;
  readonly notices: ServerNotices;
  readonly nextFault: number;
}

/** Notices from the server to all users or to its operators, for as long as they are valid. */
export interface ServerNotices {
  readonly announcement?:
    | { readonly text: string; readonly by: string; readonly time: number }
    | undefined;
  /**
   * For operators: the free space is low. The server refuses files if the free space falls below
   * `keepFreeBytes`.
   */
  readonly diskLow?: { readonly freeBytes: number; readonly keepFreeBytes: number } | undefined;
  /** `false` while the server accepts no messages because its cluster has no majority. */
  readonly hasMajority?: boolean;
}

export type ConnectionView =
  | { readonly kind: "connecting" }
  /** Connected but not logged in. `fault`: cause of the last failed log-in. */
  | { readonly kind: "outside"; readonly fault: Fault | undefined }
  | { readonly kind: "entering" }
  /** `isStalled`: the link is open, but the server has not answered for STALL_MS. */
  | { readonly kind: "online"; readonly isStalled?: true }
  /** The client reconnects at `retryAtUnixMs`. */
  | { readonly kind: "offline"; readonly fault: Fault; readonly retryAtUnixMs: number }
  /**
   * Not reconnecting, because the user is banned, the device was removed, or the user logged out
   * (without a fault).
   */
  | { readonly kind: "ended"; readonly fault: Fault | undefined };

export interface GuessDelayView {
  /** Source of the wrong guesses: this address, this account, or all clients. */
  readonly of: "address" | "account" | "everyone";
  /**
   * Time at which the server answers if the secret is wrong. The server answers a correct secret no
   * later than that.
   */
  readonly untilUnixMs: number;
}

export interface ServerView {
  readonly name: string;
  /** Fingerprint with the prefix `SHA256:`, which users can compare. */
  readonly fingerprint: string;
  readonly needsRoomPassword: boolean;
  readonly welcome: string | undefined;
  readonly textBytesMax: number;
  /**
   * Fingerprint known before, if the server's key changed without a valid signature by the previous
   * key.
   */
  readonly changedFrom?: string;
  /** True if this browser can store a key. Otherwise the user needs the password on each visit. */
  readonly keepsKey: boolean;
}

export interface RoomState {
  readonly id: RoomId;
  /** `person`: a direct conversation, whose name is that of the other user. */
  readonly kind: "room" | "person";
  readonly name: string;
  /** Target of posts and requests: `lobby` or `@bob`. */
  readonly target: string;
  readonly topic: string;
  readonly moderates: boolean;
  readonly isClosed: boolean;
  /** True if the room is end-to-end encrypted: only the devices in its group can read messages. */
  readonly isSealed: boolean;
  readonly isLocked: boolean;
  /**
   * Time in milliseconds after which messages are erased; `undefined` if they are kept permanently.
   */
  readonly keepMs: number | undefined;
  readonly pins: readonly number[];
  /** True if authors can see who has read their messages. */
  readonly receipts: boolean;
  /**
   * True if this account has turned on receipts in the direct conversation. Receipts take effect
   * when both users have turned them on.
   */
  readonly receiptsWanted: boolean;
  /** `n` of the last record, and `n` up to which any of the account's devices has read. */
  readonly last: number;
  readonly read: number;
  /** Number of other users' unread messages. */
  readonly unread: number;
  /** Read position when the user opened the room. The unread row is drawn after it. */
  readonly readAtOpening: number | undefined;
  /** `n` of each loaded unread message that mentions the user or replies to the user. */
  readonly mentions: readonly number[];
  /** Time in Unix ms and seq of the last item; 0 if unknown. */
  readonly lastUnixMs: number;
  readonly lastSeq: number;
  /** Newest items of the room, without a gap and oldest first. */
  readonly tail: ItemRange;
  /** Visible range to which the user jumped, until it is joined with the tail. */
  readonly jump: ItemRange | undefined;
  readonly loading: PageRequest | undefined;
  /** Seq to which the user jumped. The UI scrolls to its item after it is loaded. */
  readonly jumpSeq: number | undefined;
  /** Number of requests to scroll to the newest item. The user's own posts count as requests. */
  readonly bottomRequests: number;
  /**
   * `n` up to which the tail is complete, and `n` up to which the server has sent records over the
   * current link.
   */
  readonly receivedN: number;
  readonly linkN: number;
  /** True if the server has sent this room over the current link. */
  readonly isListed: boolean;
  /** Changes of records by the record's seq, including records that are not loaded. */
  readonly changes: ReadonlyMap<number, Changes>;
  /** Names of online users, from `presence` or `who`. */
  readonly online: ReadonlySet<string>;
  readonly members: readonly Member[] | undefined;
  /** Names of typing users, as sent by the server. May include the user of this client. */
  readonly typing: readonly string[];
  /** Files that are being uploaded to the room. */
  readonly offered: readonly OfferedFile[];
}

/** Consecutive items of a room, without a gap. */
export interface ItemRange {
  readonly items: readonly Item[];
  /** True if the server has older items, and true if it has newer items. */
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

export type PageSide = "older" | "newer" | "around";

export interface PageRequest {
  readonly side: PageSide;
  /** Exclusive bound of the page or, for `around`, its middle. */
  readonly seq: number;
}

/** File whose content is encrypted on the server if the room is sealed. */
export type FileView = FileBody & {
  readonly isSealed?: true;
  /** Id shared by all files that were sent together. */
  readonly sending?: string;
};

/** Visible entry of a room's timeline, such as a message, a file or a join. */
export interface Item {
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  /** `text`, `action`, `file`, `join`, `leave`, `topic`, `kick`, `mute`, `grant`, … */
  readonly kind: string;
  readonly from: string | undefined;
  readonly isMine: boolean;
  /**
   * `damaged`: lost because of a fault of the server's disk. Erased and damaged items have no text.
   */
  readonly state: "whole" | "erased" | "damaged";
  /** Current text of the message or, for a topic change, the new topic. */
  readonly text: string;
  readonly editedUnixMs: number | undefined;
  /** Original author and time if `from` imported the message. */
  readonly imported: ImportOrigin | undefined;
  /**
   * Seq of the message to which this item replies, or which it pins. For an `edit`, which only
   * search results contain, the seq of the edited record.
   */
  readonly re: number | undefined;
  readonly mentions: readonly string[];
  /** True if the message mentions the user or replies to the user. */
  readonly mentionsMe: boolean;
  readonly reactions: readonly Reaction[];
  readonly file: FileView | undefined;
  /**
   * For `kick`, `mute` and `grant`: the affected user. For `rename`: the new name of the user or
   * room.
   */
  readonly subject: string | undefined;
  /** For `rename`: the user's old name; `undefined` if the record renames a room. */
  readonly oldName: string | undefined;
  /** For `rename`: the room's old name. */
  readonly oldRoomName: string | undefined;
  /** For `kick`: true if an operator removed the user's account. */
  readonly isRemoved: boolean;
  /**
   * For `mute`, `grant`, `pin` and `receipts`: true if the state begins, false if it ends.
   * `untilUnixMs` is the end of a mute.
   */
  readonly on: boolean | undefined;
  readonly untilUnixMs: number | undefined;
  /** For `retention`: the time for which the room now keeps messages. */
  readonly keepMs: number | undefined;
  /**
   * Number of earlier messages that the author's device sent to the sealed room but that did not
   * arrive.
   */
  readonly withheld?: number;
}

export interface Reaction {
  readonly sign: string;
  readonly by: readonly string[];
  /** Seq of the reaction by this user, needed to remove the reaction. */
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
  /** Key that identifies the post in actions, unique within this page. */
  readonly key: string;
  readonly to: string;
  readonly body: PostBody;
  readonly writtenUnixMs: number;
  /** `OUTBOX.COUNTER`, which the record of the post will contain. */
  readonly id: string;
  /** `storing`: not yet durable on this machine, so closing the page may lose the post. */
  readonly state:
    | { readonly kind: "storing" }
    | { readonly kind: "waiting" }
    | { readonly kind: "sent"; readonly receipt: Receipt }
    | { readonly kind: "refused"; readonly fault: Fault };
}

export interface Draft {
  readonly text: string;
  /** Seq of the message to which the draft replies. */
  readonly re?: number;
  readonly edits?: number;
  /** Earlier draft, interrupted by an edit or by text typed before the room was open. */
  readonly before?: Draft;
}

export interface TransferView {
  readonly id: string;
  readonly kind: "upload" | "download";
  /** Id of the file; `undefined` until the server knows the file. */
  readonly file: FileId | undefined;
  readonly name: string;
  readonly to: readonly string[];
  readonly state: TransferState;
  readonly progress: ProgressReport | undefined;
}

export type TransferState =
  | { readonly kind: "running" }
  /** Paused by the user. The server keeps the partial content. */
  | { readonly kind: "paused" }
  /**
   * After a reload, the user must choose the file again (`choose`) or allow reading it (`permit`).
   */
  | { readonly kind: "needs-file"; readonly again: "choose" | "permit" }
  | { readonly kind: "failed"; readonly fault: Fault }
  | { readonly kind: "done" };

export interface SearchView {
  readonly query: SearchQuery;
  readonly found: readonly FoundItem[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  /** Seq before which the next page ends. */
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
