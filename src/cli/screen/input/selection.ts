/** Keys that select a message and act on it. */

import { isMessage } from "../../../core/model/item.ts";
import type { Row } from "../../../core/model/rows.ts";
import { canPin, openRoom } from "../../../core/model/selectors.ts";
import type { Item, Model, PendingPost, TransferView } from "../../../core/model/state.ts";
import { answering, editing } from "../../../ui/text/writing.ts";
import { EMPTY_EDITOR, restarted } from "../editor/editor.ts";
import type { CommandName } from "../state/commands.ts";
import type { Asked, MenuEntry, ScreenState } from "../state/screen-state.ts";
import { edgeOf, hiddenLines, linesBehind, resized, revealed } from "../state/scroll.ts";
import { openedList } from "./field.ts";
import {
  acting,
  changed,
  draftAct,
  draftNow,
  type Handler,
  type Parts,
  timelineOf,
  type Updated,
} from "./parts.ts";
import { newer, older, pageOf, scrolled } from "./reading.ts";

/** Unfolded messages kept; the oldest are folded again. */
const SCREEN_UNFOLDED_MAX = 100;

/** Messages and files that are loaded, and unsent posts. */
export function isSelectable(row: Row): boolean {
  if (row.kind === "pending") return true;
  if (row.kind !== "item" || row.item.state !== "whole") return false;
  return isMessage(row.item) || row.item.file !== undefined;
}

/** Index in the rows; -1 if nothing is selected or the selected row is gone. */
function selectedIndex({ selected }: ScreenState, { rows }: Parts): number {
  if (selected === undefined) return -1;
  return rows.rows.findLastIndex((row) => selectionOf(row) === selected);
}

/** Seq of a message, or key of an unsent post. */
function selectionOf(row: Row): number | string | undefined {
  if (row.kind === "item") return row.item.seq;
  return row.kind === "pending" ? row.post.key : undefined;
}

/** The selected row, if it can still be acted on. */
function selectedRow(state: ScreenState, parts: Parts): Row | undefined {
  return parts.rows.rows[selectedIndex(state, parts)];
}

function itemOf(state: ScreenState, parts: Parts): Item | undefined {
  const row = selectedRow(state, parts);
  return row?.kind === "item" && row.item.state === "whole" ? row.item : undefined;
}

function postOf(state: ScreenState, parts: Parts): PendingPost | undefined {
  const row = selectedRow(state, parts);
  return row?.kind === "pending" ? row.post : undefined;
}

/** @param index of a selectable row */
function selecting(state: ScreenState, index: number, parts: Parts): Updated {
  const row = parts.rows.rows[index];
  if (row === undefined) return acting(state);
  const scroll = revealed(timelineOf(parts), state.scroll, index);
  const isFirst = !parts.rows.rows.slice(0, index).some(isSelectable);
  return { ...selectedHere({ ...state, scroll }, row, parts), acts: older(isFirst, parts) };
}

/** Selects without scrolling; new rows do not move it. */
export function selectedHere(state: ScreenState, row: Row, { rows }: Parts): Updated {
  const scroll = state.scroll ?? { key: rows.rows.at(-1)?.key ?? "", below: 0 };
  return changed(state, { selected: selectionOf(row), scroll });
}

/** Selects the message with that seq; `undefined` if it is not loaded. */
export function selectingSeq(state: ScreenState, seq: number, parts: Parts): Updated | undefined {
  const { rows } = parts.rows;
  const index = rows.findIndex((row) => row.kind === "item" && row.item.seq === seq);
  return index < 0 ? undefined : selecting(state, index, parts);
}

/** Index of the nearest selectable row in that direction, excluding `from`; -1 if there is none. */
function nextIndex({ rows }: Parts, from: number, by: 1 | -1): number {
  for (let at = from + by; at >= 0 && at < rows.rows.length; at += by) {
    const row = rows.rows[at];
    if (row !== undefined && isSelectable(row)) return at;
  }
  return -1;
}

/** Selects the newest visible message. */
function select(state: ScreenState, parts: Parts): Updated {
  const { index } = edgeOf(timelineOf(parts), state.scroll);
  const at = nextIndex(parts, index + 1, -1);
  return at < 0 ? acting(state) : selecting({ ...state, completion: undefined }, at, parts);
}

function stepped(by: 1 | -1): Handler {
  return (state, parts) => {
    const from = selectedIndex(state, parts);
    if (from < 0) return select(state, parts);
    const at = nextIndex(parts, from, by);
    if (at >= 0) return selecting(state, at, parts);
    if (by < 0) return acting(state, ...older(true, parts));
    return parts.rows.hasNewer ? acting(state, ...newer(parts)) : unselected(state, parts);
  };
}

