/** The types of the model. */

import type { Fault } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { Imported } from "../client/chat-record.ts";
import type { Receipt } from "../client/outbox.ts";
import type { FileBody } from "../rooms/files.ts";
import type { RoomPrefs } from "../rooms/prefs.ts";
import type { ProgressReport } from "../transfer/progress.ts";

/**
 * What a face shows, as plain values that are never changed: whatever is equal by identity looks
 * the same. Words are as their authors sent them: `cleanText` is the face's last step.
 */
export interface Model {
  /** Items of one room that this face holds; beyond it the far end goes. */
  readonly itemsMax: number;
  readonly connection: ConnectionView;
  /** The answer to a secret that was shown is held back. */
  readonly guessDelay: GuessDelayView | undefined;
  /** Undefined until it was greeted once. */
  readonly server: ServerView | undefined;
  /** Whose rooms are shown; undefined if no account is logged in. */
  readonly me: string | undefined;
  /** All that was missed has been told. */
  readonly isCaughtUp: boolean;
  /** In the order in which they came. */
  readonly rooms: ReadonlyMap<RoomId, RoomState>;
  /** Target that is shown: `lobby`, or `@bob` with whom nothing may have been spoken yet. */
  readonly open: string | undefined;
  /** The page is looked at: only then is anything read. */
  readonly isFocused: boolean;
  /** The newest of what is open is on the screen: what comes is read as it comes. */
  readonly isAtNewest: boolean;
  /** Posts that are not in their rooms yet, oldest first. */
  readonly pending: readonly PendingPost[];
  /** By target; what is written and not sent. */
  readonly drafts: ReadonlyMap<string, Draft>;
  /** Folded names. */
  readonly ignored: ReadonlySet<string>;
  /** What the account has set of rooms, on all its devices; undefined: its server keeps none. */
  readonly prefs: ReadonlyMap<RoomId, RoomPrefs> | undefined;
  /** Rooms of the messages that the account has saved, by seq, oldest saved first. */
  readonly saved: ReadonlyMap<number, RoomId>;
  /** By id, oldest first. */
  readonly transfers: ReadonlyMap<string, TransferView>;
  readonly search: SearchView | undefined;
  /** To be shown until the user has seen them; the newest FAULTS_SHOWN_MAX. */
  readonly faults: readonly ShownFault[];
  /** The server runs another build than the page came from: it asks to be loaded again. */
  readonly isOutdated: boolean;
  /** May do what operators may: the server's window is theirs. */
  readonly isOperator: boolean;
  readonly board: Board;
  readonly nextFault: number;
}

/** What the server has all users, or its operators, know as long as it holds. */
export interface Board {
  readonly announcement?:
    | { readonly text: string; readonly by: string; readonly time: number }
    | undefined;
  /** To operators: files are refused when less than `keepFreeBytes` are free. */
  readonly diskLow?: { readonly freeBytes: number; readonly keepFreeBytes: number } | undefined;
  /** `false` while the server's cluster takes no messages. */
  readonly hasMajority?: boolean;
}

export type ConnectionView =
  | { readonly kind: "connecting" }
  /** Greeted; the user has to log in. `fault`: why the last attempt failed. */
  | { readonly kind: "outside"; readonly fault: Fault | undefined }
  /** The server is being asked to let us in. */
  | { readonly kind: "entering" }
  /** `isStalled`: the link is open, and the server has not answered for STALL_MS. */
  | { readonly kind: "online"; readonly isStalled?: true }
  /** It is tried again at that moment, Unix ms. */
  | { readonly kind: "offline"; readonly fault: Fault; readonly retryAtUnixMs: number }
  /** For good: banned, kicked off as a device, or left on purpose (no fault). */
  | { readonly kind: "ended"; readonly fault: Fault | undefined };

export interface GuessDelayView {
  /** For whose sake: too many were wrong from here, for this name, or from everywhere. */
  readonly of: "address" | "account" | "everyone";
  /** A wrong one is answered then; a right one then or before. */
  readonly untilUnixMs: number;
}

