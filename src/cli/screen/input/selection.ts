/** Key handlers for message selection and actions on messages. */

import { cleanText } from "../../../base/text.ts";
import { formatLocalClock } from "../../../base/time.ts";
import { defined } from "../../../base/values.ts";
import type { OutgoingCommand } from "../../../core/client/outgoing.ts";
import { copiedText, plainLine } from "../../../core/markup/plain.ts";
import { isMessage } from "../../../core/model/item.ts";
import { isMembership } from "../../../core/model/membership.ts";
import { type Row, unsentKey } from "../../../core/model/rows.ts";
import {
  canPin,
  listsFiles,
  mayErase,
  openRoom,
  openThreadRoot,
  rightsIn,
} from "../../../core/model/selectors.ts";
import type {
  FileView,
  Item,
  Model,
  PendingPost,
  TransferView,
  WaitingView,
} from "../../../core/model/state.ts";
import { startEdit, startReply } from "../../../ui/text/draft.ts";
import { quotedText } from "../../../ui/text/event-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { replaceText } from "../editor/editor.ts";
import { CARD_KEY, walkedMessage } from "../state/card.ts";
import type {
  CommandName,
  MenuAction,
  MenuEntry,
  ScreenState,
  SelectionKey,
} from "../state/screen-state.ts";
import { edgeOf, hiddenLines, linesBelow, resized, reveal } from "../state/scroll.ts";
import { openList } from "./fields.ts";
import {
  currentDraft,
  draftActions,
  type HandlerContext,
  type KeyHandler,
  timelineOf,
  type UpdateResult,
  withActions,
  withChange,
  withOverlay,
} from "./handler.ts";
import { chordName } from "./keymap.ts";
import { pageLines, requestNewer, requestOlder, scroll } from "./reading.ts";
import { cardEntries } from "./walk.ts";

/** Maximum number of unfolded messages. Beyond it, the message unfolded first folds again. */
const SCREEN_UNFOLDED_MAX = 100;

/** The line of new messages can be selected if there is a card below it. */
export function isSelectable(row: Row, { layout }: Pick<HandlerContext, "layout">): boolean {
  if (unsentKey(row) !== undefined) return true;
  if (row.kind === "unread") return layout.heightOf(row.key) > 1;
  if (row.kind !== "item") return false;
  if (isMembership(row.item)) return row.earlier.length > 0;
  return row.item.state === "whole" && isActionable(row.item);
}

function isActionable(item: Item): boolean {
  return isMessage(item) || listsFiles(item);
}

function selectedIndex({ selected }: ScreenState, { rows }: HandlerContext): number {
  if (selected === undefined) return -1;
  return rows.rows.findLastIndex((row) => selectionOf(row) === selected);
}

/** Index of the row to which the actions of the prompt apply: the selected or the walked one. */
function targetIndex(state: ScreenState, context: HandlerContext): number {
  const selected = state.selected ?? walkedMessage(state)?.seq;
  return selectedIndex({ ...state, selected }, context);
}

/** Returns what `selected` is while the row is selected. */
export function selectionOf(row: Row): number | string | undefined {
  if (row.kind === "unread") return CARD_KEY;
  return row.kind === "item" ? row.item.seq : unsentKey(row);
}

function selectedRow(state: ScreenState, context: HandlerContext): Row | undefined {
  return context.rows.rows[targetIndex(state, context)];
}

function itemOf(state: ScreenState, context: HandlerContext): Item | undefined {
  const row = selectedRow(state, context);
  if (row?.kind !== "item" || row.item.state !== "whole") return undefined;
  return isActionable(row.item) ? row.item : undefined;
}

function postOf(state: ScreenState, context: HandlerContext): PendingPost | undefined {
  const row = selectedRow(state, context);
  return row?.kind === "pending" ? row.post : undefined;
}

function waitingOf(state: ScreenState, context: HandlerContext): WaitingView | undefined {
  const row = selectedRow(state, context);
  return row?.kind === "waiting" ? row.message : undefined;
}

function selectIndex(state: ScreenState, index: number, context: HandlerContext): UpdateResult {
  const row = context.rows.rows[index];
  if (row === undefined) return withActions(state);
  const scroll = reveal(timelineOf(context), state.scroll, index);
  const before = context.rows.rows.slice(0, index);
  const isFirst = !before.some((each) => isSelectable(each, context));
  return {
    ...selectInPlace({ ...state, scroll }, row, context),
    actions: requestOlder(isFirst, context),
  };
}

