/** Types of the client's model: rooms, items and people as a UI displays them. */

import type { Fault } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import type {
  CallReason,
  RoomFace,
  RoomRules,
  ServerRules,
  WallState,
} from "../../wire/messages.ts";
import type { ImportOrigin, RoomView } from "../client/chat-record.ts";
import type { EventFacts } from "../client/event-facts.ts";
import type { TextQuery } from "../client/grep.ts";
import type { Receipt } from "../client/outbox.ts";
import type { OutgoingAction } from "../client/outgoing.ts";
import type { QueuedBody } from "../client/queued-body.ts";
import type { FileBody } from "../rooms/files.ts";
import type { PollHide, PollRules } from "../rooms/polls.ts";
import type { CountedFollow, RoomPrefs } from "../rooms/prefs.ts";
import type { WriterRole } from "../rooms/server-rules.ts";
import type { ProgressReport } from "../transfer/progress.ts";
import type { MessageSpan } from "./seen.ts";

/**
 * State of the UI as immutable values; the UI redraws only objects that have changed. Texts are
 * unsanitised: the UI must call `cleanText` before displaying them.
 */
export interface Model {
  readonly itemsMax: number;
  readonly connection: ConnectionView;
  readonly guessDelay: GuessDelayView | undefined;
  /** `undefined` before the first greeting. */
  readonly server: ServerView | undefined;
  readonly me: string | undefined;
  readonly isCaughtUp: boolean;
  readonly rooms: ReadonlyMap<RoomId, RoomState>;
  /** Target of the visible room: `lobby` or `@bob`. A conversation need not exist yet. */
  readonly open: string | undefined;
  readonly isFocused: boolean;
  /**
   * `n` from which on the user sees all messages of the open room that arrive; `undefined` unless
   * its end is on the screen.
   */
  readonly watchedFrom: number | undefined;
  /** Whether an open thread covers the timeline. */
  readonly isThreadAlone: boolean;
  readonly pending: readonly PendingPost[];
  /** The user's own messages whose files are not complete, oldest first. */
  readonly waiting: readonly WaitingView[];
  readonly drafts: ReadonlyMap<string, ComposerDraft>;
  readonly ignored: ReadonlySet<string>;
  /**
   * Conversations, in lower case, that take no messages, because the server permits them between
   * these people and others alone. Known of those that were opened.
   */
  readonly writeLimits: ReadonlyMap<string, WriterRole | undefined>;
  /** Valid display names by account names in lower case. */
  readonly displayNames: ReadonlyMap<string, string>;
  /** Shared by the account's devices; `undefined` if the server does not store settings. */
  readonly prefs: ReadonlyMap<RoomId, RoomPrefs> | undefined;
  readonly saved: ReadonlyMap<number, RoomId>;
  /** Threads by the seqs of their roots; `undefined` if the server does not store them. */
  readonly follows: ReadonlyMap<number, CountedFollow> | undefined;
  readonly transfers: ReadonlyMap<string, TransferView>;
  readonly search: SearchView | undefined;
  /** Unread messages that call the user, as the server listed them, without later changes. */
  readonly calls: readonly FoundCall[];
  /** Last replies in followed threads, likewise. */
  readonly lastReplies: readonly FoundItem[];
  readonly places: ReadingPlaces;
  /** Present while the user can undo that rooms were marked as read. */
  readonly allRead: ReadonlyMap<RoomId, AllRead> | undefined;
  readonly faults: readonly VisibleFault[];
  readonly isOutdated: boolean;
  readonly isOperator: boolean;
  readonly notices: NoticeTexts;
  readonly nextFault: number;
}

export interface NoticeTexts {
  readonly announcement?:
    | { readonly text: string; readonly by: string; readonly time: number }
    | undefined;
  /** Only sent to operators. Only they can post when `freeBytes` is below `keepFreeBytes`. */
  readonly diskLow?: { readonly freeBytes: number; readonly keepFreeBytes: number } | undefined;
  readonly hasMajority?: boolean;
  /** Reason for which the server cannot record messages, if it gave one. */
  readonly refusal?: string | undefined;
  readonly rules?: ServerRules;
  /** Whether the user is an operator, as far as this link has shown. */
  readonly isOperator?: boolean;
}

