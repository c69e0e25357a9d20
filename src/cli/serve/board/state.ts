/** State of the board that `chat serve` shows on a terminal. */

import type { WallView } from "../../../ui/wall/wall-view.ts";
import { type Editor, EMPTY_EDITOR } from "../../screen/editor/editor.ts";
import type { JoinAddresses } from "../join-info.ts";
import type { FaultSubject } from "../server-board.ts";

/** Rows of the log. */
export const BOARD_ROWS_MAX = 10_000;
/** People whose arrival ends the first minute. */
export const FIRST_PEOPLE = 3;
export const HERE_NAMES_MAX = 100;
export const DECISIONS_SHOWN_MAX = 2;
/** Interval in which a second Ctrl-C stops the server. */
export const INTERRUPT_MS = 3_000;

/** Entry of the log, and of the messages if `kind` is listed there. Its texts are clean. */
export interface BoardRow {
  /** Increases with each row. */
  readonly n: number;
  readonly unixMs: number;
  readonly kind: "message" | "event" | "connection" | "notice";
  /** Kind of the event, or the room with `#`. */
  readonly label: string;
  /** Display name of the author; `undefined` for events. */
  readonly from: string | undefined;
  readonly text: string;
  /** Seq of the message, which an erasure names. */
  readonly seq?: number;
  /** Raised hands in the room, which later rows of the same room extend. */
  readonly hands?: { readonly raised: number; readonly called: number };
  /** Set if the row is a decision of an operator or moderator. */
  readonly isDecision?: true;
}

export type NewRow = Omit<BoardRow, "n">;

export interface HandsFacts {
  readonly room: string;
  readonly called: string | undefined;
  readonly raised: readonly string[];
}

export interface WorkFacts {
  readonly room: string;
  readonly handedIn: number;
  readonly of: number;
  readonly late: number;
  /** Time of the newest work in Unix ms; 0 without any. */
  readonly newestUnixMs: number;
}

export interface TransferFacts {
  /** `undefined` for a private file. */
  readonly name: string | undefined;
  readonly percent: number | undefined;
  readonly user: string;
}

export interface WallFacts {
  readonly view: WallView;
  /** Assignments with work of the last hour. */
  readonly work: readonly WorkFacts[];
}

/** Current facts about the server, with clean texts. */
export interface BoardFacts {
  readonly name: string;
  readonly sinceUnixMs: number;
  readonly addresses: JoinAddresses;
  readonly data: string;
  /** When the operator link expires; `undefined` after its use. */
  readonly operatorUntilUnixMs: number | undefined;
  /** Names of the people who are connected, the last who came first; at most HERE_NAMES_MAX. */
  readonly here: readonly string[];
  readonly hereCount: number;
  readonly accounts: number;
  readonly hands: readonly HandsFacts[];
  readonly work: readonly WorkFacts[];
  readonly transfers: readonly TransferFacts[];
  readonly transferCount: number;
  readonly freeBytes: number | undefined;
  /** `undefined` while no announcement is published. */
  readonly announcement: string | undefined;
  /** First names that several people have; `undefined` if this is not known. */
  readonly sharedFirstNames: ReadonlySet<string> | undefined;
  /** Time since which other machines cannot reach the server; `undefined` while they can. */
  readonly offlineSinceUnixMs: number | undefined;
  /** `undefined` unless the wall is open. */
  readonly wall: WallFacts | undefined;
}

export interface CreatedInvite {
  readonly title: string;
  readonly addresses: JoinAddresses;
}

export type BoardDialog =
  | {
      readonly kind: "menu";
      readonly menu: "invite" | "announced" | "stop";
      readonly selectedIndex: number;
      readonly openedAt: number;
    }
  | {
      readonly kind: "announce";
      readonly editor: Editor;
      /** Whether a further Enter publishes the text. */
      readonly isConfirming: boolean;
      readonly openedAt: number;
    }
  | { readonly kind: "invited"; readonly invite: CreatedInvite };

/** `wall`: fills the screen for a projector. */
export type BoardView = "messages" | "log" | "code" | "help" | "wall";

export interface BoardState {
  readonly rows: readonly BoardRow[];
  readonly lastN: number;
  readonly privateCount: number;
  readonly encryptedCount: number;
  /** Accounts that have logged in since the start, at most FIRST_PEOPLE. */
  readonly people: readonly string[];
  readonly faults: ReadonlyMap<FaultSubject, string>;
  readonly view: BoardView;
  readonly dialog: BoardDialog | undefined;
  readonly showsConnections: boolean;
  /** With `--quiet`, the board has no messages. */
  readonly isQuiet: boolean;
  /** `n` of the last visible row; `undefined` while the newest row is visible. */
  readonly bottom: number | undefined;
  /** Search in the log. */
  readonly search: { readonly editor: Editor; readonly isTyping: boolean } | undefined;
  /** First row of the help. */
  readonly helpTop: number;
  /** Whether the server stops when its transfers are done. */
  readonly isDraining: boolean;
  readonly interruptedAt: number | undefined;
  /** Result of the last action, shown until the next key. */
  readonly note: string | undefined;
  /** Whether the wall shows numbers in place of names. */
  readonly hidesNames: boolean;
  /** Seconds for which the wall still shows its keys. */
  readonly wallKeysSeconds: number;
}

export function firstBoard(options: {
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly wall?: boolean;
}): BoardState {
  return {
    rows: [],
    lastN: 0,
    privateCount: 0,
    encryptedCount: 0,
    people: [],
    faults: new Map(),
    view: options.wall === true ? "wall" : "messages",
    dialog: undefined,
    showsConnections: options.verbose,
    isQuiet: options.quiet,
    bottom: undefined,
    search: undefined,
    helpTop: 0,
    isDraining: false,
    interruptedAt: undefined,
    note: undefined,
    hidesNames: false,
    wallKeysSeconds: 0,
  };
}

export const EMPTY_SEARCH = { editor: EMPTY_EDITOR, isTyping: true } as const;

/** Reports whether fewer than FIRST_PEOPLE people have been here. */
export function isFirstMinute({ people }: BoardState): boolean {
  return people.length < FIRST_PEOPLE;
}

/** Rows of the open list, oldest first. */
export function listedRows(state: BoardState): readonly BoardRow[] {
  const { rows, view, search, showsConnections, isQuiet } = state;
  if (view === "log") {
    const query = search?.editor.text.trim().toLowerCase() ?? "";
    if (query === "") return rows;
    return rows.filter(({ label, from = "", text }) =>
      `${label} ${from} ${text}`.toLowerCase().includes(query),
    );
  }
  if (isQuiet) return [];
  return rows.filter(({ kind, isDecision }) => {
    if (isDecision === true || kind === "notice") return false;
    return showsConnections || kind !== "connection";
  });
}

/** Returns the end of the visible part of the listed rows. */
export function endOfRows(rows: readonly BoardRow[], bottom: number | undefined): number {
  if (bottom === undefined) return rows.length;
  const last = rows.findLastIndex(({ n }) => n <= bottom);
  return last + 1;
}
