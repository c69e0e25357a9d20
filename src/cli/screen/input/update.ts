/** Key and mouse handlers: from a state and a key to the next state and the actions to run. */

import { unreachable } from "../../../base/assert.ts";
import { PASTE_BYTES_MAX } from "../../../base/limits-page.ts";
import { SECOND_MS } from "../../../base/time.ts";
import { isSameName } from "../../../core/model/item.ts";
import { openThreadRoot } from "../../../core/model/selectors.ts";
import { isSharedCommand, withoutCommand } from "../../../ui/typed-line.ts";
import { replaceRange, withCursor } from "../editor/editor.ts";
import { walkedMessage } from "../state/card.ts";
import {
  answersOf,
  type CommandName,
  type Hit,
  type ScreenQuestion,
  type ScreenState,
} from "../state/screen-state.ts";
import { activeEditor, withEditor } from "./fields.ts";
import { keysOfGroup, openFinder } from "./finder.ts";
import { chooseInFinder, finderMenu, openBeside } from "./finder-keys.ts";
import {
  type HandlerContext,
  type KeyHandler,
  openTarget,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";
import {
  choose as chooseInInbox,
  closeInboxMenu,
  INBOX,
  inboxMenu,
  openInboxBeside,
  readOnFromInbox,
  typeInInbox,
} from "./inbox.ts";
import type { Mode } from "./keymap.ts";
import type { Key } from "./keys.ts";
import {
  cancelQuestion,
  closeOverlay,
  eraseChosen,
  LISTS,
  moveChoice,
  movedTo,
  scrollText,
} from "./lists.ts";
import { beside, closePane, switchPane } from "./pane.ts";
import { newest, openRoomOf, READING, scroll } from "./reading.ts";
import {
  clearSelection,
  isInPrompt,
  isSelectable,
  menu,
  SELECTION,
  selectInPlace,
  toggleFold,
  transferOf,
} from "./selection.ts";
import { startWalk } from "./walk.ts";
import { cancelCompletion, cancelReply, clearLine, typing, WRITING } from "./writing.ts";

/**
 * Maximum number of letters in a single read that are handled as commands. A longer read is a paste
 * from a terminal without bracketed paste.
 */
const LETTERS_MAX = 32;

const EVERYWHERE = {
  cancel: (state, context) => cancel(state, context) ?? withActions(state),
  interrupt,
  leave: (state, context) => leave(state, context),
  help,
  redraw: (state) => withActions(state, { kind: "redraw" }),
  suspend: (state) => withActions(state, { kind: "suspend" }),
  hand: (state) => withActions(state, { kind: "step-hand" }),
} satisfies Partial<Record<CommandName, KeyHandler>>;

const HANDLERS: Readonly<Record<CommandName, KeyHandler>> = {
  ...EVERYWHERE,
  ...READING,
  ...WRITING,
  ...SELECTION,
  ...LISTS,
  ...INBOX,
  choose: (state, context) =>
    runMenuEntry(state, context) ??
    chooseInFinder(state, context, HANDLERS) ??
    chooseInInbox(state, context) ??
    LISTS.choose(state, context),
  menu: (state, context) =>
    finderMenu(state, context, HANDLERS) ??
    inboxMenu(state, context) ??
    SELECTION.menu(state, context),
  "read-on": (state, context) =>
    readOnFromInbox(state, context) ?? READING["read-on"](state, context),
  complete: (state, context) => switchPane(state, context) ?? WRITING.complete(state, context),
  thread: (state, context) => {
    const opened = SELECTION.thread(state, context);
    return opened && beside(opened, state, context);
  },
  "open-beside": (state, context) =>
    openBeside(state, context, HANDLERS) ?? openInboxBeside(state, context),
  undo,
  copy: (state, context) => copyOpenText(state) ?? SELECTION.copy(state, context),
};

/** Begins with the keys of the open list, menu or selection. */
function help(state: ScreenState, context: HandlerContext): UpdateResult {
  const mode = modeOf(state);
  const group = mode === "menu" ? "list" : mode;
  const isOwn = group !== "input" && group !== "finder" && group !== "question";
  const rows = isOwn ? keysOfGroup(group, context).map((row) => ({ ...row, about: "" })) : [];
  const title = isOwn ? context.texts.groups[group] : "";
  const stateKeys =
    rows.length === 0 ? undefined : { kind: "keys" as const, rows, title, isWhole: true as const };
  return openFinder(state, { text: "?", stateKeys }, context);
}

function runMenuEntry(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const { overlay } = state;
  if (overlay?.kind !== "menu") return undefined;
  const entry = overlay.entries[overlay.selectedIndex];
  const { action } = entry ?? {};
  if (action?.kind === "command") return HANDLERS[action.command](state, context);
  if (action?.kind === "walk") return startWalk(state, action.part, context);
  if (action?.kind === "close") return withChange(state, { overlay: undefined });
  if (action?.kind === "erase" || action?.kind === "discard") {
    return eraseChosen(state, action, context);
  }
  if (action?.kind === "enter") return withChange(state, { overlay: undefined }, action);
  const target = openTarget(context.model);
  if (action === undefined || target === undefined) return undefined;
  const closed = { overlay: undefined, selected: undefined };
  return withChange(state, closed, { kind: "all-read", target });
}

/** While it can be undone that messages were marked as read, the key undoes that. */
function undo(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const { allRead } = context.model;
  if (allRead !== undefined) return withActions(state, { kind: "undo-read" });
  return modeOf(state) === "input" ? WRITING.undo(state, context) : undefined;
}

function copyOpenText({ overlay, ...state }: ScreenState): UpdateResult | undefined {
  if (overlay?.kind !== "text") return undefined;
  return withActions({ overlay, ...state }, { kind: "copy", text: overlay.lines.join("\n") });
}

export function update(state: ScreenState, key: Key, context: HandlerContext): UpdateResult {
  switch (key.name) {
    case "focus-in":
    case "focus-out": {
      const on = key.name === "focus-in";
      return withChange(state, { isFocused: on }, { kind: "focus", on });
    }
    case "report":
      return withActions(state);
    case "click":
      return click(state, key, context, HANDLERS.choose);
    case "scroll-up":
      return wheel(state, key, 1, context);
    case "scroll-down":
      return wheel(state, key, -1, context);
    case "untype":
      return untype(state, key.text, context);
    case "paste":
      return paste(state, key.text, context);
    case "paste-oversize": {
      const text = context.texts.pasteTooLong(PASTE_BYTES_MAX / 1024);
      return withChange(state, { notes: [...state.notes, { text, tone: "fault" }] });
    }
    default: {
      const chord = chordOf(key);
      const isReading = state.readsOn && chord === "space";
      const asked = chord === "ctrl-c" ? state.leavesUntilUnixMs : undefined;
      const notes = state.notes.filter(({ isBrief }) => isBrief !== true);
      const isSame =
        isReading === state.readsOn &&
        asked === state.leavesUntilUnixMs &&
        notes.length === state.notes.length;
      const current = { ...state, readsOn: isReading, leavesUntilUnixMs: asked, notes };
      return handleKey(isSame ? state : current, key, context);
    }
  }
}

function handleLetters(state: ScreenState, text: string, context: HandlerContext): UpdateResult {
  let result = withActions(state);
  const characters = [...text];
  if (characters.length > LETTERS_MAX) {
    return handleKey(typingFrom(state, context), { name: "text", text }, context);
  }
  for (const character of characters) {
    const next = handleKey(
      result.state,
      { name: character === " " ? "space" : character, text: character },
      context,
    );
    result = { state: next.state, actions: [...result.actions, ...next.actions] };
  }
  return result;
}

/** Blanks that arrive in one read, as of a held key, are one Space, so that no page is skipped. */
function chordOf({ name, text }: Key): string {
  return name === "text" && /^ +$/.test(text) ? "space" : name;
}

function handleKey(state: ScreenState, key: Key, context: HandlerContext): UpdateResult {
  const mode = modeOf(state);
  const hasLetterCommands = mode === "selected" || mode === "menu" || mode === "walk";
  if (key.name === "text" && hasLetterCommands) return handleLetters(state, key.text, context);
  for (const command of context.keymap.commandsAt(mode, chordOf(key))) {
    const updated = HANDLERS[command](state, context);
    if (updated !== undefined) return updated;
  }
  const escaped = escapedKey(key);
  if (escaped !== undefined) {
    const closed = cancel(state, context) ?? withActions(state);
    const { state: next, actions } = handleKey(closed.state, escaped, context);
    return { state: next, actions: [...closed.actions, ...actions] };
  }
  if (key.text === "") return withActions(state);
  if (state.selected !== undefined && (mode === "selected" || mode === "menu")) {
    const listed = context.keymap.commandsAt("selected", chordOf(key)).find(isInPrompt);
    if (listed !== undefined) return withNote(state, context.texts.notForThis(listed));
  }
  if (mode === "question") return declined(state, key, context);
  // Letters that the prompt does not list leave its mode, and are typed.
  if (mode === "walk" || mode === "selected" || mode === "menu") {
    return handleKey(typingFrom(state, context), key, context);
  }
  const found = typeInInbox(state, key.text, context);
  if (found !== undefined) return found;
  const from = closePanel(state, context);
  return typing(key.text)(from, context) ?? withActions(from);
}

/** Esc and an unbound character that arrived together, as over a slow link. */
function escapedKey({ name, text }: Key): Key | undefined {
  const [, character = ""] = /^alt-(.|space)$/su.exec(name) ?? [];
  if (text !== "" || character === "") return undefined;
  return { name: character, text: character === "space" ? " " : character };
}

function withNote(state: ScreenState, text: string): UpdateResult {
  const notes = state.notes.filter((note) => note.text !== text);
  return withChange(state, { notes: [...notes, { text, tone: "plain", isBrief: true }] });
}

/** The state in which letters are typed. */
function typingFrom(state: ScreenState, context: HandlerContext): ScreenState {
  const uncovered = { ...state, overlay: undefined };
  if (state.selected !== undefined) return clearSelection(uncovered, context).state;
  return inPlace(uncovered, context);
}

/** Text was not meant for the question, which changes nothing then. */
function declined(state: ScreenState, key: Key, context: HandlerContext): UpdateResult {
  const closed = cancelQuestion(state) ?? withActions(state);
  const { state: typed, actions } = handleKey(closed.state, key, context);
  return { state: typed, actions: [...closed.actions, ...actions] };
}

/** Typing closes a panel without a text field, so that the text reaches the input. */
function closePanel(state: ScreenState, context: HandlerContext): ScreenState {
  const { question, overlay } = state;
  const isPanel = overlay !== undefined && overlay.kind !== "menu" && !("query" in overlay);
  if (question !== undefined || !isPanel) return state;
  const uncovered = { ...state, overlay: undefined };
  return state.selected === undefined ? uncovered : clearSelection(uncovered, context).state;
}

function modeOf(state: ScreenState): Mode {
  const { question, overlay } = state;
  if (question !== undefined) return question.kind === "yes-no" ? "question" : "list";
  if (overlay !== undefined) {
    if (overlay.kind === "menu") return "menu";
    if (overlay.kind === "inbox" || overlay.kind === "finder") return overlay.kind;
    return overlay.kind === "text" ? "text" : "list";
  }
  if (walkedMessage(state) !== undefined) return "walk";
  return state.selected === undefined ? "input" : "selected";
}

function cancel(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  return (
    close(state, context) ??
    dismissNotices(state, context) ??
    cancelReply(state, context) ??
    closePane(state, context) ??
    closeThread(state, context) ??
    endReading(state, context)
  );
}

function closeThread(state: ScreenState, { model }: HandlerContext): UpdateResult | undefined {
  if (openThreadRoot(model) === undefined) return undefined;
  return withActions(state, { kind: "thread", seq: undefined });
}

function endReading(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const ended = newest(state, context);
  if (state.highlighted === undefined) return ended;
  const { state: next, actions } = ended ?? withActions(state);
  return { state: { ...next, highlighted: undefined }, actions };
}

function dismissNotices(state: ScreenState, { model }: HandlerContext): UpdateResult | undefined {
  const hasFailed = [...model.transfers.values()].some(
    (transfer) => transfer.state.kind === "failed",
  );
  if (state.notes.length + model.faults.length === 0 && !hasFailed) return undefined;
  return withChange(state, { notes: [] }, { kind: "dismiss" });
}

function close(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  return (
    cancelQuestion(state) ??
    closeInboxMenu(state) ??
    closeOverlay(state, context) ??
    cancelCompletion(state) ??
    endWalk(state, context) ??
    (state.selected === undefined ? undefined : clearSelection(state, context))
  );
}

/** The timeline stays where the walk ends. */
function endWalk(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  if (walkedMessage(state) === undefined) return undefined;
  return withActions({ ...inPlace(state, context), walk: undefined });
}

/** Ends the mode without moving the timeline. */
function inPlace(state: ScreenState, { rows }: HandlerContext): ScreenState {
  const scroll = state.scroll ?? { key: rows.rows.at(-1)?.key ?? "", below: 0 };
  return { ...state, selected: undefined, highlighted: undefined, scroll };
}

/** Time in which Ctrl-C leaves after it has asked. */
const LEAVE_AGAIN_MS = 3 * SECOND_MS;

function interrupt(state: ScreenState, context: HandlerContext): UpdateResult {
  const updated = close(state, context) ?? clearLine(state, context);
  if (updated !== undefined) return updated;
  const { nowUnixMs } = context.times;
  const leave = withActions(state, { kind: "leave", exitCode: 130 });
  // With messages that are not sent, leaving asks.
  if (context.model.pending.length > 0) return leave;
  const { leavesUntilUnixMs = 0 } = state;
  if (nowUnixMs < leavesUntilUnixMs) return leave;
  return withChange(state, { leavesUntilUnixMs: nowUnixMs + LEAVE_AGAIN_MS });
}

/** Applies only if the input is empty. Closes an open question or overlay instead of leaving. */
function leave(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const editor = activeEditor(state);
  if (editor !== undefined && editor.text !== "") return undefined;
  return (
    close(state, context) ??
    cancelReply(state, context) ??
    withActions(state, { kind: "leave", exitCode: 0 })
  );
}

/**
 * A pasted line feed never sends the text. The leading slash of a multi-line paste is doubled, so
 * that it never runs as a command.
 */
function paste(current: ScreenState, text: string, context: HandlerContext): UpdateResult {
  if (current.question?.kind === "yes-no") {
    const closed = cancelQuestion(current) ?? withActions(current);
    const { state: pasted, actions } = paste(closed.state, text, context);
    return { state: pasted, actions: [...closed.actions, ...actions] };
  }
  const isCovered = current.overlay?.kind === "menu";
  const state = isCovered ? typingFrom(current, context) : closePanel(current, context);
  const isInput = state.question === undefined && state.overlay === undefined;
  if (!isInput) {
    // A pasted secret may end with a line feed, which is removed. A query is a single line.
    const flat = text.replaceAll("\n", state.question?.kind === "secret" ? "" : " ");
    return typing(flat)(state, context) ?? withActions(state);
  }
  const from = state.selected === undefined ? state : clearSelection(state, context).state;
  const isFirst = from.editor.text.slice(0, from.editor.cursor) === "";
  const isDraft = isFirst && text.includes("\n");
  const commands = context.source.commands.map(({ name }) => name);
  const isKnown = (word: string) => isSharedCommand(word) || commands.includes(word);
  const pasted = isDraft ? withoutCommand(text, isKnown) : text;
  return typing(pasted)(from, context) ?? withActions(from);
}

/** Removes the beginning of an unmarked paste, whose text follows as a whole. */
function untype(state: ScreenState, text: string, context: HandlerContext): UpdateResult {
  const editor = activeEditor(state);
  if (editor === undefined || text === "") return withActions(state);
  const from = editor.cursor - text.length;
  if (editor.text.slice(Math.max(0, from), editor.cursor) !== text) return withActions(state);
  return withEditor(state, replaceRange(editor, from, editor.cursor, ""), context);
}

const WHEEL_LINES = 3;

type TimelineHit = Extract<Hit, { kind: "timeline" }>;

function hitOf({ text }: Key, context: HandlerContext): Hit | undefined {
  const [column = Number.NaN, row = Number.NaN] = text.split(";").map(Number);
  return context.layout.hitAt(column, row);
}

function click(
  state: ScreenState,
  key: Key,
  context: HandlerContext,
  choose: KeyHandler,
): UpdateResult {
  const hit = hitOf(key, context);
  if (hit?.kind === "input") return clickInput(state, hit.at, context);
  if (hit?.kind === "overlay" && state.question !== undefined) {
    return clickAnswer(state, state.question, hit.choice, context);
  }
  if (hit === undefined || state.question !== undefined) return withActions(state);
  switch (hit.kind) {
    case "rooms":
      return clickRoom(state, hit.target, context);
    case "inbox":
      return withActions(state, { kind: "inbox" });
    case "members":
      return clickMember(state, hit.name, context);
    case "overlay":
      return clickOverlay(state, hit, context, choose);
    case "newest":
      return newest(state, context) ?? withActions(state);
    case "unread":
      return READING["room-unread"](state, context);
    case "pane":
      return switchPane(state, context) ?? withActions(state);
    case "timeline":
      return closeOverlay(state, context) ?? clickTimeline(state, hit, context);
    default:
      return unreachable(hit);
  }
}

function clickAnswer(
  state: ScreenState,
  question: ScreenQuestion,
  at: number | undefined,
  context: HandlerContext,
): UpdateResult {
  const choice = at === undefined ? undefined : answersOf(question)[at];
  if (question.kind !== "yes-no" || choice === undefined) return withActions(state);
  const chosen = { ...state, question: { ...question, choice } };
  return LISTS.choose(chosen, context) ?? withActions(state);
}

function clickInput(state: ScreenState, at: number, context: HandlerContext): UpdateResult {
  const isCovered = state.overlay !== undefined && !("query" in state.overlay);
  const uncovered =
    isCovered && state.question === undefined ? { ...state, overlay: undefined } : state;
  const current =
    uncovered.selected !== undefined && uncovered.overlay === undefined
      ? clearSelection(uncovered, context).state
      : uncovered;
  const editor = activeEditor(current);
  return editor === undefined
    ? withActions(state)
    : withEditor(current, withCursor(editor, at), context);
}

function clickRoom(
  state: ScreenState,
  target: string | undefined,
  context: HandlerContext,
): UpdateResult {
  if (target === undefined) return withActions(state);
  const roomsScroll = { open: target, top: context.layout.rooms.top };
  return openRoomOf({ ...state, roomsScroll: roomsScroll }, target, context);
}

function clickMember(
  state: ScreenState,
  name: string | undefined,
  context: HandlerContext,
): UpdateResult {
  if (name === undefined || isSameName(name, context.model.me)) return withActions(state);
  return openRoomOf(state, `@${name}`, context);
}

function clickOverlay(
  state: ScreenState,
  { choice, isHeading }: Extract<Hit, { kind: "overlay" }>,
  context: HandlerContext,
  choose: KeyHandler,
): UpdateResult {
  const { overlay } = state;
  if (isHeading) return closeOverlay(state, context) ?? withActions(state);
  if (choice === undefined || overlay === undefined || !("selectedIndex" in overlay))
    return withActions(state);
  return choose({ ...state, overlay: movedTo(overlay, choice) }, context) ?? withActions(state);
}

/** Clicking a selected message opens its menu. */
function clickTimeline(
  state: ScreenState,
  { key, clickAction, link, file: clicked }: TimelineHit,
  context: HandlerContext,
): UpdateResult {
  const { model, rows } = context;
  const row = rows.rows.find((candidate) => candidate.key === key);
  if (row === undefined || !isSelectable(row, context)) {
    return state.selected !== undefined ? clearSelection(state, context) : withActions(state);
  }
  const { state: next } = selectInPlace(state, row, context);
  const wasSelected = next.selected === state.selected;
  if (clickAction === "unfold") return toggleFold(next, context) ?? withActions(next);
  const files = row.kind === "item" && clickAction === "fetch" ? row.item.files : [];
  const file = files.find((listed) => listed.file === clicked);
  if (file !== undefined && transferOf(file, model) === undefined) {
    return withActions(state, { kind: "fetch", file: file.file, name: file.name });
  }
  if (wasSelected || clickAction === "fetch") return menu(next, context);
  return link === undefined ? withActions(next) : withActions(next, { kind: "copy", text: link });
}

/** @param by 1 scrolls up, -1 down */
function wheel(state: ScreenState, key: Key, by: 1 | -1, context: HandlerContext): UpdateResult {
  if (state.question !== undefined) return withActions(state);
  const hit = hitOf(key, context);
  const list = hit?.kind === "rooms" || hit?.kind === "members" ? hit.kind : undefined;
  // If the whole list is visible, the wheel scrolls the overlay or the timeline instead.
  if (list !== undefined && context.layout[list].topMax > 0)
    return scrollList(state, list, by, context);
  const { overlay } = state;
  if (overlay === undefined) return scroll(state, by * WHEEL_LINES, context);
  if ("top" in overlay) return scrollText(state, -by * WHEEL_LINES, context) ?? withActions(state);
  return moveChoice(() => -by, false)(state, context) ?? withActions(state);
}

function scrollList(
  state: ScreenState,
  list: "rooms" | "members",
  by: 1 | -1,
  { model, layout }: HandlerContext,
): UpdateResult {
  const { top, topMax } = layout[list];
  const requested = Math.max(0, Math.min(top - by * WHEEL_LINES, topMax));
  const position = { open: model.open, top: requested };
  return withChange(
    state,
    list === "rooms" ? { roomsScroll: position } : { membersScroll: position },
  );
}
