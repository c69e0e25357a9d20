/** Reducer of the board: from a state and an input to the next state and its effects. */

import {
  clear,
  deleteTo,
  type Editor,
  EMPTY_EDITOR,
  insert,
  moveTo,
} from "../../screen/editor/editor.ts";
import { isTextKey, type Key } from "../../screen/input/keys.ts";
import type { FaultSubject } from "../server-board.ts";
import { announcedEntries, INVITE_CHOICES, menuLabels, stopEntries } from "./menus.ts";
import {
  BOARD_ROWS_MAX,
  type BoardDialog,
  type BoardFacts,
  type BoardRow,
  type BoardState,
  type CreatedInvite,
  EMPTY_SEARCH,
  endOfRows,
  FIRST_PEOPLE,
  INTERRUPT_MS,
  listedRows,
  type NewRow,
} from "./state.ts";

export type BoardInput =
  | { readonly kind: "key"; readonly key: Key }
  | {
      readonly kind: "rows";
      readonly rows: readonly NewRow[];
      readonly erased: ReadonlySet<number>;
      readonly privateCount: number;
      readonly encryptedCount: number;
    }
  | { readonly kind: "arrived"; readonly user: string }
  | { readonly kind: "fault"; readonly subject: FaultSubject; readonly text: string | undefined }
  | { readonly kind: "invited"; readonly invite: CreatedInvite }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "tick" };

export type BoardEffect =
  | { readonly kind: "stop" | "redraw" | "suspend" }
  | { readonly kind: "invite"; readonly uses: number | undefined; readonly forMs: number }
  /** An empty text withdraws the announcement. */
  | { readonly kind: "announce"; readonly text: string };

export interface BoardContext {
  readonly facts: BoardFacts;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Rows by which a page scrolls. */
  readonly page: number;
}

export interface BoardUpdate {
  readonly state: BoardState;
  readonly effects: readonly BoardEffect[];
}

/** Enter that was typed before the menu was visible does not choose. */
const ENTER_DELAY_MS = 300;

const WALL_KEYS_SECONDS = 5;

const NOTHING: readonly BoardEffect[] = [];

export function updateBoard(
  state: BoardState,
  input: BoardInput,
  context: BoardContext,
): BoardUpdate {
  switch (input.kind) {
    case "key":
      return pressed({ ...state, note: undefined }, input.key, context);
    case "rows":
      return unchanged(withRows(state, input));
    case "arrived":
      return unchanged(withPerson(state, input.user));
    case "fault": {
      const faults = new Map(state.faults);
      if (input.text === undefined) faults.delete(input.subject);
      else faults.set(input.subject, input.text);
      return unchanged({ ...state, faults });
    }
    case "invited":
      return unchanged({ ...state, dialog: { kind: "invited", invite: input.invite } });
    case "note":
      return unchanged({ ...state, note: input.text });
    case "tick": {
      const isDrained = state.isDraining && context.facts.transferCount === 0;
      const wallKeysSeconds = Math.max(0, state.wallKeysSeconds - 1);
      return {
        state: { ...state, wallKeysSeconds },
        effects: isDrained ? [{ kind: "stop" }] : NOTHING,
      };
    }
  }
}

function unchanged(state: BoardState): BoardUpdate {
  return { state, effects: NOTHING };
}

function withPerson(state: BoardState, user: string): BoardState {
  const { people } = state;
  if (people.length >= FIRST_PEOPLE || people.includes(user)) return state;
  return { ...state, people: [...people, user] };
}

function withRows(state: BoardState, input: Extract<BoardInput, { kind: "rows" }>): BoardState {
  const { erased } = input;
  const isLeft = ({ seq }: NewRow) => seq === undefined || !erased.has(seq);
  const rows: BoardRow[] = erased.size === 0 ? [...state.rows] : state.rows.filter(isLeft);
  let { lastN } = state;
  for (const row of input.rows) {
    if (!isLeft(row)) continue;
    const last = rows.at(-1);
    lastN += 1;
    if (row.hands !== undefined && last?.hands !== undefined && last.label === row.label) {
      rows[rows.length - 1] = joinedHands(last, row, lastN);
    } else rows.push({ ...row, n: lastN });
  }
  return {
    ...state,
    rows: rows.length > BOARD_ROWS_MAX ? rows.slice(-BOARD_ROWS_MAX) : rows,
    lastN,
    privateCount: state.privateCount + input.privateCount,
    encryptedCount: state.encryptedCount + input.encryptedCount,
  };
}

