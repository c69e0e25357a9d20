import { type Editor, EMPTY_EDITOR } from "../editor/editor.ts";
import type { CommandName } from "./commands.ts";
import type { ListTop } from "./hit.ts";

/** What the screen shows and the model does not know: a value that never changes. */
export interface ScreenState {
  readonly editor: Editor;
  /** What Tab offers; undefined: nothing. */
  readonly completion: Completion | undefined;
  /** The input shows what was typed earlier. */
  readonly recall: Recall | undefined;
  /** Undefined: the newest rows stand at the bottom. */
  readonly scroll: ScrollAnchor | undefined;
  /** Seq of the message that keys act on; undefined: keys go to the input, or `selectedPost`. */
  readonly selected: number | undefined;
  /** The same of a post that is not in its room yet: its key. Never both. */
  readonly selectedPost: string | undefined;
  /** Keys of rows whose long text is shown as a whole, newest last. */
  readonly unfolded: ReadonlySet<string>;
  readonly overlay: Overlay | undefined;
  /** Asked in the status line; keys answer it first. */
  readonly question: Question | undefined;
  /** What commands and the program have said, newest last: below the timeline, until Esc. */
  readonly notes: readonly Note[];
  /** Target that was open before this one. */
  readonly lastOpen: string | undefined;
  readonly showsRooms: boolean;
  readonly showsMembers: boolean;
  /** Where the wheel has moved these lists to. */
  readonly roomsTop: ListTop | undefined;
  readonly membersTop: ListTop | undefined;
  /** The terminal window has the focus, as far as it tells. */
  readonly isFocused: boolean;
}

/** What stands at the bottom edge of the timeline: stays there while others come. */
export interface ScrollAnchor {
  /** Of a row. */
  readonly key: string;
  /** Lines of that row below the edge. */
  readonly below: number;
}

export interface Completion {
  /** Of the text, UTF-16: this part is replaced. */
  readonly from: number;
  readonly to: number;
  readonly candidates: readonly Candidate[];
  /** Which one stands in the text now. */
  readonly at: number;
  /** What stood there before: Esc puts it back. */
  readonly typed: string;
}

export interface Candidate {
  /** What is put in. */
  readonly text: string;
  /** What is shown beside it; empty: nothing. */
  readonly hint: string;
}

export interface Recall {
  /** Counted from the newest, 0. */
  readonly back: number;
  /** What stood in the input before. */
  readonly typed: string;
}

export interface Question {
  readonly kind: "yes-no" | "text" | "secret";
  readonly text: string;
  /** For `text` and `secret`. */
  readonly answer: Editor;
  /** What is done when the user agrees; left out: the driver asks, and gets `answered`. */
  readonly about?: Asked;
}

export type Asked =
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "discard"; readonly key: string };

export interface Note {
  readonly text: string;
  readonly tone: "plain" | "fault";
  /** The room that the user is in no more: said once, whoever says it. */
  readonly left?: string;
}

/** One thing that can be done with the selected message. */
export interface MenuEntry {
  readonly command: CommandName;
  /** Its key in the list of keys. */
  readonly chord: string;
  readonly label: string;
}

export type Overlay =
  /** Ctrl-K: rooms and people by a part of their name. */
  | {
      readonly kind: "switcher";
      readonly query: Editor;
      readonly at: number;
      /** Targets as they are shown: `#lobby`, `@ana`. */
      readonly found: readonly string[];
    }
  /** Words in what was said: the model's `search`. */
  | { readonly kind: "search"; readonly query: Editor; readonly at: number }
  /** Ctrl-R: what was typed on this device. */
  | {
      readonly kind: "typed";
      readonly query: Editor;
      readonly at: number;
      /** Newest first. */
      readonly found: readonly string[];
    }
  /** A sign under a message. */
  | {
      readonly kind: "react";
      readonly seq: number;
      readonly query: Editor;
      readonly at: number;
      /** `text` is the sign, `hint` its name. */
      readonly found: readonly Candidate[];
    }
  /** What can be done with the selected message, or with a post that waits. */
  | {
      readonly kind: "menu";
      readonly at: number;
      readonly entries: readonly MenuEntry[];
    }
  /** Keys and what they do; without a hint: a heading. */
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
  selectedPost: undefined,
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
