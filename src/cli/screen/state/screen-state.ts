/** State of the screen that the model does not contain. Immutable. */

import { type Editor, EMPTY_EDITOR } from "../editor/editor.ts";
import type { CommandName } from "./commands.ts";
import type { ListTop } from "./hit.ts";

export interface ScreenState {
  readonly editor: Editor;
  /** Open completion; `undefined` if Tab has not offered candidates. */
  readonly completion: Completion | undefined;
  /** Set while the input shows an entry of the input history. */
  readonly recall: Recall | undefined;
  /** Scroll position; `undefined` while the timeline follows the newest row. */
  readonly scroll: ScrollAnchor | undefined;
  /**
   * Seq of the selected message, or key of the selected unsent post; `undefined` if nothing is
   * selected.
   */
  readonly selected: number | string | undefined;
  /** Keys of the rows that are unfolded, in the order of unfolding. */
  readonly unfolded: ReadonlySet<string>;
  readonly overlay: Overlay | undefined;
  /** Question in the status line. While a question is open, it receives all keys. */
  readonly question: Question | undefined;
  /** Results of commands and notices below the timeline, newest last. Esc removes them. */
  readonly notes: readonly Note[];
  /** Target that was open before the current target; `undefined` if there was none. */
  readonly previousTarget: string | undefined;
  readonly showsRooms: boolean;
  readonly showsMembers: boolean;
  readonly roomsScroll: ListTop | undefined;
  readonly membersScroll: ListTop | undefined;
  /** Whether the terminal window has the focus, as far as the terminal reports it. */
  readonly isFocused: boolean;
}

/** Row at the bottom edge of the timeline. This row keeps its position when rows are added. */
export interface ScrollAnchor {
  readonly key: string;
  /** Number of the row's lines below the edge. */
  readonly below: number;
}

export interface Completion {
  /** UTF-16 index at which the text to replace begins. */
  readonly from: number;
  readonly to: number;
  readonly candidates: readonly Candidate[];
  /** Index of the candidate that the input contains. */
  readonly selectedIndex: number;
  /** Text before the completion, which Esc restores. */
  readonly replacedText: string;
}

export interface Candidate {
  readonly text: string;
  /** Text displayed beside the candidate; may be empty. */
  readonly hint: string;
}

export interface Recall {
  /** Number of entries to go back in the history. The newest entry is 0. */
  readonly back: number;
  /** Input text before the user recalled an entry. */
  readonly previousText: string;
}

export interface Question {
  readonly kind: "yes-no" | "text" | "secret";
  readonly text: string;
  readonly answer: Editor;
  /**
   * Action to run if the user answers yes. If absent, the key handler returns an `answered` action
   * instead.
   */
  readonly action?: QuestionAction;
}

export type QuestionAction =
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "discard"; readonly key: string };

export interface Note {
  readonly text: string;
  readonly tone: "plain" | "fault";
  /** Room that the user has left. A newer note about the room replaces this note. */
  readonly leftRoom?: string;
}

export interface MenuEntry {
  readonly command: CommandName;
  /** Chord that runs the action; empty if no chord is bound. */
  readonly chord: string;
  readonly label: string;
}

export type Overlay =
  /** Opened by Ctrl-K: finds rooms and people by any part of their names. */
  | {
      readonly kind: "switcher";
      readonly query: Editor;
      readonly selectedIndex: number;
      /** Targets as displayed, such as `#lobby` or `@ana`. */
      readonly found: readonly string[];
    }
  /** Message search. Its results are in the `search` field of the model. */
  | { readonly kind: "search"; readonly query: Editor; readonly selectedIndex: number }
  /** Opened by Ctrl-R: searches the input history of this device. */
  | {
      readonly kind: "typed";
      readonly query: Editor;
      readonly selectedIndex: number;
      /** Matching entries, newest first. */
      readonly found: readonly string[];
    }
  /** Choice of a reaction to a message. */
  | {
      readonly kind: "react";
      readonly seq: number;
      readonly query: Editor;
      readonly selectedIndex: number;
      /** `text` is an emoji and `hint` is its name. */
      readonly found: readonly Candidate[];
    }
  /** Menu of actions for the selected message or unsent post. */
  | {
      readonly kind: "menu";
      readonly selectedIndex: number;
      readonly entries: readonly MenuEntry[];
    }
  /** Help, with keys and their descriptions. A row without a hint is a heading. */
  | { readonly kind: "help"; readonly rows: readonly Candidate[]; readonly top: number }
  /** Result of a command that is too long for a note. */
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
