/** Immutable screen state outside the model. */

import { type Editor, EMPTY_EDITOR } from "../editor/editor.ts";
import type { CommandName } from "./commands.ts";
import type { ListTop } from "./hit.ts";

export interface ScreenState {
  readonly editor: Editor;
  /** Candidates of Tab; `undefined` if there are none. */
  readonly completion: Completion | undefined;
  /** Set while the input displays an entry of the input history. */
  readonly recall: Recall | undefined;
  /** Scroll position; `undefined` while the newest rows are at the bottom. */
  readonly scroll: ScrollAnchor | undefined;
  /** Seq of the selected message, or key of the selected unsent post. */
  readonly selected: number | string | undefined;
  /** Keys of rows whose long text is unfolded, newest last. */
  readonly unfolded: ReadonlySet<string>;
  readonly overlay: Overlay | undefined;
  /** Question in the status line, which receives keys first. */
  readonly question: Question | undefined;
  /** Output of commands and notices below the timeline, newest last. Esc clears it. */
  readonly notes: readonly Note[];
  /** Previously open target. */
  readonly previousTarget: string | undefined;
  readonly showsRooms: boolean;
  readonly showsMembers: boolean;
  readonly roomsScroll: ListTop | undefined;
  readonly membersScroll: ListTop | undefined;
  /** Whether the terminal reports that its window has the focus. */
  readonly isFocused: boolean;
}

/** Row at the bottom edge of the timeline. The row keeps its position while other rows arrive. */
export interface ScrollAnchor {
  readonly key: string;
  /** Lines of the row below the edge. */
  readonly below: number;
}

export interface Completion {
  /** UTF-16 index of the replaced text. */
  readonly from: number;
  readonly to: number;
  readonly candidates: readonly Candidate[];
  /** Index of the inserted candidate. */
  readonly selectedIndex: number;
  /** Original text, which Esc restores. */
  readonly replacedText: string;
}

export interface Candidate {
  readonly text: string;
  /** Text beside the candidate; may be empty. */
  readonly hint: string;
}

export interface Recall {
  /** Index from the newest entry, which is 0. */
  readonly back: number;
  /** Text of the input before the recall. */
  readonly previousText: string;
}

export interface Question {
  readonly kind: "yes-no" | "text" | "secret";
  readonly text: string;
  readonly answer: Editor;
  /** Action after a yes. If absent, the client receives `answered`. */
  readonly action?: QuestionAction;
}

export type QuestionAction =
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "discard"; readonly key: string };

export interface Note {
  readonly text: string;
  readonly tone: "plain" | "fault";
  /** Room that the user has left. A new note about the room replaces this note. */
  readonly leftRoom?: string;
}

/** An action on the selected message. */
export interface MenuEntry {
  readonly command: CommandName;
  /** Bound chord. */
  readonly chord: string;
  readonly label: string;
}

export type Overlay =
  /** Ctrl-K: rooms and people by a part of their names. */
  | {
      readonly kind: "switcher";
      readonly query: Editor;
      readonly selectedIndex: number;
      /** Displayed targets: `#lobby`, `@ana`. */
      readonly found: readonly string[];
    }
  /** Message search: the model's `search`. */
  | { readonly kind: "search"; readonly query: Editor; readonly selectedIndex: number }
  /** Ctrl-R: input history of this device. */
  | {
      readonly kind: "typed";
      readonly query: Editor;
      readonly selectedIndex: number;
      /** Newest first. */
      readonly found: readonly string[];
    }
  /** Reaction to a message. */
  | {
      readonly kind: "react";
      readonly seq: number;
      readonly query: Editor;
      readonly selectedIndex: number;
      /** `text` is the emoji, `hint` its name. */
      readonly found: readonly Candidate[];
    }
  /** Actions for the selected message or unsent post. */
  | {
      readonly kind: "menu";
      readonly selectedIndex: number;
      readonly entries: readonly MenuEntry[];
    }
  /** Keys with descriptions. A row without a hint is a heading. */
  | { readonly kind: "help"; readonly rows: readonly Candidate[]; readonly top: number }
  /** A long result of a command. */
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
  unfolded: new Set(),
  overlay: undefined,
  question: undefined,
  notes: [],
  previousTarget: undefined,
  showsRooms: true,
  showsMembers: false,
  roomsScroll: undefined,
  membersScroll: undefined,
  isFocused: true,
};