export function selectInPlace(
  state: ScreenState,
  row: Row,
  { rows }: HandlerContext,
): UpdateResult {
  const scroll = state.scroll ?? { key: rows.rows.at(-1)?.key ?? "", below: 0 };
  return withChange(state, { selected: selectionOf(row), scroll });
}

function selectSeq(
  state: ScreenState,
  seq: number,
  context: HandlerContext,
): UpdateResult | undefined {
  const { rows } = context.rows;
  const index = rows.findIndex((row) => row.kind === "item" && row.item.seq === seq);
  return index < 0 ? undefined : selectIndex(state, index, context);
}

function nextIndex(context: HandlerContext, from: number, by: 1 | -1): number {
  const { rows } = context;
  for (let at = from + by; at >= 0 && at < rows.rows.length; at += by) {
    const row = rows.rows[at];
    if (row !== undefined && isSelectable(row, context)) return at;
  }
  return -1;
}

function select(state: ScreenState, context: HandlerContext): UpdateResult {
  const { index } = edgeOf(timelineOf(context), state.scroll);
  const { highlighted, selected } = state;
  const jumped = selectedIndex({ ...state, selected: selected ?? highlighted }, context);
  const at = nextIndex(context, (jumped < 0 ? index : jumped) + 1, -1);
  return at < 0
    ? withActions(state)
    : selectIndex({ ...state, completion: undefined }, at, context);
}

function selectAdjacent(by: 1 | -1): KeyHandler {
  return (state, context) => {
    const from = selectedIndex(state, context);
    if (from < 0) return select(state, context);
    const at = nextIndex(context, from, by);
    if (at >= 0) return selectIndex(state, at, context);
    if (by < 0) return withActions(state, ...requestOlder(true, context));
    return context.rows.hasNewer
      ? withActions(state, ...requestNewer(context))
      : clearSelection(state, context);
  };
}

/** Moves by at least one message. A message longer than a page scrolls instead. */
function selectByPage(by: 1 | -1): KeyHandler {
  return (state, context) => {
    let at = selectedIndex(state, context);
    if (at < 0) return select(state, context);
    const hidden = hiddenLines(timelineOf(context), state.scroll, at, by);
    if (hidden > 0) return scroll(state, -by * Math.min(hidden, pageLines(context)), context);
    let lines = 0;
    for (;;) {
      const next = nextIndex(context, at, by);
      if (next < 0) break;
      lines += context.layout.heightOf(context.rows.rows[at]?.key ?? "");
      if (lines >= context.layout.pageRows && at !== selectedIndex(state, context)) break;
      at = next;
    }
    return selectIndex(state, at, context);
  };
}

/**
 * Near the newest row, the timeline follows new rows again, unless the selected message continues
 * below the bottom edge.
 */
export function clearSelection(state: ScreenState, context: HandlerContext): UpdateResult {
  const timeline = timelineOf(context);
  const { pageRows } = timeline;
  const edge = edgeOf(timeline, state.scroll);
  const isReading = edge.below > 0 && edge.index === selectedIndex(state, context);
  const isNear = !isReading && linesBelow(timeline, edge, pageRows) < pageRows;
  const scroll = isNear && !context.rows.hasNewer ? undefined : state.scroll;
  return withChange(state, { selected: undefined, highlighted: undefined, scroll });
}

function withItem(
  applies: (item: Item, model: Model, nowUnixMs: number) => boolean,
  apply: (state: ScreenState, item: Item, context: HandlerContext) => UpdateResult,
): KeyHandler {
  return (state, context) => {
    const item = itemOf(state, context);
    if (item === undefined || !applies(item, context.model, context.times.nowUnixMs))
      return undefined;
    return apply({ ...state, overlay: undefined }, item, context);
  };
}

function withPost(
  apply: (state: ScreenState, post: PendingPost, context: HandlerContext) => UpdateResult,
): KeyHandler {
  return (state, context) => {
    const post = postOf(state, context);
    return post === undefined ? undefined : apply({ ...state, overlay: undefined }, post, context);
  };
}

/** Gives a command to the selected message whose files are being uploaded, if it applies. */
function withWaiting(
  kind: Exclude<OutgoingCommand["kind"], "remove-file">,
  apply = ({ key }: WaitingView, state: ScreenState, context: HandlerContext): UpdateResult =>
    withActions(clearSelection(state, context).state, { kind: "waiting", key, command: { kind } }),
): KeyHandler {
  return (state, context) => {
    const message = waitingOf(state, context);
    if (message?.actions.includes(kind) !== true) return undefined;
    return apply(message, { ...state, overlay: undefined }, context);
  };
}