/** Counts the raised hands of a lesson in a single row. */
function joinedHands(last: BoardRow, row: NewRow, n: number): BoardRow {
  const raised = (last.hands?.raised ?? 0) + (row.hands?.raised ?? 0);
  const called = (last.hands?.called ?? 0) + (row.hands?.called ?? 0);
  const hands = `${raised} ${raised === 1 ? "hand" : "hands"}`;
  const text = called === 0 ? hands : `${hands}, ${called} called on`;
  return { ...row, n, text, hands: { raised, called } };
}

function pressed(state: BoardState, key: Key, context: BoardContext): BoardUpdate {
  const { name } = key;
  if (name === "ctrl-l") return { state, effects: [{ kind: "redraw" }] };
  if (name === "ctrl-z") return { state, effects: [{ kind: "suspend" }] };
  if (name === "ctrl-c") return interrupted(state, context);
  const { dialog } = state;
  if (dialog !== undefined) return inDialog(state, dialog, key, context);
  if (state.view === "wall") return unchanged(onWall(state, key, context));
  if (state.search?.isTyping === true) return unchanged(inSearch(state, key));
  return scrolled(state, key, context) ?? command(state, key, context);
}

function interrupted(state: BoardState, { now }: BoardContext): BoardUpdate {
  const { interruptedAt } = state;
  if (interruptedAt !== undefined && now - interruptedAt < INTERRUPT_MS) {
    return { state, effects: [{ kind: "stop" }] };
  }
  return unchanged({ ...openStop(state, now), interruptedAt: now });
}

function openStop(state: BoardState, now: number): BoardState {
  const dialog = { kind: "menu", menu: "stop", selectedIndex: 0, openedAt: now } as const;
  return { ...state, dialog };
}

function command(state: BoardState, { name }: Key, { facts, now }: BoardContext): BoardUpdate {
  const menu = (menu: "invite" | "announced") =>
    unchanged({ ...state, dialog: { kind: "menu", menu, selectedIndex: 0, openedAt: now } });
  const toggled = (view: "log" | "code" | "help" | "wall") =>
    unchanged({
      ...state,
      view: state.view === view ? "messages" : view,
      bottom: undefined,
      search: undefined,
      helpTop: 0,
    });
  switch (name) {
    case "i":
      return menu("invite");
    case "a":
      return facts.announcement === undefined
        ? unchanged({ ...state, dialog: announceDialog(now) })
        : menu("announced");
    case "c":
      return toggled("code");
    case "w":
      return toggled("wall");
    case "l":
      return toggled("log");
    case "?":
    case "f1":
      return toggled("help");
    case "v":
      return unchanged({ ...state, showsConnections: !state.showsConnections });
    case "q":
      return unchanged(openStop(state, now));
    case "/":
      if (state.view !== "log") return unchanged(state);
      return unchanged({ ...state, search: EMPTY_SEARCH, bottom: undefined });
    case "esc":
      return unchanged(closedOne(state));
    default:
      return unchanged(state);
  }
}

/** Any other key shows the keys of the wall. */
function onWall(state: BoardState, { name }: Key, { now }: BoardContext): BoardState {
  if (name === "w" || name === "esc") return { ...state, view: "messages", wallKeysSeconds: 0 };
  if (name === "q") return openStop(state, now);
  const hidesNames = name === "n" ? !state.hidesNames : state.hidesNames;
  return { ...state, hidesNames, wallKeysSeconds: WALL_KEYS_SECONDS };
}

/** Esc closes one thing. */
function closedOne(state: BoardState): BoardState {
  if (state.search !== undefined) return { ...state, search: undefined, bottom: undefined };
  if (state.view !== "messages") return { ...state, view: "messages", bottom: undefined };
  return { ...state, bottom: undefined };
}

function scrolled(state: BoardState, { name }: Key, { page }: BoardContext) {
  const step = { pageup: -page, pagedown: page, up: -1, down: 1 }[name];
  const wheel = { "scroll-up": -3, "scroll-down": 3 }[name];
  const by = step ?? wheel;
  if (state.view === "help") {
    if (by === undefined) return undefined;
    return unchanged({ ...state, helpTop: Math.max(0, state.helpTop + by) });
  }
  if (name === "ctrl-end" || name === "end") return unchanged({ ...state, bottom: undefined });
  const rows = listedRows(state);
  if (name === "ctrl-home" || name === "home") {
    return unchanged({ ...state, bottom: rows.at(page - 1)?.n });
  }
  if (by === undefined) return undefined;
  const end = endOfRows(rows, state.bottom) + by;
  const bottom = end >= rows.length ? undefined : rows[Math.max(page, end) - 1]?.n;
  return unchanged({ ...state, bottom });
}