export type ConnectionView =
  | { readonly kind: "connecting" }
  /** Connected but not logged in. `fault`: cause of the last failed log-in. */
  | { readonly kind: "outside"; readonly fault: Fault | undefined }
  | { readonly kind: "entering" }
  | { readonly kind: "online"; readonly isStalled?: true }
  | { readonly kind: "offline"; readonly fault: Fault; readonly retryAtUnixMs: number }
  /**
   * Not reconnecting: the user was banned, the device was removed, or the user logged out (no
   * fault).
   */
  | { readonly kind: "ended"; readonly fault: Fault | undefined };

export interface GuessDelayView {
  readonly of: "address" | "account" | "everyone";
  readonly untilUnixMs: number;
}

export interface ServerView {
  readonly name: string;
  readonly fingerprint: string;
  readonly needsRoomPassword: boolean;
  /** Whether a new account needs an invite. */
  readonly isClosed?: boolean;
  readonly welcome: string | undefined;
  readonly textBytesMax: number;
  /** `undefined` if the server takes no files. */
  readonly fileBytesMax?: number | undefined;
  /**
   * Previously known fingerprint, if the server's key changed and the old key did not sign the new
   * key.
   */
  readonly changedFrom?: string;
  readonly keepsKey: boolean;
}

/** Room as the server sent it, with what the client has received and the user has done there. */
export interface RoomState extends Omit<RoomView, "isBoxed"> {
  readonly target: string;
  /** Chosen mark and colour of the tile, as the server sent them. */
  readonly face: RoomFace | undefined;
  readonly formerNames: readonly string[];
  /** User who began the group, if somebody else. */
  readonly begunBy: string | undefined;
  readonly moderates: boolean;
  /** End of the user's own mute, 0 if permanent; `undefined` if the user is not muted. */
  readonly mutedUntilUnixMs: number | undefined;
  readonly rules: RoomRules;
  /** End of the user's own wait in slow mode, by the server's clock. */
  readonly slowUntilUnixMs: number | undefined;
  /** Whether the user's messages went to a box until now: they have posted nothing here since. */
  readonly wasBoxed: boolean;
  readonly isClosed: boolean;
  readonly isSealed: boolean;
  readonly isLocked: boolean;
  readonly pins: readonly number[];
  /** Members whose hands are raised, the first one first. */
  readonly hands: readonly string[];
  /** Member whom a moderator has called on. */
  readonly called: string | undefined;
  /** Moderator who called on `called`; `undefined` also from a server that does not say. */
  readonly caller: string | undefined;
  /** Time of the call in Unix ms. */
  readonly calledUnixMs: number | undefined;
  /** Users who ask to join, the first one first. Only moderators receive them. */
  readonly knocks: readonly string[];
  /** Content of the room's walls. Only moderators receive it. */
  readonly wall: WallState | undefined;
  readonly receipts: boolean;
  /** Receipts in a direct conversation take effect when both users have turned them on. */
  readonly receiptsWanted: boolean;
  /** `n` of the last record, and `n` up to which any of the account's devices has read. */
  readonly last: number;
  readonly read: number;
  readonly unread: number;
  /**
   * While the link catches up: `n` up to which the server has counted the unread messages, without
   * those that the records to come erase.
   */
  readonly countedN: number;
  /** Seq of the first unread message, if the server has sent it for the read position. */
  readonly firstUnread: number | undefined;
  /** Messages behind the read position that the user has seen, in order and without overlaps. */
  readonly seen: readonly MessageSpan[];
  /** `n` of the calls beyond the read position that were read on any device. */
  readonly readCalls: readonly number[];
  /**
   * Read position before the line of new messages; `undefined` without the line. It stays until
   * the user posts, or leaves the room: after a post, no message is behind it.
   */
  readonly readAtOpening: number | undefined;
  /** Unread messages that mention the user or, in a conversation, all unread messages. */
  readonly mentions: readonly Mention[];
  readonly lastUnixMs: number;
  readonly lastSeq: number;
  /** Newest items without a gap, oldest first. */
  readonly tail: ItemRange;
  readonly jump: ItemRange | undefined;
  /** Open thread. */
  readonly thread: ThreadState | undefined;
  /** Whether the user has hidden the messages before the tail. */
  readonly isCleared: boolean;
  readonly loading: PageRequest | undefined;
  /** Seq to which the user jumped. The UI scrolls to its item after it is loaded. */
  readonly jumpSeq: number | undefined;
  readonly bottomRequests: number;
  /**
   * `n` up to which the tail is complete, and `n` up to which the server has sent records over the
   * current link.
   */
  readonly receivedN: number;
  readonly linkN: number;
  readonly isListed: boolean;
  /** Changes by record seq, including changes to records that are not loaded. */
  readonly changes: ReadonlyMap<number, Changes>;
  readonly online: ReadonlySet<string>;
  readonly members: readonly Member[] | undefined;
  /** Changes since the members were requested, at most UNLISTED_MAX. */
  readonly unlisted: readonly MemberChange[] | undefined;
  readonly typing: readonly string[];
  readonly offered: readonly OfferedFile[];
}