function firstOf(...handlers: readonly KeyHandler[]): KeyHandler {
  return (state, context) => {
    for (const handler of handlers) {
      const updated = handler(state, context);
      if (updated !== undefined) return updated;
    }
    return undefined;
  };
}

const isText = (item: Item) => item.kind === "text" || item.kind === "action";
const isOwnContent = (item: Item) => item.isMine && (isText(item) || item.kind === "file");
const canPinHere = (_: Item, model: Model) => {
  const room = openRoom(model);
  return room !== undefined && canPin(model, room);
};
/** Messages cannot be saved before the settings have arrived. */
const canSave = (_: Item, { prefs }: Model) => prefs !== undefined;
const canPost = (_: Item, model: Model, nowUnixMs: number) =>
  rightsIn(model, openRoom(model), nowUnixMs).mayPost;
const canReact = (_: Item, model: Model, nowUnixMs: number) =>
  rightsIn(model, openRoom(model), nowUnixMs).mayReact;
const canEdit = (item: Item, model: Model, nowUnixMs: number) =>
  isOwnContent(item) && canPost(item, model, nowUnixMs);

function reply(state: ScreenState, item: Item, context: HandlerContext): UpdateResult {
  if (openThreadRoot(context.model) !== undefined) return clearSelection(state, context);
  const draft = startReply(currentDraft(state, context.model), item.seq);
  return withDraft(state, draft.text, context, draft);
}

function edit(state: ScreenState, item: Item, context: HandlerContext): UpdateResult {
  const draft = startEdit(currentDraft(state, context.model), item.seq, item.text);
  return withDraft(state, draft.text, context, draft);
}

function withDraft(
  state: ScreenState,
  text: string,
  context: HandlerContext,
  draft: Parameters<typeof draftActions>[1],
): UpdateResult {
  const nextState = clearSelection(state, context).state;
  const editor = text === state.editor.text ? state.editor : replaceText(state.editor, text);
  return withChange(
    nextState,
    { editor, recall: undefined },
    ...draftActions(context.model, draft),
  );
}

/** Columns of the message that a menu names. */
const DETAIL_COLUMNS = 60;

/** Asks in a menu whose first entry changes nothing, and which names the message. */
function askToConfirm(
  state: ScreenState,
  { title, detail, label }: { readonly title: string; detail: string; label: string },
  action: MenuAction,
  { texts }: HandlerContext,
): UpdateResult {
  const entries: readonly MenuEntry[] = [
    { action: { kind: "close" }, chord: "", label: texts.keepIt },
    { action, chord: "", label },
  ];
  return withChange(state, { overlay: { kind: "menu", title, detail, selectedIndex: 0, entries } });
}

function briefly(text: string): string {
  return text.length > DETAIL_COLUMNS ? `${text.slice(0, DETAIL_COLUMNS)}…` : text;
}

function nameOf({ imported, from = "" }: Item, { model }: HandlerContext): string {
  return imported === undefined ? personText(model, from) : cleanText(imported.from);
}

/** Author and time of a message, which name it. */
function authorOf(item: Item, context: HandlerContext): string {
  const time = formatLocalClock(item.timeUnixMs, context.times.offsetMinutes);
  return `${nameOf(item, context)}, ${time}`;
}

function askErase(state: ScreenState, item: Item, context: HandlerContext): UpdateResult {
  const { texts } = context;
  const { seq, isMine } = item;
  const asked = {
    title: texts.askErase,
    detail: `${authorOf(item, context)}: ${briefly(quotedText(item, DETAIL_COLUMNS + 1))}`,
    label: isMine ? texts.eraseOwn : texts.eraseOf(nameOf(item, context)),
  };
  return askToConfirm(state, asked, { kind: "erase", seq }, context);
}

function askDiscard(
  state: ScreenState,
  { key, text }: { readonly key: string; readonly text: string },
  context: HandlerContext,
): UpdateResult {
  const { texts } = context;
  const asked = {
    title: texts.askDiscard,
    detail: briefly(plainLine(text, DETAIL_COLUMNS + 1)),
    label: texts.discard,
  };
  return askToConfirm(state, asked, { kind: "discard", key }, context);
}