/** Moves by a page of messages, at least one. A message longer than a page is scrolled. */
function paged(by: 1 | -1): Handler {
  return (state, parts) => {
    let at = selectedIndex(state, parts);
    if (at < 0) return select(state, parts);
    const hidden = hiddenLines(timelineOf(parts), state.scroll, at, by);
    if (hidden > 0) return scrolled(state, -by * Math.min(hidden, pageOf(parts)), parts);
    let lines = 0;
    for (;;) {
      const next = nextIndex(parts, at, by);
      if (next < 0) break;
      lines += parts.layout.heightOf(parts.rows.rows[at]?.key ?? "");
      if (lines >= parts.layout.pageRows && at !== selectedIndex(state, parts)) break;
      at = next;
    }
    return selecting(state, at, parts);
  };
}

/**
 * Returns to the input. Close to the newest row the timeline follows new rows again, unless the
 * selected message continues below the edge.
 */
export function unselected(state: ScreenState, parts: Parts): Updated {
  const timeline = timelineOf(parts);
  const { pageRows } = timeline;
  const edge = edgeOf(timeline, state.scroll);
  const isRead = edge.below > 0 && edge.index === selectedIndex(state, parts);
  const isNear = !isRead && linesBehind(timeline, edge, pageRows) < pageRows;
  const scroll = isNear && !parts.rows.hasNewer ? undefined : state.scroll;
  return changed(state, { selected: undefined, scroll });
}

/** Runs with the selected item, if the action applies to it. */
function withItem(
  can: (item: Item, model: Model) => boolean,
  act: (state: ScreenState, item: Item, parts: Parts) => Updated,
): Handler {
  return (state, parts) => {
    const item = itemOf(state, parts);
    if (item === undefined || !can(item, parts.model)) return undefined;
    return act({ ...state, overlay: undefined }, item, parts);
  };
}

function withPost(act: (state: ScreenState, post: PendingPost, parts: Parts) => Updated): Handler {
  return (state, parts) => {
    const post = postOf(state, parts);
    return post === undefined ? undefined : act({ ...state, overlay: undefined }, post, parts);
  };
}

/** Runs the first handler that applies. */
function either(...handlers: readonly Handler[]): Handler {
  return (state, parts) => {
    for (const handler of handlers) {
      const updated = handler(state, parts);
      if (updated !== undefined) return updated;
    }
    return undefined;
  };
}

const isText = (item: Item) => item.kind === "text" || item.kind === "action";
const isOwnWords = (item: Item) => item.isMine && (isText(item) || item.file !== undefined);
const mayErase = (item: Item, model: Model) => item.isMine || openRoom(model)?.moderates === true;
const mayPin = (_: Item, model: Model) => {
  const room = openRoom(model);
  return room !== undefined && canPin(model, room);
};
/** Older servers store no preferences. */
const maySave = (_: Item, { prefs }: Model) => prefs !== undefined;
const mayWrite = (_: Item, model: Model) => openRoom(model)?.isClosed !== true;

function replying(state: ScreenState, item: Item, parts: Parts): Updated {
  const draft = answering(draftNow(state, parts.model), item.seq);
  return writingOn(state, draft.text, parts, draft);
}

function changing(state: ScreenState, item: Item, parts: Parts): Updated {
  const draft = editing(draftNow(state, parts.model), item.seq, item.text);
  return writingOn(state, draft.text, parts, draft);
}

function writingOn(
  state: ScreenState,
  text: string,
  parts: Parts,
  draft: Parameters<typeof draftAct>[1],
): Updated {
  const left = unselected(state, parts).state;
  const editor = text === state.editor.text ? state.editor : restarted(state.editor, text);
  return changed(left, { editor, recall: undefined }, ...draftAct(parts.model, draft));
}

function asking(state: ScreenState, text: string, about: Asked): Updated {
  return changed(state, { question: { kind: "yes-no", text, answer: EMPTY_EDITOR, about } });
}

function pinned(state: ScreenState, { seq }: Item, parts: Parts): Updated {
  const on = openRoom(parts.model)?.pins.includes(seq) !== true;
  return acting(unselected(state, parts).state, { kind: "pin", seq, on });
}

function saved(state: ScreenState, { seq }: Item, parts: Parts): Updated {
  const left = unselected(state, parts).state;
  const room = openRoom(parts.model)?.id;
  if (room === undefined) return acting(left);
  return acting(left, { kind: "save", room, seq, on: !parts.model.saved.has(seq) });
}

function copied(state: ScreenState, item: Item, parts: Parts): Updated {
  const text = item.file?.name ?? item.text;
  return changed(unselected(state, parts).state, {}, { kind: "copy", text });
}

function fetched(state: ScreenState, item: Item, parts: Parts): Updated {
  const { file } = item;
  if (file === undefined) return acting(state);
  const left = unselected(state, parts).state;
  return acting(left, { kind: "fetch", file: file.file, name: file.name });
}