export type MemberChange = Item | PresenceChange | StatusChange;

export interface PresenceChange {
  readonly kind: "presence";
  readonly user: string;
  readonly online: boolean;
}

export interface StatusChange extends Pick<Member, "status" | "statusUntil"> {
  readonly kind: "status";
  readonly user: string;
}

export interface Mention {
  readonly n: number;
  readonly seq: number;
}

export interface ItemRange {
  readonly items: readonly Item[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

/** Message at the upper edge of the screen. */
export interface ReadingPlace {
  readonly seq: number;
  /** Pixels or lines of the message that are above the edge; negative below it. */
  readonly above: number;
}

/**
 * Places where the user has left rooms and threads, by `placeKey`, the latest one last. Rooms and
 * threads that were left at their ends have none.
 */
export type ReadingPlaces = ReadonlyMap<string, ReadingPlace>;

/** The root, which may be missing, and the newest replies to it. */
export interface ThreadState extends ItemRange {
  readonly root: number;
  /** `wanted`: not yet requested. */
  readonly loading: "wanted" | "requested" | undefined;
  readonly bottomRequests: number;
  /** Seq up to which the thread was read when it was opened; `undefined` if nothing was unread. */
  readonly readAtOpening: number | undefined;
  /** Replies behind the read position that were seen. */
  readonly seen: readonly MessageSpan[];
}

export type PageSide = "older" | "newer" | "around";

export interface PageRequest {
  readonly side: PageSide;
  /** Exclusive bound of the page or, for `around`, its middle. */
  readonly seq: number;
}

export type ErasedFileView = Pick<FileBody, "file" | "name">;

export type FileView = FileBody & { readonly isSealed?: true };

export interface Item extends EventFacts {
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  readonly kind: string;
  readonly from: string | undefined;
  /** Id of the author's account. */
  readonly by?: string | undefined;
  readonly isMine: boolean;
  /** The author's key has changed, and the user has not accepted it. */
  readonly hasNewKey?: boolean;
  /** `damaged`: lost because of a disk fault. Erased and damaged items have no text. */
  readonly state: "whole" | "erased" | "damaged";
  /** User who erased the message, if it was not its author. */
  readonly erasedBy?: string;
  /** Erased because its room keeps messages for a limited time. */
  readonly hasExpired?: true | undefined;
  readonly editedUnixMs: number | undefined;
  readonly imported: ImportOrigin | undefined;
  /**
   * Seq of the message that this item replies to or pins. For an `edit`, which only search results
   * contain, seq of the edited record.
   */
  readonly re: number | undefined;
  /** Shown only in the thread of `re`. */
  readonly isInThread?: true;
  readonly mentions: readonly string[];
  readonly mentionsMe: boolean;
  /** The message answers a loaded one of the user. */
  readonly answersMe?: true | undefined;
  /** The message mentions everyone, or the members who were online. */
  readonly everyone?: "all" | "here";
  /** A notice alerts nobody. */
  readonly isNotice?: true;
  /** The message is a stamp on the work in a box, which only later versions may know. */
  readonly stamp?: string;
  readonly reactions: readonly Reaction[];
  readonly poll?: PollView | undefined;
  /** `undefined` if no reply is loaded. */
  readonly replies?: RepliesView | undefined;
  /** Empty unless the message lists files. */
  readonly files: readonly FileView[];
  /** Files that were erased without the message. */
  readonly erasedFiles?: readonly ErasedFileView[] | undefined;
  /** Number of earlier messages by this author's device that did not arrive in the sealed room. */
  readonly withheld?: number;
  /** As in its record. */
  readonly waitsFor?: string;
}

export interface Reaction {
  readonly sign: string;
  readonly by: readonly string[];
  /** Seqs of the user's own reactions: several if two devices sent one at the same time. */
  readonly mine: readonly number[];
}

export interface RepliesView {
  readonly count: number;
  readonly lastSeq: number;
  readonly lastUnixMs: number;
  /** Authors of the last replies, each once, the last one at the end. */
  readonly by: readonly string[];
}

export interface PollView {
  readonly question: string;
  readonly options: readonly {
    readonly option: string;
    /** `undefined` while the results are hidden. */
    readonly count: number | undefined;
    /** Names, or pseudonyms in an anonymous poll. */
    readonly by: readonly string[];
    readonly isMine: boolean;
  }[];
  readonly voters: number;
  readonly many: boolean;
  readonly anonymous: boolean;
  /** Event that shows the results of a poll which hides them. */
  readonly hide: PollHide | undefined;
  /** Whether the reader may not see the results now. */
  readonly isHidden: boolean;
  /** Always false in an anonymous poll. */
  readonly hasVoted: boolean;
  readonly untilUnixMs: number | undefined;
  /** Whether its author, a moderator or its time has ended the poll. */
  readonly isClosed: boolean;
}

export interface Vote {
  readonly seq: number;
  readonly by: string;
  readonly choices: readonly number[];
  /** Encrypted choices of a poll that hides them until its end. */
  readonly ballot?: string | undefined;
}

export interface Changes {
  readonly edit:
    | { readonly seq: number; readonly text: string; readonly timeUnixMs: number }
    | undefined;
  readonly isErased: boolean;
  readonly erasedBy?: string | undefined;
  readonly hasExpired?: true;
  /** Files and previews that were erased without the message. */
  readonly erasedFiles?: readonly string[];
  readonly reactions: readonly {
    readonly seq: number;
    readonly sign: string;
    readonly by: string;
  }[];
  readonly replies?: readonly {
    readonly seq: number;
    readonly timeUnixMs: number;
    readonly from: string | undefined;
  }[];
  /** Rules and end of a poll. A page may contain the end alone. */
  readonly poll?: {
    readonly rules?: PollRules;
    readonly endSeq?: number;
    /** Key of the ballots. */
    readonly key?: string;
  };
  /** The last vote of each voter. */
  readonly votes?: readonly Vote[];
}

export interface Member {
  readonly name: string;
  readonly isOnline: boolean;
  readonly role: string;
  /** 0 if permanent. */
  readonly mutedUntilUnixMs?: number | undefined;
  readonly isBot?: boolean | undefined;
  readonly status?: string | undefined;
  /** End of the status in Unix ms; `undefined` if permanent. */
  readonly statusUntil?: number | undefined;
  readonly displayName?: string | undefined;
  /** True if the user was added to an encrypted room but has not joined it. */
  readonly isInvited?: boolean | undefined;
}

export interface OfferedFile {
  readonly file: FileId;
  readonly from: string;
  readonly name: string;
  readonly sizeBytes: number | undefined;
  /** Root of the thread that will show the file. */
  readonly thread: number | undefined;
}

export interface PendingPost {
  readonly key: string;
  readonly to: string;
  readonly body: QueuedBody;
  /** Files of the body, as its author named them. */
  readonly files?: readonly Pick<WaitingFileView, "name" | "size" | "isFolder">[] | undefined;
  readonly writtenUnixMs: number;
  /** `OUTBOX.COUNTER`, also contained in the post's record. */
  readonly id: string;
  /** `storing`: not yet durable on this machine, so closing the page may lose the post. */
  readonly state:
    | { readonly kind: "storing" }
    | { readonly kind: "waiting" }
    | { readonly kind: "sent"; readonly receipt: Receipt }
    | { readonly kind: "refused"; readonly fault: Fault };
}

/** The user's own message whose files are being uploaded, or that waits for a decision. */
export interface WaitingView {
  readonly key: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly re?: number | undefined;
  readonly thread?: boolean | undefined;
  readonly writtenUnixMs: number;
  readonly files: readonly WaitingFileView[];
  /** Why it is not sent; `undefined` while nothing prevents that. */
  readonly fault: Fault | undefined;
  /** Commands that apply now, in the order of a menu. */
  readonly actions: readonly OutgoingAction[];
}

export interface WaitingFileView {
  readonly id: number;
  readonly name: string;
  readonly size: number | undefined;
  readonly isFolder: boolean;
  readonly isComplete: boolean;
  readonly progress: ProgressReport | undefined;
  readonly fault: Fault | undefined;
}

export interface ComposerDraft {
  readonly text: string;
  readonly re?: number;
  readonly edits?: number;
  /** Time of the message's last edit when this edit of it began. */
  readonly editedUnixMs?: number;
  /** Earlier draft, interrupted by an edit or by text typed before the room was open. */
  readonly before?: ComposerDraft;
}

export interface TransferView {
  readonly id: string;
  readonly kind: "upload" | "download";
  readonly file: FileId | undefined;
  readonly name: string;
  readonly isFolder?: boolean | undefined;
  readonly to: readonly string[];
  readonly state: TransferState;
  readonly progress: ProgressReport | undefined;
}

export type TransferState =
  | { readonly kind: "running" }
  /** The server keeps the partial content. */
  | { readonly kind: "paused" }
  /** After a reload, the user must permit writing the file. */
  | { readonly kind: "needs-permission" }
  | { readonly kind: "failed"; readonly fault: Fault }
  | { readonly kind: "done" };

export interface SearchView {
  readonly query: SearchQuery;
  readonly found: readonly FoundItem[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly before: number | undefined;
  readonly fault: Fault | undefined;
}

export interface SearchQuery extends TextQuery {
  /** As typed, including its filters. */
  readonly input: string;
  /** Words as typed; empty if only filters were. */
  readonly text: string;
  readonly target?: string;
  readonly from?: string;
  readonly sinceUnixMs?: number;
  readonly untilUnixMs?: number;
  readonly files?: boolean;
  /** Only replies to the message with this seq. */
  readonly re?: number;
}

/**
 * State of a room before it was marked as read. The server learns of it when the user can no longer
 * undo it, so that all devices keep their counts until then.
 */
export interface AllRead {
  /** `n` of the last record at that time. */
  readonly n: number;
  /** Number of unread messages, at least one if the user had marked the room as unread. */
  readonly shown: number;
  readonly before: Pick<
    RoomState,
    "read" | "unread" | "mentions" | "readAtOpening" | "firstUnread"
  >;
}

export interface FoundItem {
  readonly room: RoomId;
  readonly target: string;
  readonly item: Item;
}

export interface FoundCall extends FoundItem {
  /** `undefined` in encrypted rooms, whose messages this device reads. */
  readonly reason: CallReason | undefined;
}

export interface VisibleFault {
  readonly id: number;
  readonly fault: Fault;
}