function togglePin(state: ScreenState, { seq }: Item, context: HandlerContext): UpdateResult {
  const on = openRoom(context.model)?.pins.includes(seq) !== true;
  return withActions(clearSelection(state, context).state, { kind: "pin", seq, on });
}

function toggleSaved(state: ScreenState, { seq }: Item, context: HandlerContext): UpdateResult {
  const nextState = clearSelection(state, context).state;
  const room = openRoom(context.model)?.id;
  if (room === undefined) return withActions(nextState);
  return withActions(nextState, { kind: "save", room, seq, on: !context.model.saved.has(seq) });
}

function copy(state: ScreenState, item: Item, context: HandlerContext): UpdateResult {
  const text = listsFiles(item)
    ? item.files.map(({ name }) => name).join("\n")
    : copiedText(item.text);
  return withChange(clearSelection(state, context).state, {}, { kind: "copy", text });
}

function fetchFile(state: ScreenState, item: Item, context: HandlerContext): UpdateResult {
  const nextState = clearSelection(state, context).state;
  const fetches = item.files.map(({ file, name }) => ({ kind: "fetch" as const, file, name }));
  return withActions(nextState, ...fetches);
}

export function transferOf(file: FileView, model: Model): TransferView | undefined {
  const isRunningTransfer = (transfer: TransferView) =>
    transfer.file === file.file &&
    transfer.state.kind !== "done" &&
    transfer.state.kind !== "failed";
  return [...model.transfers.values()].findLast(isRunningTransfer);
}

function transfersOf({ files }: Item, model: Model): readonly TransferView[] {
  return files.flatMap((file) => transferOf(file, model) ?? []);
}

function stopTransfer(state: ScreenState, item: Item, { model }: HandlerContext): UpdateResult {
  const running = transfersOf(item, model);
  return withActions(state, ...running.map(({ id }) => ({ kind: "cancel-transfer" as const, id })));
}

function goToReplied(state: ScreenState, item: Item, context: HandlerContext): UpdateResult {
  const { model } = context;
  if (item.re === undefined || model.open === undefined) return withActions(state);
  const jump = { kind: "jump" as const, target: model.open, seq: item.re };
  return selectSeq(state, item.re, context) ?? withActions(state, jump);
}

/** The message's first line stays at the same screen row. */
export function toggleFold(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const index = selectedIndex(state, context);
  const key = context.rows.rows[index]?.key ?? "";
  const folds = context.layout.foldsOf(key);
  if (folds === 0) return undefined;
  const isUnfolded = state.unfolded.has(key);
  const otherKeys = [...state.unfolded].filter((unfoldedKey) => unfoldedKey !== key);
  const unfolded = isUnfolded ? otherKeys : [...otherKeys, key].slice(-SCREEN_UNFOLDED_MAX);
  const before = timelineOf(context);
  const height = context.layout.heightOf(key) + (isUnfolded ? -folds : folds);
  const heightOf = (rowKey: string) => (rowKey === key ? height : context.layout.heightOf(rowKey));
  const anchor = resized({ ...before, heightOf }, before, state.scroll, index);
  const scroll = anchor ?? { key: context.rows.rows.at(-1)?.key ?? "", below: 0 };
  return withChange(state, { unfolded: new Set(unfolded), scroll, overlay: undefined });
}

const ACTIONS = {
  reply: withItem(canPost, reply),
  edit: firstOf(withItem(canEdit, edit), withWaiting("edit")),
  react: withItem(canReact, (state, item, context) =>
    withOverlay(state, openList("react", context, item.seq)),
  ),
  pin: withItem(canPinHere, togglePin),
  save: withItem(canSave, toggleSaved),
  thread: withItem(isMessage, (state, { seq }, context) =>
    withActions(clearSelection(state, context).state, { kind: "thread", seq }),
  ),
  copy: firstOf(
    withItem((item) => isText(item) || item.kind === "file", copy),
    withPost((state, post) => withActions(state, { kind: "copy", text: post.body.text })),
    withWaiting("discard", ({ text }, state) => withActions(state, { kind: "copy", text })),
  ),
  fetch: withItem(listsFiles, fetchFile),
  fold: toggleFold,
  stop: firstOf(
    withItem((item, model) => transfersOf(item, model).length > 0, stopTransfer),
    withWaiting("send-without"),
  ),
  "select-answered": withItem((item) => item.re !== undefined, goToReplied),
  resend: firstOf(
    withPost((state, post) => withActions(state, { kind: "resend", key: post.key })),
    withWaiting("retry"),
  ),
  erase: firstOf(
    withItem((item, model) => mayErase(model, item), askErase),
    withPost((state, { key, body }, context) =>
      askDiscard(state, { key, text: body.text }, context),
    ),
    withWaiting("discard", (message, state, context) => askDiscard(state, message, context)),
  ),
} satisfies Partial<Record<CommandName, KeyHandler>>;