function inSearch(state: BoardState, key: Key): BoardState {
  const { search } = state;
  if (search === undefined) return state;
  if (key.name === "esc") return { ...state, search: undefined, bottom: undefined };
  if (key.name === "enter") {
    const isEmpty = search.editor.text.trim() === "";
    return { ...state, search: isEmpty ? undefined : { ...search, isTyping: false } };
  }
  return { ...state, bottom: undefined, search: { ...search, editor: edited(search.editor, key) } };
}

const EDITS: Readonly<Record<string, (editor: Editor) => Editor>> = {
  backspace: deleteTo("left"),
  "ctrl-h": deleteTo("left"),
  delete: deleteTo("right"),
  left: moveTo("left"),
  right: moveTo("right"),
  home: moveTo("textStart"),
  "ctrl-a": moveTo("textStart"),
  end: moveTo("textEnd"),
  "ctrl-e": moveTo("textEnd"),
  "ctrl-w": deleteTo("blankLeft"),
  "ctrl-u": clear,
};

/** The text remains a single line. */
function edited(editor: Editor, key: Key): Editor {
  const edit = EDITS[key.name];
  if (edit !== undefined) return edit(editor);
  if (!isTextKey(key) && key.name !== "paste") return editor;
  return insert(editor, key.text.replaceAll(/\s+/g, " "));
}

function inDialog(
  state: BoardState,
  dialog: BoardDialog,
  key: Key,
  context: BoardContext,
): BoardUpdate {
  const closed = { ...state, dialog: undefined };
  switch (dialog.kind) {
    case "invited":
      return unchanged(key.name === "esc" ? closed : state);
    case "menu":
      return inMenu(state, dialog, key, context);
    case "announce": {
      if (key.name === "esc") {
        if (!dialog.isConfirming) return unchanged(closed);
        return unchanged({ ...state, dialog: { ...dialog, isConfirming: false } });
      }
      const text = dialog.editor.text.trim();
      if (key.name !== "enter") {
        const editor = edited(dialog.editor, key);
        const isConfirming = dialog.isConfirming && editor.text === dialog.editor.text;
        return unchanged({ ...state, dialog: { ...dialog, editor, isConfirming } });
      }
      if (text === "") return unchanged(closed);
      const { now } = context;
      if (!dialog.isConfirming) {
        const confirming = { ...dialog, isConfirming: true, openedAt: now };
        return unchanged({ ...state, dialog: confirming });
      }
      if (now - dialog.openedAt < ENTER_DELAY_MS) return unchanged(state);
      return { state: closed, effects: [{ kind: "announce", text }] };
    }
  }
}

function inMenu(
  state: BoardState,
  dialog: Extract<BoardDialog, { kind: "menu" }>,
  { name }: Key,
  { facts, now }: BoardContext,
): BoardUpdate {
  const { menu, selectedIndex, openedAt } = dialog;
  const closed = { ...state, dialog: undefined };
  if (name === "esc") return unchanged(closed);
  const count = menuLabels(menu, facts).length;
  const by = name === "up" ? -1 : name === "down" || name === "tab" ? 1 : 0;
  if (by !== 0) {
    const next = (selectedIndex + by + count) % count;
    return unchanged({ ...state, dialog: { ...dialog, selectedIndex: next } });
  }
  if (name !== "enter" || now - openedAt < ENTER_DELAY_MS) return unchanged(state);
  switch (menu) {
    case "invite": {
      const choice = INVITE_CHOICES[selectedIndex];
      if (choice === undefined) return unchanged(closed);
      const { uses, forMs } = choice;
      return { state: closed, effects: [{ kind: "invite", uses, forMs }] };
    }
    case "announced":
      if (announcedEntries()[selectedIndex]?.action !== "withdraw") {
        return unchanged({ ...state, dialog: announceDialog(now) });
      }
      return { state: closed, effects: [{ kind: "announce", text: "" }] };
    case "stop": {
      const action = stopEntries(facts)[selectedIndex]?.action;
      if (action === "stop") return { state: closed, effects: [{ kind: "stop" }] };
      return unchanged({ ...closed, isDraining: action === "drain" });
    }
  }
}

function announceDialog(now: number): BoardDialog {
  return { kind: "announce", editor: EMPTY_EDITOR, isConfirming: false, openedAt: now };
}