export interface ServerView {
  readonly name: string;
  /** With `SHA256:` in front, as people compare it. */
  readonly fingerprint: string;
  readonly needsRoomPassword: boolean;
  readonly welcome: string | undefined;
  readonly textBytesMax: number;
  /** Another one than this browser met here before, and nothing vouches for it. */
  readonly changedFrom?: string;
  /** Whether this browser can keep a key; else a password is needed for each visit. */
  readonly keepsKey: boolean;
}

export interface RoomState {
  readonly id: RoomId;
  /** `person`: a conversation, named by the other one. */
  readonly kind: "room" | "person";
  readonly name: string;
  /** As posts and requests name it: `lobby`, `@bob`. */
  readonly target: string;
  readonly topic: string;
  readonly moderates: boolean;
  /** It can be read, and not written to. */
  readonly isClosed: boolean;
  /** What is said there only the devices in its group can read. */
  readonly isSealed: boolean;
  /** Who joins has to know its password. */
  readonly isLocked: boolean;
  /** How long it keeps what is said, in milliseconds; undefined: for good. */
  readonly keepMs: number | undefined;
  /** Messages to be found again, by seq. */
  readonly pins: readonly number[];
  /** Authors see who has read what they say there. */
  readonly receipts: boolean;
  /** Whether this account wants receipts in the conversation; both sides must. */
  readonly receiptsWanted: boolean;
  /** `n` of its last record, and up to where some device of the account has read. */
  readonly last: number;
  readonly read: number;
  /** Words of others behind that. */
  readonly unread: number;
  /** Up to where it was read when it was opened: a line is drawn there. */
  readonly readAtOpening: number | undefined;
  /** `n` of what is unread and known here, and calls or answers me. */
  readonly calls: readonly number[];
  /** Unix ms and seq of the last item; 0: none is known. */
  readonly lastUnixMs: number;
  readonly lastSeq: number;
  /** Without a hole up to the newest, oldest first. */
  readonly tail: Stretch;
  /** Where the user has jumped to, not joined with the tail yet: this is shown then. */
  readonly jump: Stretch | undefined;
  /** What was asked for and is not here yet. */
  readonly loading: WantedPage | undefined;
  /** Seq that the user has jumped to: to be scrolled to once it is here. */
  readonly shown: number | undefined;
  /** So many times the user has asked for the newest, by a post of their own too. */
  readonly bottoms: number;
  /** `n` up to which the tail is complete, and up to which the present link has told. */
  readonly told: number;
  readonly linkN: number;
  /** The present link has told of the room. */
  readonly isTold: boolean;
  /** What was said of records, by their seq; also of such that are not here yet. */
  readonly changes: ReadonlyMap<number, Changes>;
  /** Names as told; only of whom `presence` or `who` has spoken. */
  readonly online: ReadonlySet<string>;
  readonly members: readonly Member[] | undefined;
  /** Who writes there now, as far as the server names them; oneself among them. */
  readonly typing: readonly string[];
  /** Files on their way to the room, not whole yet. */
  readonly offered: readonly OfferedFile[];
}

