/** Immutable screen state that the model does not contain. */

import type { FoundItem } from "../../../core/model/state.ts";
import { type Editor, EMPTY_EDITOR } from "../editor/editor.ts";
import type { CommandName } from "./commands.ts";
import type { ListTop } from "./hit.ts";

export interface ScreenState {
  readonly editor: Editor;
  readonly completion: Completion | undefined;
  readonly recall: Recall | undefined;
  /** `undefined` while the timeline follows the newest row. */
  readonly scroll: ScrollAnchor | undefined;
  /** Seq of the selected message, or key of the selected unsent post. */
  readonly selected: number | string | undefined;
  readonly unfolded: ReadonlySet<string>;
  readonly overlay: Overlay | undefined;
  /** An open question receives all keys. */
  readonly question: Question | undefined;
  readonly notes: readonly Note[];
  readonly previousTarget: string | undefined;
  readonly showsRooms: boolean;
  readonly showsMembers: boolean;
  readonly roomsScroll: ListTop | undefined;
  readonly membersScroll: ListTop | undefined;
  readonly isFocused: boolean;
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
  readonly candidates: readonly Candidate[];
  readonly selectedIndex: number;
  readonly replacedText: string;
}

export interface Candidate {
  readonly text: string;
  readonly hint: string;
}

export interface Recall {
  /** Number of entries back in the history; 0 is the newest. */
  readonly back: number;
  readonly previousText: string;
}

export interface Question {
  readonly kind: "yes-no" | "text" | "secret";
  readonly text: string;
  readonly answer: Editor;
  /**
   * Runs if the user answers yes. If absent, the key handler returns an `answered` action instead.
   */
  readonly action?: QuestionAction;
}

export type QuestionAction =
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "discard"; readonly key: string };

export interface Note {
  readonly text: string;
  readonly tone: "plain" | "fault";
  readonly leftRoom?: string;
}

export interface MenuEntry {
  readonly command: CommandName;
  /** Empty if no chord is bound. */
  readonly chord: string;
  readonly label: string;
}

export type Overlay =
  | {
      readonly kind: "switcher";
      readonly query: Editor;
      readonly selectedIndex: number;
      /** As displayed, such as `#lobby` or `@ana`. */
      readonly found: readonly string[];
    }
  | { readonly kind: "search"; readonly query: Editor; readonly selectedIndex: number }
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
  | {
      readonly kind: "react";
      readonly seq: number;
      readonly query: Editor;
      readonly selectedIndex: number;
      /** `text` is an emoji and `hint` is its name. */
      readonly found: readonly Candidate[];
    }
  | {
      readonly kind: "menu";
      readonly selectedIndex: number;
      readonly entries: readonly MenuEntry[];
    }
  /** A row without a hint is a heading. */
  | { readonly kind: "help"; readonly rows: readonly Candidate[]; readonly top: number }
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
