/** Immutable screen state that the model does not contain. */

import type { RoomId } from "../../../base/ids.ts";
import type { OutgoingCommand } from "../../../core/client/outgoing.ts";
import type { RoomCatchUp, Walk } from "../../../core/model/catch-up.ts";
import type { NewMessages } from "../../../core/model/new-messages.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type {
  ComposerDraft,
  FoundItem,
  Model,
  ReadingPlace,
  SearchQuery,
} from "../../../core/model/state.ts";
import { ENGLISH_KEYS, type KeyTexts } from "../../../ui/messages/en/keys.ts";
import { TERMINAL_DEFAULTS, type TerminalSettings } from "../../../ui/settings.ts";
import { type Editor, EMPTY_EDITOR } from "../editor/editor.ts";
import type { FinderOverlay, LastFinder } from "./finder.ts";
import type { InboxOverlay } from "./inbox.ts";
import type { Pane } from "./pane.ts";

/** Messages of a walk may be in several rooms. */
export interface WalkedMessage {
  readonly target: string;
  readonly seq: number;
}

/** Results of a search. */
interface ResultsPart {
  readonly kind: "results";
  readonly messages: readonly WalkedMessage[];
  /** `undefined` for messages that a command has listed. */
  readonly search: SearchQuery | undefined;
}

export interface ScreenWalk {
  readonly part: Walk<WalkedMessage>["part"] | ResultsPart;
  readonly at: number;
}

/** Result of summing up new messages; `missing` if the server cannot. */
export interface LoadedCatchUp {
  readonly messages: NewMessages;
  readonly catchUp: RoomCatchUp | "missing";
}

export interface ScreenState {
  readonly editor: Editor;
  readonly completion: Completion | undefined;
  readonly recall: Recall | undefined;
  /** `undefined` while the timeline follows the newest row. */
  readonly scroll: ScrollAnchor | undefined;
  /** Seq of the selected message, or key of the selected unsent post. Only the user selects. */
  readonly selected: number | string | undefined;
  /** Seq of the message to which a jump or a walk led. It is marked, and letters are text. */
  readonly highlighted: number | undefined;
  /** `undefined` before the finder was used, and after it opened something else than a message. */
  readonly lastFinder: LastFinder | undefined;
  /** `undefined` before and after a walk. */
  readonly walk: ScreenWalk | undefined;
  /** New messages of the open room; `undefined` without the line of new messages. */
  readonly newMessages: NewMessages | undefined;
  readonly loadedCatchUp: LoadedCatchUp | undefined;
  /** Place to which the next jump leads, instead of selecting its message. */
  readonly returnTo: ReadingPlace | undefined;
  readonly unfolded: ReadonlySet<string>;
  readonly overlay: Overlay | undefined;
  /** An open question receives all keys. */
  readonly question: ScreenQuestion | undefined;
  readonly notes: readonly ScreenNote[];
  readonly previousTarget: string | undefined;
  /** `undefined` while one place is visible. */
  readonly pane: Pane | undefined;
  readonly showsRooms: boolean;
  /** `undefined` if the width decides. */
  readonly showsMembers: boolean | undefined;
  readonly roomsScroll: ListTop | undefined;
  readonly membersScroll: ListTop | undefined;
  readonly isFocused: boolean;
  /** Whether the last key was a Space that turned the page or opened the next room. */
  readonly readsOn: boolean;
  /** Until then, Ctrl-C on an empty line leaves. */
  readonly leavesUntilUnixMs: number | undefined;
}

/** Row at the bottom edge of the timeline, which keeps its position when rows are added. */
export interface ScrollAnchor {
  readonly key: string;
  /** Number of the row's lines that are below the edge. */
  readonly below: number;
}

export interface Completion {
  readonly from: number;
  readonly to: number;
  readonly candidates: readonly CompletionCandidate[];
  readonly selectedIndex: number;
  readonly replacedText: string;
}

export interface CompletionCandidate {
  readonly text: string;
  readonly hint: string;
}

export interface Recall {
  /** Number of entries back in the history; 0 is the newest. */
  readonly back: number;
  readonly previousText: string;
}

export interface ScreenQuestion {
  readonly kind: "yes-no" | "text" | "secret";
  readonly text: string;
  readonly answer: Editor;
  /** Chosen answer of a yes-or-no question, which is a menu. */
  readonly choice?: "yes" | "no";
  /** First answer of the menu: `no` if something is destroyed, stopped or sent to many. */
  readonly first?: "yes" | "no";
  /** Enter counts some time later, because it may have been meant for something else. */
  readonly askedUnixMs?: number;
}