/** Order of the menu: as in the prompt, and then what others see, or what destroys. */
const MENU_ORDER = [
  ...(["reply", "edit", "thread", "copy", "react", "fetch", "fold"] as const),
  ...(["select-answered", "save", "pin", "resend", "stop", "erase"] as const),
];

function entriesFor(state: ScreenState, context: HandlerContext): readonly MenuEntry[] {
  if (state.selected === CARD_KEY) return cardEntries(state, context);
  return MENU_ORDER.flatMap((command) => {
    if (ACTIONS[command](state, context) === undefined) return [];
    const chord = context.keymap.chordOf("selected", command) ?? "";
    const label = menuLabel(command, state, context);
    return [{ action: { kind: "command", command }, chord: chordName(chord), label }];
  });
}

/** Says what the command does with this message. */
function menuLabel(
  command: (typeof MENU_ORDER)[number],
  state: ScreenState,
  context: HandlerContext,
): string {
  const { texts, model } = context;
  const seq = itemOf(state, context)?.seq;
  const isUnsent = seq === undefined;
  const isSaved = seq !== undefined && model.saved.has(seq);
  const isPinned = seq !== undefined && openRoom(model)?.pins.includes(seq) === true;
  const key = context.rows.rows[selectedIndex(state, context)]?.key ?? "";
  const isUnfolded = state.unfolded.has(key);
  const { menu } = texts;
  const others: Partial<Record<CommandName, string>> = {
    ...(isSaved ? { save: menu.unsave } : {}),
    ...(isPinned ? { pin: menu.unpin } : {}),
    ...(isUnsent ? { erase: menu.discard } : {}),
    ...(isUnfolded ? { fold: menu.unfold } : {}),
  };
  return others[command] ?? menu[command];
}

/** Commands of the prompt of the selection, in the order in which it lists them. */
const PROMPT_COMMANDS = [
  ...(["reply", "edit", "thread", "copy", "react", "fetch", "fold"] as const),
  ...(["select-answered", "save"] as const),
];

/** Whether the prompt of the selection lists the command for some message. */
export function isInPrompt(command: CommandName): boolean {
  return PROMPT_COMMANDS.some((listed) => listed === command);
}

/** Commands that apply to the selected message, with their keys. */
export function selectionKeys(
  state: ScreenState,
  context: HandlerContext,
): readonly SelectionKey[] {
  if (state.selected === undefined || state.selected === CARD_KEY) return [];
  return PROMPT_COMMANDS.flatMap((command) => {
    const chord = context.keymap.chordOf("selected", command);
    if (chord === undefined || ACTIONS[command](state, context) === undefined) return [];
    return [{ command, chord: chordName(chord) }];
  });
}

export function menu(state: ScreenState, context: HandlerContext): UpdateResult {
  const entries = entriesFor(state, context);
  if (entries.length === 0) return withActions(state);
  const item = itemOf(state, context);
  const title =
    state.selected === CARD_KEY
      ? context.texts.cardMenu
      : item && `${authorOf(item, context)}: ${briefly(quotedText(item, DETAIL_COLUMNS + 1))}`;
  return withChange(state, {
    overlay: defined({ kind: "menu" as const, title, selectedIndex: 0, entries }),
  });
}

function withoutOverlay(handler: KeyHandler): KeyHandler {
  return (state, context) => (state.overlay === undefined ? handler(state, context) : undefined);
}

export const SELECTION = {
  ...ACTIONS,
  select: withoutOverlay(select),
  menu: withoutOverlay(menu),
  "select-up": withoutOverlay(selectAdjacent(-1)),
  "select-down": withoutOverlay(selectAdjacent(1)),
  "select-page-up": withoutOverlay(selectByPage(-1)),
  "select-page-down": withoutOverlay(selectByPage(1)),
  "select-first": withoutOverlay((state, context) =>
    selectIndex(state, nextIndex(context, -1, 1), context),
  ),
  "select-last": withoutOverlay((state, context) =>
    selectIndex(state, nextIndex(context, context.rows.rows.length, -1), context),
  ),
} satisfies Partial<Record<CommandName, KeyHandler>>;