/** The running transfer of an item's file. */
export function transferOf(item: Item, model: Model): TransferView | undefined {
  const { file } = item;
  if (file === undefined) return undefined;
  const isIt = (one: TransferView) =>
    one.file === file.file && one.state.kind !== "done" && one.state.kind !== "failed";
  return [...model.transfers.values()].findLast(isIt);
}

function stopped(state: ScreenState, item: Item, { model }: Parts): Updated {
  const transfer = transferOf(item, model);
  if (transfer === undefined) return acting(state);
  return acting(state, { kind: "cancel-transfer", id: transfer.id });
}

function answered(state: ScreenState, item: Item, parts: Parts): Updated {
  const { model } = parts;
  if (item.re === undefined || model.open === undefined) return acting(state);
  const jump = { kind: "jump" as const, target: model.open, seq: item.re };
  return selectingSeq(state, item.re, parts) ?? acting(state, jump);
}

/** Toggles folding; the first line of the message keeps its position. */
export function unfoldedOrNot(state: ScreenState, parts: Parts): Updated | undefined {
  const index = selectedIndex(state, parts);
  const key = parts.rows.rows[index]?.key ?? "";
  const folds = parts.layout.foldsOf(key);
  if (folds === 0) return undefined;
  const isUnfolded = state.unfolded.has(key);
  const others = [...state.unfolded].filter((one) => one !== key);
  const unfolded = isUnfolded ? others : [...others, key].slice(-SCREEN_UNFOLDED_MAX);
  const before = timelineOf(parts);
  const height = parts.layout.heightOf(key) + (isUnfolded ? -folds : folds);
  const heightOf = (one: string) => (one === key ? height : parts.layout.heightOf(one));
  const anchor = resized({ ...before, heightOf }, before, state.scroll, index);
  const scroll = anchor ?? { key: parts.rows.rows.at(-1)?.key ?? "", below: 0 };
  return changed(state, { unfolded: new Set(unfolded), scroll, overlay: undefined });
}

const ACTIONS = {
  reply: withItem(mayWrite, replying),
  edit: withItem((item, model) => isOwnWords(item) && mayWrite(item, model), changing),
  react: withItem(mayWrite, (state, item, parts) =>
    changed(state, { overlay: openedList("react", parts, item.seq) }),
  ),
  pin: withItem(mayPin, pinned),
  save: withItem(maySave, saved),
  copy: either(
    withItem((item) => isText(item) || item.file !== undefined, copied),
    withPost((state, post) => acting(state, { kind: "copy", text: post.body.text })),
  ),
  fetch: withItem((item) => item.file !== undefined, fetched),
  fold: unfoldedOrNot,
  stop: withItem((item, model) => transferOf(item, model) !== undefined, stopped),
  "select-answered": withItem((item) => item.re !== undefined, answered),
  resend: withPost((state, post) => acting(state, { kind: "resend", key: post.key })),
  erase: either(
    withItem(mayErase, (state, { seq }, { texts }) =>
      asking(state, texts.askErase, { kind: "erase", seq }),
    ),
    withPost((state, { key }, { texts }) =>
      asking(state, texts.askDiscard, { kind: "discard", key }),
    ),
  ),
} satisfies Partial<Record<CommandName, Handler>>;

/** Actions available for the selected message, in the order of the table. */
function entriesFor(state: ScreenState, parts: Parts): readonly MenuEntry[] {
  return Object.entries(ACTIONS).flatMap(([name, handler]) => {
    if (handler(state, parts) === undefined) return [];
    const command = name as CommandName;
    const chord = parts.keymap.chordOf("selected", command) ?? "";
    return [{ command, chord, label: parts.texts.commands[command] }];
  });
}

export function menu(state: ScreenState, parts: Parts): Updated {
  const entries = entriesFor(state, parts);
  if (entries.length === 0) return acting(state);
  return changed(state, { overlay: { kind: "menu", at: 0, entries } });
}

/** Not while a menu is open, which is about the selected message. */
function going(handler: Handler): Handler {
  return (state, parts) => (state.overlay === undefined ? handler(state, parts) : undefined);
}

export const SELECTION = {
  ...ACTIONS,
  select: going(select),
  menu: going(menu),
  "select-up": going(stepped(-1)),
  "select-down": going(stepped(1)),
  "select-page-up": going(paged(-1)),
  "select-page-down": going(paged(1)),
  "select-first": going((state, parts) => selecting(state, nextIndex(parts, -1, 1), parts)),
  "select-last": going((state, parts) =>
    selecting(state, nextIndex(parts, parts.rows.rows.length, -1), parts),
  ),
} satisfies Partial<Record<CommandName, Handler>>;