/** Answers of a yes-or-no question, in the order of its menu. */
export function answersOf({ first }: ScreenQuestion): readonly ("yes" | "no")[] {
  return first === "yes" ? ["yes", "no"] : ["no", "yes"];
}

/** Answer on which the cursor of a yes-or-no question is. */
export function choiceOf({ choice, first = "no" }: ScreenQuestion): "yes" | "no" {
  return choice ?? first;
}

export interface ScreenNote {
  readonly text: string;
  readonly tone: "plain" | "fault";
  readonly leftRoom?: string;
  /** Goes with the next key. */
  readonly isBrief?: true;
}

export type MenuAction =
  | { readonly kind: "command"; readonly command: CommandName }
  | { readonly kind: "walk"; readonly part: ScreenWalk["part"] }
  | { readonly kind: "all-read" }
  | { readonly kind: "enter"; readonly text: string }
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "discard"; readonly key: string }
  | { readonly kind: "close" };

/** Key that the prompt of the selection names. */
export interface SelectionKey {
  readonly command: CommandName;
  /** As printed on the keys. */
  readonly chord: string;
}

export interface MenuEntry {
  readonly action: MenuAction;
  /** Empty if no chord is bound. */
  readonly chord: string;
  readonly label: string;
}

export type Overlay =
  | FinderOverlay
  /** Messages that a command such as `/pins` has listed. */
  | {
      readonly kind: "messages";
      readonly title: string;
      readonly selectedIndex: number;
      readonly found: readonly FoundItem[];
    }
  | {
      readonly kind: "typed";
      readonly query: Editor;
      readonly selectedIndex: number;
      readonly found: readonly string[];
    }
  | InboxOverlay
  | {
      readonly kind: "react";
      readonly seq: number;
      readonly query: Editor;
      readonly selectedIndex: number;
      /** `text` is an emoji and `hint` is its name. */
      readonly found: readonly CompletionCandidate[];
    }
  | {
      readonly kind: "menu";
      /** Default: that of the actions of a message. */
      readonly title?: string;
      /** Object of the entries, such as the beginning of the message. */
      readonly detail?: string;
      readonly selectedIndex: number;
      readonly entries: readonly MenuEntry[];
    }
  /** Command result that is too long for a note. */
  | {
      readonly kind: "text";
      readonly title: string;
      readonly lines: readonly string[];
      readonly top: number;
    };

export const FIRST_STATE: ScreenState = {
  editor: EMPTY_EDITOR,
  completion: undefined,
  recall: undefined,
  scroll: undefined,
  selected: undefined,
  highlighted: undefined,
  lastFinder: undefined,
  walk: undefined,
  newMessages: undefined,
  loadedCatchUp: undefined,
  returnTo: undefined,
  unfolded: new Set(),
  overlay: undefined,
  question: undefined,
  notes: [],
  previousTarget: undefined,
  pane: undefined,
  showsRooms: true,
  showsMembers: undefined,
  roomsScroll: undefined,
  membersScroll: undefined,
  isFocused: true,
  readsOn: false,
  leavesUntilUnixMs: undefined,
};

export interface ScreenFrame {
  /** Text, SGR and OSC 8 only. No line is wider than the terminal. */
  readonly lines: readonly string[];
  /** Position from 0; `undefined` if the cursor is hidden. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
  /** Contains no control characters. */
  readonly title: string;
  readonly pictures?: readonly PictureBox[];
}

export interface PictureBox {
  /** Result of `pictureId`, to which the picture's cells refer. */
  readonly id: number;
  readonly columns: number;
  readonly rows: number;
}

export type Hit =
  | { readonly kind: "rooms"; readonly target: string | undefined }
  | { readonly kind: "inbox" }
  | { readonly kind: "members"; readonly name: string | undefined }
  | {
      readonly kind: "timeline";
      readonly key: string | undefined;
      readonly clickAction: "fetch" | "unfold" | undefined;
      readonly link: string | undefined;
      /** File on whose line the pointer is. */
      readonly file?: string | undefined;
    }
  | { readonly kind: "overlay"; readonly choice: number | undefined; readonly isHeading: boolean }
  /** `at` is a UTF-16 index in the input text. */
  | { readonly kind: "input"; readonly at: number }
  /** Parts of the status line: the number of rows below, and the unread count of other rooms. */
  | { readonly kind: "newest" | "unread" }
  /** The pane without the input. */
  | { readonly kind: "pane" };