/** Items of a room between two places of its past, without a hole. */
export interface Stretch {
  readonly items: readonly Item[];
  /** There are older, or newer, ones at the server. */
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

export type PageSide = "older" | "newer" | "around";

export interface WantedPage {
  readonly side: PageSide;
  /** Exclusive; of `around` the one in the middle. */
  readonly seq: number;
}

/** A file of a sealed room: what the server has of it is of no use as it is. */
export type ShownFile = FileBody & {
  readonly isSealed?: true;
  /** The same of all files that its sender sent at once. */
  readonly sending?: string;
};

/** One thing that users see in a room: a message, a file, a member who came. */
export interface Item {
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  /** `text`, `action`, `file`, `join`, `leave`, `topic`, `kick`, `mute`, `grant`, … */
  readonly kind: string;
  /** Undefined: the server itself. */
  readonly from: string | undefined;
  readonly isMine: boolean;
  /** `damaged`: the server's disk has lost it. Neither has words. */
  readonly state: "whole" | "erased" | "damaged";
  /** What it says now; of a topic the topic. */
  readonly text: string;
  /** It was changed: when, Unix ms. */
  readonly editedUnixMs: number | undefined;
  /** Said elsewhere, and brought here by `from`. */
  readonly imported: Imported | undefined;
  /** Seq of what it answers, or pins; of an `edit`, which only a search finds, what it replaces. */
  readonly re: number | undefined;
  /** Names that its author called. */
  readonly mentions: readonly string[];
  /** It calls me by name, or answers me. */
  readonly callsMe: boolean;
  readonly reactions: readonly Reaction[];
  readonly file: ShownFile | undefined;
  /** Of `kick`, `mute` and `grant`: whom. Of `rename`: what they, or the room, are called now. */
  readonly whom: string | undefined;
  /** Of `rename`: what they were called; undefined: the room was. */
  readonly was: string | undefined;
  /** Of `rename`: what the room was called. */
  readonly roomWas: string | undefined;
  /** Of `kick`: the whole account was removed. */
  readonly isRemoved: boolean;
  /** Of `mute`, `grant`, `pin` and `receipts`: it begins or ends; `untilUnixMs` of a mute. */
  readonly on: boolean | undefined;
  readonly untilUnixMs: number | undefined;
  /** Of `retention`: as of the room. */
  readonly keepMs: number | undefined;
  /** Messages of its device, before it, that never came into the sealed room. */
  readonly withheld?: number;
}

/** One sign under a message. */
export interface Reaction {
  readonly sign: string;
  readonly by: readonly string[];
  /** Seq of mine, by which it is taken back. */
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
  /** Of this page; also names it in actions. */
  readonly key: string;
  readonly to: string;
  readonly body: PostBody;
  readonly writtenUnixMs: number;
  /** `OUTBOX.COUNTER`: its record will carry it. */
  readonly id: string;
  /** `storing`: not durable yet on this side, so that a page that closes now may lose it. */
  readonly state:
    | { readonly kind: "storing" }
    | { readonly kind: "waiting" }
    | { readonly kind: "sent"; readonly receipt: Receipt }
    | { readonly kind: "refused"; readonly fault: Fault };
}

/** What stands in the composer. */
export interface Draft {
  readonly text: string;
  /** Seq that it answers. */
  readonly re?: number;
  /** Seq of one's own message that it will replace. */
  readonly edits?: number;
  /** Of an edit: what was being written when it began, and comes back when it ends. */
  readonly before?: Draft;
}

export interface TransferView {
  /** Of this transfer; names it in actions. */
  readonly id: string;
  readonly kind: "upload" | "download";
  /** Undefined: the server was not told of it yet. */
  readonly file: FileId | undefined;
  readonly name: string;
  /** Where an upload goes. */
  readonly to: readonly string[];
  readonly state: TransferState;
  readonly progress: ProgressReport | undefined;
}

export type TransferState =
  | { readonly kind: "running" }
  /** By the person; what is at the server stays there. */
  | { readonly kind: "paused" }
  /** After a reload: the file has to be chosen again. `again`: it could be read, if one agrees. */
  | { readonly kind: "needs-file"; readonly again: "choose" | "permit" }
  | { readonly kind: "failed"; readonly fault: Fault }
  | { readonly kind: "done" };

export interface SearchView {
  readonly query: SearchQuery;
  /** Newest first. */
  readonly found: readonly FoundItem[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  /** Seq from which more is asked for. */
  readonly before: number | undefined;
  readonly fault: Fault | undefined;
}

export interface SearchQuery {
  readonly text: string;
  /** Left out: everywhere. */
  readonly target?: string;
  readonly from?: string;
  readonly files?: boolean;
}

export interface FoundItem {
  readonly room: RoomId;
  readonly target: string;
  readonly item: Item;
}

export interface ShownFault {
  readonly id: number;
  readonly fault: Fault;
}
