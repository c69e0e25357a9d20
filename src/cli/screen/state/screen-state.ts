/** Immutable state of the screen that is not part of the model. */

import { type Editor, EMPTY_EDITOR } from "../editor/editor.ts";
import type { CommandName } from "./commands.ts";
import type { ListTop } from "./hit.ts";

export interface ScreenState {
  readonly editor: Editor;
  /** Candidates of Tab; `undefined` if there are none. */
  readonly completion: Completion | undefined;
  /** Set while the input shows an entry of its history. */
  readonly recall: Recall | undefined;
  /** `undefined` if the newest rows are at the bottom. */
  readonly scroll: ScrollAnchor | undefined;
  /** Seq of the selected message, or key of the selected unsent post. */
  readonly selected: number | string | undefined;
  /** Keys of rows whose long text is unfolded, newest last. */
  readonly unfolded: ReadonlySet<string>;
  readonly overlay: Overlay | undefined;
  /** Question in the status line; it receives keys first. */
  readonly question: Question | undefined;
  /** Output of commands and the program, newest last: below the timeline, until Esc. */
  readonly notes: readonly Note[];
  /** Target that was open before this one. */
  readonly lastOpen: string | undefined;
  readonly showsRooms: boolean;
  readonly showsMembers: boolean;
  /** Scroll positions of the lists. */
  readonly roomsTop: ListTop | undefined;
  readonly membersTop: ListTop | undefined;
  /** Whether the terminal window has the focus, as far as the terminal reports it. */
  readonly isFocused: boolean;
}

/** Row at the bottom edge of the timeline; stays in place while rows arrive. */
export interface ScrollAnchor {
  /** Key of the row. */
  readonly key: string;
  /** Lines of that row below the edge. */
  readonly below: number;
}

export interface Completion {
  /** Start of the replaced part of the text, UTF-16. */
  readonly from: number;
  readonly to: number;
  readonly candidates: readonly Candidate[];
  /** Index of the candidate in the text. */
  readonly selectedIndex: number;
  /** The replaced text, which Esc restores. */
  readonly replacedText: string;
}

export interface Candidate {
  /** Inserted text. */
  readonly text: string;
  /** Text beside it; may be empty. */
  readonly hint: string;
}

export interface Recall {
  /** Index from the newest entry, 0. */
  readonly back: number;
  /** Text of the input before. */
  readonly previousText: string;
}

export interface Question {
  readonly kind: "yes-no" | "text" | "secret";
  readonly text: string;
  readonly answer: Editor;
  /** Action if the user agrees; if absent, the client asks and receives `answered`. */
  readonly action?: QuestionAction;
}

export type QuestionAction =
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "discard"; readonly key: string };

export interface Note {
  readonly text: string;
  readonly tone: "plain" | "fault";
  /** Room that the user is no longer in, so that it is noted only once. */
  readonly leftRoom?: string;
}

/** An action for the selected message. */
export interface MenuEntry {
  readonly command: CommandName;
  /** Chord in the key bindings. */
  readonly chord: string;
  readonly label: string;
}

export type Overlay =
  /** Ctrl-K: rooms and people by a part of their name. */
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
  /** Keys and their descriptions; a row without a hint is a heading. */
  | { readonly kind: "help"; readonly rows: readonly Candidate[]; readonly top: number }
  /** A long answer of a command. */
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
  lastOpen: undefined,
  showsRooms: true,
  showsMembers: false,
  roomsTop: undefined,
  membersTop: undefined,
  isFocused: true,
};