/** Index of a list's first visible line, and its maximum. */
export interface ListScroll {
  readonly top: number;
  readonly topMax: number;
}

/** Valid only while the target `open` remains open. */
export interface ListTop {
  readonly open: string | undefined;
  readonly top: number;
}

export type CommandName = keyof KeyTexts["commands"];

export const COMMAND_NAMES = Object.keys(ENGLISH_KEYS.commands) as CommandName[];

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(ENGLISH_KEYS.commands, text);
}

export interface ScreenSettings extends TerminalSettings {
  readonly colors: Readonly<Record<string, string>>;
  readonly keys: Readonly<Record<string, string>>;
  readonly muted: readonly string[];
}

export const DEFAULT_SETTINGS: ScreenSettings = {
  ...TERMINAL_DEFAULTS,
  colors: {},
  keys: {},
  muted: [],
};

const CLEARS_NOTES: ReadonlySet<Action["kind"]> = new Set<Action["kind"]>([
  ...(["enter", "jump", "react", "erase", "fetch", "cancel-transfer"] as const),
  ...(["pin", "save", "resend", "waiting", "discard", "copy"] as const),
]);

export function clearsNotes({ kind }: Action): boolean {
  return CLEARS_NOTES.has(kind);
}

export type Action =
  /**
   * Sends a message or runs a command. The next action removes the open target's draft. `re` or
   * `edits` is the seq of the message to reply to or edit.
   */
  | { readonly kind: "enter"; readonly text: string; readonly re?: number; readonly edits?: number }
  | { readonly kind: "open"; readonly target: string }
  | { readonly kind: "draft"; readonly target: string; readonly draft: ComposerDraft | undefined }
  | { readonly kind: "reach"; readonly direction: "older" | "newer" }
  | { readonly kind: "bottom" }
  | { readonly kind: "jump"; readonly target: string; readonly seq: number }
  | { readonly kind: "react"; readonly seq: number; readonly sign: string }
  | { readonly kind: "pin"; readonly seq: number; readonly on: boolean }
  | { readonly kind: "save"; readonly room: RoomId; readonly seq: number; readonly on: boolean }
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "fetch"; readonly file: string; readonly name: string }
  | { readonly kind: "cancel-transfer"; readonly id: string }
  | { readonly kind: "resend"; readonly key: string }
  | { readonly kind: "discard"; readonly key: string }
  | { readonly kind: "waiting"; readonly key: string; readonly command: OutgoingCommand }
  | { readonly kind: "copy"; readonly text: string }
  /** Asks the server after a pause in typing; `undefined` cancels that. */
  | { readonly kind: "find-messages"; readonly query: SearchQuery | undefined }
  | { readonly kind: "search-more" }
  /** Prepares what the finder offers. */
  | { readonly kind: "finder-opened" }
  /** As `/set` does. */
  | { readonly kind: "set"; readonly setting: string }
  | { readonly kind: "thread"; readonly seq: number | undefined }
  /** Reads a folder for path completion, after which the client handles Tab again. */
  | { readonly kind: "list-folder"; readonly path: string }
  | { readonly kind: "answered"; readonly answer: string | undefined }
  | { readonly kind: "focus"; readonly on: boolean }
  /** Loads the inbox, and shows it. */
  | { readonly kind: "inbox" }
  | { readonly kind: "mute"; readonly target: string }
  | { readonly kind: "step-hand" }
  /** Marks a target as read, which the next action undoes. */
  | { readonly kind: "all-read"; readonly target: string }
  | { readonly kind: "undo-read" }
  | { readonly kind: "dismiss" }
  | { readonly kind: "redraw" }
  /** Everything on the screen has been read. */
  | { readonly kind: "turn-page" }
  | { readonly kind: "suspend" }
  /** 130 after Ctrl-C; 0 after Ctrl-D or `/quit`. */
  | { readonly kind: "leave"; readonly exitCode: 0 | 130 };

/** Whether the list of members is wanted: by key or, on a wide screen, of each room. */
export function showsMembers(state: ScreenState, model: Model, isWide: boolean): boolean {
  return state.showsMembers ?? (isWide && openRoom(model)?.kind === "room");
}
